"""The built wheel works in an empty environment: without extras as a client, with all of them as the whole chain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import ROOT
from installed import Environment, installed
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def base() -> Environment:
    return installed("")


@pytest.fixture
def broker() -> Iterator[str]:
    database = "sqlite:///{workdir}/broker.sqlite"
    command = ("{python}", "-m", "saga_contracts", "broker", "serve", "--port", "{port}", "--database-url", database)
    with ProcessIsolation().start(Spec("broker", command, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running.base_url


def test_without_extras_publish_record_deployment_and_can_run_work(base: Environment, broker: str, tmp_path: Path) -> None:
    saga = ROOT / "contracts/sagas/vas_purchase/saga.yaml"
    at = ("--broker-url", broker)

    published = base.sagapact("publish", "--saga", saga, "--version", "1", "--branch", "main", *at, cwd=tmp_path)
    recorded = base.sagapact(
        "record-deployment", "saga_service", "--version", "1", "--environment", "production", *at, cwd=tmp_path
    )
    asked = base.sagapact("can-run", "vas_purchase", "--environment", "production", *at, cwd=tmp_path)

    assert published.status == 0, published.text
    assert recorded.status == 0, recorded.text
    assert asked.status == 3, asked.text
    assert "next: sagapact record-deployment" in asked.out


def test_without_extras_the_contracts_commands_work(base: Environment, tmp_path: Path) -> None:
    done = base.sagapact("contracts", "lint", ROOT / "contracts/sagas/vas_purchase/saga.yaml", cwd=tmp_path)

    assert done.status == 0, done.text


@pytest.mark.parametrize(
    ("command", "extra"),
    [(("broker", "serve"), "broker"), (("demo",), "e2e"), (("contracts", "init", "x", "--from-bpmn", "x.bpmn"), "init")],
)
def test_a_part_whose_extra_is_missing_names_the_extra(
    base: Environment, tmp_path: Path, command: tuple[str, ...], extra: str
) -> None:
    done = base.sagapact(*command, cwd=tmp_path)

    assert done.status == 4
    assert f"pip install 'sagapact[{extra}]'" in done.err
    assert "Traceback" not in done.err


def test_with_all_extras_the_demo_runs_from_an_empty_folder(tmp_path: Path) -> None:
    whole = installed("[all]")
    (tmp_path / "empty").mkdir()

    done = whole.sagapact("demo", "--out", "out", cwd=tmp_path / "empty")

    assert done.status == 0, done.text
    assert (tmp_path / "empty/out/report.html").is_file()
