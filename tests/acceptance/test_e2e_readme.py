"""The commands of `e2e/README.md` that need no engine, with the installed wheel, from an empty folder (`demo`: `test_wheel`)."""

import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from command_line import ROOT
from foreign import need
from installed import installed
from patience import PATIENCE_S

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TEXT = (ROOT / "e2e" / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
WITH_ANOTHER = [line for line in COMMANDS if "--orchestrator" in line]
WITHOUT_ENGINE = [
    line for line in COMMANDS if line.startswith("sagapact") and "--isolation" not in line and line not in WITH_ANOTHER
]


def test_the_readme_shows_the_demo_a_run_and_the_services() -> None:
    assert [line.split()[1:3] for line in WITHOUT_ENGINE] == [["demo"], ["e2e", "run"], ["e2e", "up"]]


def test_a_run_plays_the_saga_and_leaves_its_report(tmp_path: Path) -> None:
    done = installed().run(*shlex.split(WITHOUT_ENGINE[1]), cwd=tmp_path)
    assert done.status == 0, done.text
    assert (tmp_path / "build" / "e2e" / "report.html").is_file()


def test_the_orchestrator_of_the_guide_is_shown_as_it_is_declared_and_keeps_what_the_guide_plays(tmp_path: Path) -> None:
    need("node")
    folder = ROOT / "tests" / "orchestrators"
    shown = next(block for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if block.startswith("orchestrator:"))

    assert shown in (folder / "node" / "provider.yaml").read_text(encoding="utf-8")
    assert len(WITH_ANOTHER) == 1
    done = installed().run(*shlex.split(WITH_ANOTHER[0].replace("tests/orchestrators", str(folder))), cwd=tmp_path)
    assert done.status == 0, done.text


def test_the_services_run_until_they_are_interrupted(tmp_path: Path) -> None:
    environment = installed()
    words = [str(environment.bin / "sagapact"), *shlex.split(WITHOUT_ENGINE[2])[1:]]
    up = subprocess.Popen(
        words, cwd=tmp_path, env=environment.variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert up.stdout is not None
    said = ""
    for line in up.stdout:
        said += line
        if "Press Ctrl+C" in line:
            break
    up.send_signal(signal.SIGINT)
    rest, _ = up.communicate(timeout=PATIENCE_S)
    assert "saga_service" in said, said + rest
    assert up.returncode in (0, 130), said + rest
