"""Every command of the README works as it stands there, with the installed wheel, beside a copy of the examples that it names."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import ROOT
from installed import Environment, installed
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("nothing_left")]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS: list[str] = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line.strip()
]
ELSEWHERE = ("make ",)  # run by the demo's own test and by who runs this test
SERVE = "sagapact broker serve"


@pytest.fixture(scope="module")
def environment() -> Environment:
    return installed("[all]")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the repository's root, with nothing built in it."""
    for name in ("contracts/sagas", "e2e/participants"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def broker(environment: Environment, checkout: Path) -> Iterator[str]:
    """The broker as the README starts it, on a free port."""
    (line,) = [command for command in COMMANDS if command.startswith(SERVE)]
    words = shlex.split(line)[1:]
    words[words.index("9292")] = "{port}"
    command = (str(environment.bin / "sagapact"), *words)
    with ProcessIsolation().start(Spec("broker", command, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running.base_url


def test_the_readme_has_commands_for_every_kind_of_user() -> None:
    text = "\n".join(COMMANDS)

    for part in (
        "make demo",
        "make test",
        "contracts lint",
        "publish",
        "can-run",
        "verify",
        "record-deployment",
        "e2e run",
        SERVE,
    ):
        assert part in text


def test_the_commands_of_the_readme_work_in_their_order(environment: Environment, checkout: Path, broker: str) -> None:
    def works(line: str) -> None:
        done = environment.run(*shlex.split(line.replace("http://127.0.0.1:9292", broker)), cwd=checkout)
        assert done.status == 0, f"{line}\n{done.text}"

    works("pytest -q contracts/sagas/vas_purchase --pacts build/pacts")  # as the saga's owner does
    works(PUBLISH)
    for name in ("billing", "user_service", "vas_packages", "notifications"):  # the README shows billing; a saga needs them all
        works(VERIFY.replace("billing", name))
        works(DEPLOY.replace("billing", name))
    works(DEPLOY.replace("billing", "saga_service"))
    for command in COMMANDS:
        if command.startswith(SERVE) or command.startswith(ELSEWHERE):
            continue
        works(f"{command} {PART_OF_A_NIGHT}" if "e2e run" in command else command)


def test_every_file_that_the_readme_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def command_with(part: str) -> str:
    (line,) = [command for command in COMMANDS if part in command]
    return line


PART_OF_A_NIGHT = "--shard 1/10"
"""A whole night takes minutes; `make nightly` plays it."""
PUBLISH, VERIFY, DEPLOY = (command_with(part) for part in ("sagapact publish", "sagapact verify", "record-deployment"))
