"""The ten minutes, as a stranger goes through them: a repository of another name, the installed wheel, a service of its own.

Contracts, a participant in Python or in Node, publication, verification, deployment, and the question whether the saga can run.
"""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import ROOT, Done
from installed import Environment, installed
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
EXAMPLES = ROOT / "provider_verifier" / "examples" / "warehouse"
GUIDE = (ROOT / "provider_verifier" / "README.md").read_text(encoding="utf-8")


def commands(chapter: str) -> list[str]:
    """Give the commands of a chapter of the guide."""
    (text,) = re.findall(rf"^## {chapter}$(.*?)^## ", GUIDE, re.MULTILINE | re.DOTALL)
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line.strip()]


INIT, TESTS, VERIFY = commands("Ten minutes")
ADDRESS = "http://127.0.0.1:9292"
PROVIDERS = {"in Python": "provider.yaml", "in Node": "provider-node.yaml"}
NOTIFICATIONS = """
format: 1
provider: notifications
start: {command: [sagapact, stub, contracts/sale/saga.yaml, --participant, notifications, --port, "{port}"], pass_env: [PATH]}
health: {path: /health}
states: {path: /_states}
"""


@pytest.fixture(scope="module")
def environment() -> Environment:
    return installed("[all]")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository with a service in it."""
    folder = tmp_path / "acme-stock"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def broker(environment: Environment) -> Iterator[str]:
    command = (str(environment.bin / "sagapact"), "broker", "serve", "--port", "{port}")
    words = (*command, "--database-url", "sqlite:///{workdir}/broker.sqlite")
    with ProcessIsolation().start(Spec("broker", words, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running.base_url


def done(environment: Environment, repository: Path, line: str, status: int = 0) -> Done:
    found = environment.run(*shlex.split(line), cwd=repository)
    assert found.status == status, f"{line}\n{found.text}"
    assert "Traceback" not in found.err
    return found


@pytest.mark.parametrize("service", PROVIDERS)
def test_the_guide_leads_from_an_empty_repository_to_a_saga_that_can_run(
    environment: Environment, repository: Path, broker: str, service: str
) -> None:
    verify_by_broker, deploy = (line.replace(ADDRESS, broker) for line in commands("In CI"))
    file = PROVIDERS[service]
    saga, at = "contracts/sale/saga.yaml", f"--version 1.0.0 --branch main --broker-url {broker}"
    (repository / "stub.yaml").write_text(NOTIFICATIONS, encoding="utf-8")

    for line in (INIT, TESTS, VERIFY.replace("provider.yaml", file)):
        done(environment, repository, line)
    done(environment, repository, f"sagapact publish --pacts build/pacts --saga {saga} {at}")
    for line in (verify_by_broker.replace("provider.yaml", file), verify_by_broker.replace("provider.yaml", "stub.yaml")):
        done(environment, repository, line)
    for name in ("warehouse", "notifications", "shop"):
        done(environment, repository, deploy.replace("warehouse", name))

    told = done(environment, repository, f"sagapact can-run sale --environment production --broker-url {broker}")
    assert "can run in production" in told.out


def test_an_owner_with_a_client_in_node_writes_the_same_contracts(environment: Environment, repository: Path) -> None:
    done(environment, repository, INIT)
    done(environment, repository, "pytest -q contracts --pacts build/by_library")
    for file in (ROOT / "contracts" / "examples" / "sale_in_node").iterdir():
        shutil.copy(file, repository / "contracts" / "sale")
    done(environment, repository, "pytest -q contracts --pacts build/by_node")
    for name in ("shop-warehouse.json", "shop-notifications.json"):
        library, node = (json.loads((repository / "build" / run / name).read_text()) for run in ("by_library", "by_node"))
        assert node["interactions"] == library["interactions"]


def test_a_mistake_in_the_service_is_told_with_the_history_that_shows_it(environment: Environment, repository: Path) -> None:
    for line in (INIT, TESTS):
        done(environment, repository, line)
    service = repository / "warehouse.py"
    right = service.read_text(encoding="utf-8")
    service.write_text(
        right.replace('if state == "reserved":\n            return', 'if state == "never":\n            return'), encoding="utf-8"
    )

    told = done(environment, repository, VERIFY, 1)

    again, results = commands("When something is broken")
    assert "broken: O3 idempotent forward" in told.out
    assert f"Again: {again.replace('build/pacts', 'build/pacts/shop-warehouse.json')}" in told.out
    done(environment, repository, again, 1)
    done(environment, repository, results, 1)
    assert (repository / "build" / "sagapact" / "report.html").is_file()
    assert "F F (by 1 fault: the reply to the forward call is lost)" in told.out
    assert "Mend: " in told.out


def test_a_service_climbs_as_the_guide_says(environment: Environment, repository: Path) -> None:
    done(environment, repository, INIT)
    saga = repository / "contracts" / "sale" / "saga.yaml"
    at_level_2 = saga.read_text(encoding="utf-8")
    in_file = dict(re.findall(r"^```yaml\n# ([^\n]+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
    (repository / "provider.yaml").write_text(in_file["provider.yaml"], encoding="utf-8")
    probe = "".join(f"    {line}\n" for line in in_file["contracts/sale/saga.yaml, at reserve_goods"].splitlines())
    at_level_3 = at_level_2.replace("level: 2 ", "level: 3 ").replace(
        "    class: compensatable\n", f"    class: compensatable\n{probe}"
    )
    below = {level: at_level_2.replace("level: 2 ", f"level: {level} ") for level in (1, 2)}
    levels = below | {level: at_level_3.replace("level: 3 ", f"level: {level} ") for level in (3, 4)}
    for level, text in levels.items():
        saga.write_text(text, encoding="utf-8")
        for line in commands("Climbing"):
            told = done(environment, repository, line)
        assert (f"since the step is at level {level} only" in told.out) == (level < max(levels))


def test_a_self_check_from_elsewhere_tells_what_the_saga_file_is_worth(environment: Environment, repository: Path) -> None:
    done(environment, repository, INIT)
    told = done(environment, repository, "sagapact verify --self-check contracts/sale/saga.yaml", 3)
    assert "Declare `probe` at reserve_goods, and `level: 3` for the saga." in told.out
