"""The built wheel works in an empty environment: without extras as a client, with all of them as the whole chain."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import ROOT
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("wheel")]


@dataclass(frozen=True)
class Environment:
    """A virtual environment with nothing in it but the wheel and what it asks for."""

    folder: Path

    def sagapact(self, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "bin/sagapact"), *map(str, words)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=400)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True, capture_output=True
    )
    (built,) = out.glob("*.whl")
    return built


def environment(folder: Path, wheel: Path, extra: str) -> Environment:
    pins = folder / "pins.txt"
    folder.mkdir(exist_ok=True)
    names = re.findall(r"^([a-zA-Z0-9._-]+==[^ \\]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    pins.write_text("\n".join(names), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(folder / "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-c", str(pins)]
    subprocess.run([*pip, f"{wheel}{extra}"], check=True, capture_output=True)
    return Environment(folder / "venv")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    return environment(tmp_path_factory.mktemp("base"), wheel, "")


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

    assert published.returncode == 0, published.stderr
    assert recorded.returncode == 0, recorded.stderr
    assert asked.returncode == 3, asked.stdout + asked.stderr
    assert "next: sagapact record-deployment" in asked.stdout


def test_without_extras_the_contracts_commands_work(base: Environment, tmp_path: Path) -> None:
    done = base.sagapact("contracts", "lint", ROOT / "contracts/sagas/vas_purchase/saga.yaml", cwd=tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("command", "extra"), [(("broker", "serve"), "broker"), (("demo",), "e2e")])
def test_a_part_whose_extra_is_missing_names_the_extra(
    base: Environment, tmp_path: Path, command: tuple[str, ...], extra: str
) -> None:
    done = base.sagapact(*command, cwd=tmp_path)

    assert done.returncode == 4
    assert f"pip install 'sagapact[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_all_extras_the_demo_runs_from_an_empty_folder(tmp_path: Path, wheel: Path) -> None:
    whole = environment(tmp_path / "all", wheel, "[all]")
    (tmp_path / "empty").mkdir()

    done = whole.sagapact("demo", "--out", "out", cwd=tmp_path / "empty")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "empty/out/report.html").is_file()
