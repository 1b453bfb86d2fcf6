"""A program beside the participant is bounded, gets its declared environment only, and leaves nothing behind."""

import json
import sys
from pathlib import Path

import psutil
import pytest

from patience import wait_until
from saga_verifier.access import ProgramError, Stage
from saga_verifier.provider_file import Program

PRINTS_ITS_ENVIRONMENT = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:], os.getcwd()]))"
STARTS_ANOTHER = """
import subprocess, sys
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pid", "w").write(str(other.pid))
print("{}")
"""


def stage(folder: Path) -> Stage:
    return Stage(folder, {"python": sys.executable, "port": "81"}, {"SECRET": "s'3"}, {"PATH": "/bin", "LENT": "l", "OTHER": "o"})


def test_it_gets_what_is_declared_and_path_and_nothing_else(tmp_path: Path) -> None:
    program = Program(env={"A": "{payload.item}/{port}", "B": "x${SECRET}y{{z}}"}, pass_env=("LENT",))
    command = ("{python}", "-c", PRINTS_ITS_ENVIRONMENT, "{payload.n}", "a {payload.item}; rm", "${SECRET}")

    env, words, folder = json.loads(stage(tmp_path).run(program, command, {"payload": {"item": "$(x) {port}", "n": 3}}))

    known = {name: value for name, value in env.items() if name != "LC_CTYPE"}
    assert known == {"A": "$(x) {port}/81", "B": "xs'3y{z}", "LENT": "l", "PATH": "/bin"}
    assert words == ["3", "a $(x) {port}; rm", "${SECRET}"]
    assert folder == str(tmp_path)


@pytest.mark.parametrize("before", ["", "import sys; sys.stdout.close(); "])
def test_what_it_started_ends_with_it(tmp_path: Path, before: str) -> None:
    if before:
        with pytest.raises(ProgramError, match="did not end within"):
            stage(tmp_path).run(Program(timeout_s=1.5), ("{python}", "-c", STARTS_ANOTHER + "other.wait()"))
    else:
        with pytest.raises(ProgramError, match="did not end within"):  # the other one holds its output
            stage(tmp_path).run(Program(timeout_s=1.5), ("{python}", "-c", STARTS_ANOTHER))

    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
