"""Every command of the README works as it stands there."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import ROOT, Sagapact
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("nothing_left")]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS: list[str] = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line.strip()
]
ELSEWHERE = ("make ",)  # run by the demo's own test and by who runs this test
SERVE = "sagapact broker serve"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the repository's root, with nothing built in it."""
    for name in ("contracts", "e2e"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def broker(checkout: Path) -> Iterator[str]:
    """The broker as the README starts it, on a free port."""
    (line,) = [command for command in COMMANDS if command.startswith(SERVE)]
    words = shlex.split(line)[1:]
    words[words.index("9292")] = "{port}"
    command = ("{python}", "-m", "saga_contracts", *words)
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


def test_the_commands_of_the_readme_work_in_their_order(checkout: Path, broker: str) -> None:
    sagapact = Sagapact(checkout)
    write_pacts(checkout)
    assert_works(sagapact, PUBLISH.replace("http://127.0.0.1:9292", broker), 0)
    for name in ("billing", "user_service", "vas_packages", "notifications"):  # the README shows billing; a saga needs them all
        assert_works(sagapact, VERIFY.replace("http://127.0.0.1:9292", broker).replace("billing", name), 0)
        assert_works(sagapact, DEPLOY.replace("http://127.0.0.1:9292", broker).replace("billing", name), 0)
    assert_works(sagapact, DEPLOY.replace("http://127.0.0.1:9292", broker).replace("billing", "saga_service"), 0)
    for command in COMMANDS:
        if command.startswith(SERVE) or command.startswith(ELSEWHERE):
            continue
        assert_works(sagapact, command.replace("http://127.0.0.1:9292", broker), 0)


def test_every_file_that_the_readme_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def command_with(part: str) -> str:
    (line,) = [command for command in COMMANDS if part in command]
    return line


PUBLISH, VERIFY, DEPLOY = (command_with(part) for part in ("sagapact publish", "sagapact verify", "record-deployment"))


def write_pacts(folder: Path) -> None:
    """Run the contract tests as a saga's owner does."""
    tests = ROOT / "contracts/sagas/vas_purchase"
    words = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(folder), "--pacts", str(folder / "build/pacts")]
    command = [sys.executable, "-m", "pytest", *words, "--import-mode=importlib", str(tests)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def assert_works(sagapact: Sagapact, line: str, status: int) -> None:
    program, *words = shlex.split(line)
    assert program == "sagapact", line
    done = sagapact(*words)
    assert done.status == status, f"{line}\n{done.text}"
