"""Nothing of an isolated program outlives the harness, however the harness or the guard ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from patience import PATIENCE_S
from saga_verifier.isolation import ProcessIsolation, Spec
from saga_verifier.isolation.health import trouble

HARNESS = """
import json, sys, time, urllib.request
from pathlib import Path
from saga_verifier.isolation import ProcessIsolation, Spec

script, folder = sys.argv[1:]
spec = Spec("small", ("{python}", "-S", script, "--deaf"), env={"PORT": "{port}"})
running = ProcessIsolation(folder=Path(folder)).start(spec)
spawned = json.load(urllib.request.urlopen(running.base_url + "/spawn"))
print(json.dumps({"url": running.base_url, "pids": [running.pid, *spawned]}), flush=True)
time.sleep(600)
"""


@pytest.fixture
def harness(tmp_path: Path, server: Path, python_environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "isolated").mkdir()
    script = tmp_path / "harness.py"
    script.write_text(HARNESS, encoding="utf-8")
    command = [sys.executable, str(script), str(server), str(tmp_path / "isolated")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=python_environment) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_when_the_harness_is_killed_everything_is_gone(
    harness: subprocess.Popen[str], number: signal.Signals, tmp_path: Path, lives: Any, eventually: Any
) -> None:
    assert harness.stdout is not None
    started = json.loads(harness.stdout.readline())
    port = int(started["url"].rpartition(":")[2])
    guards = [child.pid for child in psutil.Process(harness.pid).children()]
    assert len(guards) == 1
    assert all(lives(pid) for pid in started["pids"])
    harness.send_signal(number)
    eventually(lambda: not any(lives(pid) for pid in [*started["pids"], *guards]))
    assert "nothing listens" in str(trouble(("127.0.0.1", port), None, 1))
    assert list((tmp_path / "isolated").iterdir()) == []


def test_when_the_guard_is_killed_the_program_dies_and_stop_ends_the_rest(
    isolation: ProcessIsolation, spec: Callable[..., Spec], get: Any, lives: Any, eventually: Any
) -> None:
    with isolation.start(spec()) as running:
        near, far = get(running.base_url + "/spawn")
        pid = running.pid
        assert pid is not None
        guard = psutil.Process(pid).parent()
        assert guard is not None
        guard.kill()
        eventually(lambda: not lives(pid))
        eventually(lambda: running.ended() == "signal SIGKILL")
    eventually(lambda: not lives(near))
    psutil.Process(far).kill()  # it fled from the group: without a guard nobody knows it any more


def test_a_polite_word_to_the_guard_ends_the_program_too(
    isolation: ProcessIsolation, spec: Callable[..., Spec], lives: Any, eventually: Any
) -> None:
    with isolation.start(spec()) as running:
        pid = running.pid
        assert pid is not None
        guard = psutil.Process(pid).parent()
        assert guard is not None
        guard.terminate()
        eventually(lambda: not lives(pid))
        eventually(lambda: running.ended() == "signal SIGTERM")


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""
CHILD = """
import time
from saga_verifier.isolation.guarding import with_parent
{before}
with_parent.die_with_parent()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("before", ["", "with_parent.ctypes = None"], ids=["by the kernel", "by a thread"])
def test_a_process_can_end_with_its_parent(before: str, python_environment: dict[str, str], lives: Any, eventually: Any) -> None:
    command = [sys.executable, "-c", PARENT, CHILD.format(before=before)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=python_environment) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert lives(child)
        parent.kill()
        eventually(lambda: not lives(child))


def test_a_process_whose_parent_has_gone_already_ends_at_once(python_environment: dict[str, str]) -> None:
    code = "from saga_verifier.isolation import die_with_parent; import time; die_with_parent(parent=2**22 + 1); time.sleep(600)"
    ended = subprocess.run([sys.executable, "-c", code], env=python_environment, check=False, timeout=PATIENCE_S)
    assert ended.returncode == -signal.SIGTERM
    assert os.getppid() > 0
