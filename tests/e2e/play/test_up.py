"""`sagapact e2e up` with processes: everything up until it is asked to end, or until a service dies."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from command_line import Sagapact
from patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Callable[[], str]]]:
    """The command when it has shown all, and what it says."""
    said = tmp_path / "said"
    with said.open("wb") as file:
        command = [sys.executable, "-m", "saga_contracts", "e2e", "up"]
        process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "Press Ctrl+C" in said.read_text() or process.poll() is not None)
        assert process.poll() is None, said.read_text()
        yield process, said.read_text
    finally:
        process.kill()
        process.wait()


def test_the_shown_commands_work_as_they_are_and_hanging_up_ends_everything(
    up: tuple["subprocess.Popen[bytes]", Callable[[], str]],
) -> None:
    process, said = up
    start, look = re.findall(r"^   (curl .*)$", said(), re.MULTILINE)
    services = psutil.Process(process.pid).children(recursive=True)

    saga_id = json.loads(pasted(start))["saga_id"]
    wait_until(lambda: json.loads(pasted(look.replace("SAGA_ID", saga_id)))["state"] == "committed")
    process.send_signal(signal.SIGHUP)

    assert process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    assert len(re.findall(r"^   \w+ +http://127.0.0.1:\d+$", said(), re.MULTILINE)) == 7
    assert len(services) >= 7
    assert psutil.wait_procs(services, timeout=PATIENCE_S)[1] == []


def test_a_service_that_dies_ends_everything_with_one_message(
    up: tuple["subprocess.Popen[bytes]", Callable[[], str]],
) -> None:
    process, said = up
    billing = [one for one in psutil.Process(process.pid).children(recursive=True) if "participants.billing" in told(one)]
    for one in billing:
        os.kill(one.pid, signal.SIGKILL)

    assert process.wait(PATIENCE_S) == 4
    assert "not all of them run any more: billing has ended" in said()
    assert "Then start again." in said()


def test_a_port_that_is_none_and_a_service_that_is_none_are_wrong_usage(tmp_path: Path) -> None:
    sagapact = Sagapact(tmp_path)

    no_port = sagapact("e2e", "up", "--port", "billing=http")
    nobody = sagapact("e2e", "up", "--port", "biling=8101")

    assert (no_port.status, nobody.status) == (2, 2)
    assert "Write it as NAME=PORT" in no_port.err
    assert "No service of vas_purchase is called biling. Known: saga_service, billing" in nobody.err


def told(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def pasted(command: str) -> str:
    """Run a command as a shell does with a pasted line."""
    return subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
