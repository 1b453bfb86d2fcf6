"""Two programs on one data directory: each ends by itself, and what they share goes with the last of them."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from patience import wait_until
from saga_verifier.isolation import CannotStartError, DiedAtStartError, Health, ProcessIsolation, Spec
from saga_verifier.isolation.process.ports import Reservation

pytestmark = pytest.mark.usefixtures("descendants")
Specs = Callable[..., Spec]


def test_a_second_program_has_the_data_of_the_first_and_its_own_port(isolation: ProcessIsolation, spec: Specs, get: Any) -> None:
    with isolation.start(spec()) as one, one.beside() as other:
        get(one.base_url + "/write?text=shared")
        assert get(other.base_url + "/read") == "shared"
        assert one.base_url != other.base_url
        assert one.workdir == other.workdir
        assert other.ended() is None


def test_each_has_a_log_of_its_own(isolation: ProcessIsolation, spec: Specs, get: Any) -> None:
    with isolation.start(spec()) as one, one.beside() as other:
        get(one.base_url + "/print?text=of-the-first")
        get(other.base_url + "/print?text=of-the-second")
        wait_until(lambda: "of-the-second" in other.log_tail())
        assert "of-the-second" not in one.log_tail()


@pytest.mark.parametrize("end", ["kill", "stop"])
@pytest.mark.parametrize("first", [True, False], ids=["the first", "the second"])
def test_the_end_of_one_leaves_the_other_and_their_data(
    isolation: ProcessIsolation, spec: Specs, get: Any, end: str, *, first: bool
) -> None:
    with isolation.start(spec()) as one, one.beside() as other:
        ending, staying = (one, other) if first else (other, one)
        get(one.base_url + "/write?text=shared")
        getattr(ending, end)()
        assert ending.ended() is not None
        assert get(staying.base_url + "/read") == "shared"
        ending.stop()
        ending.stop()
        assert staying.workdir.is_dir()
    assert not staying.workdir.exists()


def test_a_killed_one_starts_again_beside_the_other(isolation: ProcessIsolation, spec: Specs, get: Any) -> None:
    with isolation.start(spec()) as one, one.beside() as other:
        get(one.base_url + "/write?text=shared")
        one.kill()
        one.start()
        assert get(one.base_url + "/read") == get(other.base_url + "/read") == "shared"


def test_one_that_cannot_start_leaves_the_first_as_it_was(
    isolation: ProcessIsolation, spec: Specs, failing: Specs, get: Any
) -> None:
    with isolation.start(spec()) as one:
        get(one.base_url + "/write?text=shared")
        with pytest.raises(DiedAtStartError):
            one.beside(failing("raise SystemExit('the data are locked')"))
        assert get(one.base_url + "/read") == "shared"
    assert not one.workdir.exists()


def test_a_fixed_port_is_told_with_the_mend(isolation: ProcessIsolation, server: Path) -> None:
    with Reservation(hold=False) as free:
        port = free.port
    fixed = Spec("fixed", ("{python}", "-S", str(server)), env={"PORT": str(port)}, port=port, health=Health())
    with isolation.start(fixed) as one, pytest.raises(CannotStartError, match=r"placeholder \{port\}"):
        one.beside()


def test_another_program_follows_on_the_same_data(isolation: ProcessIsolation, spec: Specs, get: Any, lives: Any) -> None:
    with isolation.start(spec(name="old")) as old:
        get(old.base_url + "/write?text=of-the-old")
        pid = old.pid
        with old.followed_by(spec(name="new")) as new:
            assert old.ended() is not None
            assert not lives(pid)
            assert new.name == "new"
            assert get(new.base_url + "/read") == "of-the-old"
        assert not new.workdir.exists()


def test_when_the_follower_cannot_start_nothing_is_left(isolation: ProcessIsolation, spec: Specs, failing: Specs) -> None:
    with isolation.start(spec()) as old:
        with pytest.raises(DiedAtStartError):
            old.followed_by(failing("raise SystemExit('it cannot read the data')"))
        assert not old.workdir.exists()


HARNESS = """
import json, sys, time
from pathlib import Path
from saga_verifier.isolation import ProcessIsolation, Spec

script, folder = sys.argv[1:]
spec = Spec("small", ("{python}", "-S", script, "--deaf"), env={"PORT": "{port}"})
one = ProcessIsolation(folder=Path(folder)).start(spec)
other = one.beside()
print(json.dumps([one.pid, other.pid]), flush=True)
time.sleep(600)
"""


def test_when_the_harness_is_killed_both_are_gone_and_their_directory(
    tmp_path: Path, server: Path, python_environment: dict[str, str], lives: Any, eventually: Any
) -> None:
    (tmp_path / "isolated").mkdir()
    script = tmp_path / "harness.py"
    script.write_text(HARNESS, encoding="utf-8")
    command = [sys.executable, str(script), str(server), str(tmp_path / "isolated")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=python_environment) as harness:
        assert harness.stdout is not None
        pids = json.loads(harness.stdout.readline())
        guards = [child.pid for child in psutil.Process(harness.pid).children()]
        assert len(guards) == 2
        harness.send_signal(signal.SIGKILL)
        eventually(lambda: not any(lives(pid) for pid in [*pids, *guards]))
    assert list((tmp_path / "isolated").iterdir()) == []
