"""One program as an isolated process."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from saga_verifier.isolation import (
    CannotStartError,
    DiedAtStartError,
    GivenUpError,
    Health,
    IsolationError,
    NeverHealthyError,
    ProcessIsolation,
    Spec,
)
from saga_verifier.isolation.process.ports import HOST, Reservation

CANARY = "canary-7f3a-of-the-surroundings"
pytestmark = pytest.mark.usefixtures("descendants")
Specs = Callable[..., Spec]


def listens(url: str) -> bool:
    with socket.socket() as one:
        return one.connect_ex((HOST, int(url.rpartition(":")[2]))) == 0


def test_a_started_program_is_ready_and_nothing_of_it_is_left_afterwards(
    isolation: ProcessIsolation, spec: Specs, get: Any, lives: Any
) -> None:
    with isolation.start(spec()) as running:
        assert get(running.base_url + "/health") == "ok"
        assert running.workdir.is_dir()
        assert running.ended() is None
        pid = running.pid
        assert pid is not None
        assert lives(pid)
    assert not lives(pid)
    assert not listens(running.base_url)
    assert not running.workdir.exists()
    assert running.pid is None


def test_two_programs_have_their_own_ports_and_directories(isolation: ProcessIsolation, spec: Specs, get: Any) -> None:
    with isolation.start(spec()) as one, isolation.start(spec()) as other:
        get(one.base_url + "/write?text=one")
        get(other.base_url + "/write?text=other")
        assert get(one.base_url + "/read") == "one"
        assert one.base_url != other.base_url


def test_the_directory_is_kept_on_demand(tmp_path: Path, spec: Specs) -> None:
    with ProcessIsolation(folder=tmp_path, keep=True).start(spec()) as running:
        pass
    assert running.workdir.is_dir()


def test_only_declared_names_are_in_the_environment(
    isolation: ProcessIsolation, spec: Specs, get: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    declared = spec(env={"DATA": "{workdir}/x"}, inherited={"PATH": os.environ["PATH"]}, outside={"A": "a-value"})
    with isolation.start(declared) as running:
        seen = get(running.base_url + "/env")
        assert set(seen) - {"LC_CTYPE"} == {"PORT", "DATA", "PATH"}  # Python sets LC_CTYPE itself
        assert seen["DATA"] == f"{running.workdir}/x"
        assert seen["PORT"] == running.base_url.rpartition(":")[2]
        assert running.pid is not None
        guard = psutil.Process(running.pid).parent()
        assert guard is not None
        assert "guard.py" in " ".join(guard.cmdline())
        assert CANARY not in str(guard.environ())


def test_no_secret_stands_in_an_error(isolation: ProcessIsolation, failing: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    tells_all = "import json, os, sys; print(dict(os.environ)); print(json.dumps(os.environ['TOKEN'])); sys.exit(3)"
    dies = failing(
        tells_all, env={"TOKEN": "${TOKEN}"}, outside={"TOKEN": 'pass"word\none'}, inherited={"KEY": "handed-on-secret"}
    )
    with pytest.raises(DiedAtStartError) as caught:
        isolation.start(dies)
    text = str(caught.value)
    assert CANARY not in text
    assert "pass" not in text
    assert "handed-on-secret" not in text
    assert text.count("[redacted TOKEN]") == 2
    assert "[redacted KEY]" in text


def test_a_program_that_dies_at_its_start_is_noticed_at_once_with_its_last_words(
    isolation: ProcessIsolation, failing: Specs
) -> None:
    lasts_longer_than_the_test = 3600
    with pytest.raises(DiedAtStartError) as caught:
        isolation.start(
            failing("import sys; print('reading settings'); sys.exit('no database')", timeout_s=lasts_longer_than_the_test)
        )
    assert "failing died at its start with exit status 1" in str(caught.value)
    assert "    reading settings" in str(caught.value)
    assert "    no database" in str(caught.value)


def test_a_program_that_dies_by_a_signal_says_which(isolation: ProcessIsolation, failing: Specs) -> None:
    with pytest.raises(DiedAtStartError, match="signal SIGKILL"):
        isolation.start(failing("import os; os.kill(os.getpid(), 9)"))


def test_a_program_that_goes_into_the_background_counts_as_dead_and_is_ended(
    isolation: ProcessIsolation, failing: Specs, tmp_path: Path, lives: Any
) -> None:
    note = tmp_path / "pid"
    flees = f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    open({str(note)!r}, "w").write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists({str(note)!r}) or not open({str(note)!r}).read():
    time.sleep(0.01)
"""
    with pytest.raises(DiedAtStartError, match="exit status 0"):
        isolation.start(failing(flees))
    assert not lives(int(note.read_text()))


@pytest.mark.parametrize(
    ("command", "cwd", "reason"),
    [
        (("no-such-program",), None, "No such file"),
        (("{python}",), "/no/such/folder", "the folder /no/such/folder cannot be entered"),
    ],
)
def test_a_command_that_cannot_be_run_says_why(
    isolation: ProcessIsolation, command: tuple[str, ...], cwd: str | None, reason: str
) -> None:
    with pytest.raises(CannotStartError) as caught:
        isolation.start(Spec("wrong", command, cwd=cwd))
    assert reason in str(caught.value)
    assert "Mend the command" in str(caught.value)


DEAF = "import time; time.sleep(600)"
SILENT = "import os, socket, time; s = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); time.sleep(600)"
UNREADY = """
import os, socket
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    caller, _ = server.accept()
    caller.recv(10_000)
    caller.sendall(b"HTTP/1.0 503 Not yet\\r\\n\\r\\n")
    caller.close()
"""


@pytest.mark.parametrize(
    ("code", "seen"),
    [(DEAF, "nothing listens"), (SILENT, "did not answer"), (UNREADY, "it answered with status 503")],
    ids=["deaf", "silent", "unready"],
)
def test_a_program_that_is_never_ready_is_ended_and_the_error_says_what_was_seen(
    isolation: ProcessIsolation, failing: Specs, code: str, seen: str, descendants: Any
) -> None:
    with pytest.raises(NeverHealthyError) as caught:
        isolation.start(failing(code, timeout_s=2.5))
    assert "was not ready within 2.5 s: at the last try of GET /health" in str(caught.value)
    assert seen in str(caught.value)
    assert descendants() == []
    assert isolation.folder is not None
    assert list(isolation.folder.iterdir()) == []


def test_a_program_without_http_is_ready_when_it_accepts_a_connection(isolation: ProcessIsolation, failing: Specs) -> None:
    quiet = Spec("quiet", failing(SILENT).command, env={"PORT": "{port}"}, health=Health(path=None))
    with isolation.start(quiet) as running:
        assert listens(running.base_url)


def test_kill_ends_at_once_and_start_goes_on_with_the_same_data(
    isolation: ProcessIsolation, spec: Specs, get: Any, lives: Any
) -> None:
    with isolation.start(spec("--deaf", stop_timeout_s=0.1)) as running:
        get(running.base_url + "/write?text=before")
        spawned = get(running.base_url + "/spawn")
        first, pid = running.base_url, running.pid
        running.kill()
        assert running.ended() == "signal SIGKILL"
        assert not any(lives(one) for one in (pid, *spawned))
        assert not listens(first)
        running.start()
        assert running.base_url != first
        assert get(running.base_url + "/read") == "before"
        assert "--- start 2 of small" in running.log_tail()


@pytest.mark.parametrize("given_up", [False, True])
def test_a_second_start_that_fails_leaves_nothing_running(
    isolation: ProcessIsolation, failing: Specs, server: Path, given_up: object, descendants: Any
) -> None:
    only_once = f"""
import os, time
if os.path.exists("started"):
    time.sleep(600)
open("started", "w").close()
exec(open({str(server)!r}).read())
"""
    give_up = threading.Event()
    with isolation.start(failing(only_once, timeout_s=3600 if given_up else 3), give_up=give_up) as running:
        running.kill()
        if given_up:
            give_up.set()
        with pytest.raises(GivenUpError if given_up else NeverHealthyError):
            running.start()
        assert running.ended() == "signal SIGKILL"
        assert descendants() == []
        assert running.workdir.is_dir()


def test_a_running_program_cannot_be_started_again(isolation: ProcessIsolation, spec: Specs) -> None:
    with isolation.start(spec()) as running, pytest.raises(CannotStartError, match="runs already"):
        running.start()


def test_stop_may_be_called_again_and_after_kill(isolation: ProcessIsolation, spec: Specs) -> None:
    running = isolation.start(spec())
    running.kill()
    running.kill()
    running.stop()
    running.stop()
    assert not running.workdir.exists()


def test_stop_is_polite(isolation: ProcessIsolation, failing: Specs, tmp_path: Path) -> None:
    note = tmp_path / "goodbye"
    code = f"""
import os, signal, socket, sys, time
def end(*_):
    open({str(note)!r}, "w").write("said")
    sys.exit()
signal.signal(signal.SIGTERM, end)
s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    time.sleep(1)
"""
    with isolation.start(Spec("polite", failing(code).command, env={"PORT": "{port}"}, health=Health(path=None))) as running:
        pass
    assert note.read_text() == "said"
    assert running.ended() == "exit status 0"


def test_a_program_that_ignores_sigterm_is_killed(isolation: ProcessIsolation, spec: Specs) -> None:
    running = isolation.start(spec("--deaf", stop_timeout_s=0.2))
    running.stop()
    assert running.ended() == "signal SIGKILL"


def test_the_log_is_bounded_and_its_end_is_kept(isolation: ProcessIsolation, spec: Specs, get: Any, eventually: Any) -> None:
    with isolation.start(spec(log_bytes=20_000)) as running:
        for _ in range(50):
            get(running.base_url + f"/print?text={'x' * 4000}")
        get(running.base_url + "/print?text=the-last-line")
        eventually(lambda: running.log_tail(1) == "the-last-line")
        size = sum(file.stat().st_size for file in running.workdir.parent.glob("output.log*"))
        assert size <= 20_000
        assert all(len(line) <= 2000 for line in running.log_tail().splitlines())


def test_a_program_that_floods_its_log_is_not_held_up(isolation: ProcessIsolation, failing: Specs, server: Path) -> None:
    flood = f"import sys; sys.stdout.write('line\\n' * 2_000_000); exec(open({str(server)!r}).read())"
    with isolation.start(failing(flood, log_bytes=50_000)) as running:
        size = sum(file.stat().st_size for file in running.workdir.parent.glob("output.log*"))
        assert size <= 50_000


def test_a_taken_port_is_avoided(tmp_path: Path, spec: Specs, get: Any) -> None:
    asked: list[bool] = []
    with socket.create_server((HOST, 0)) as other:
        taken = other.getsockname()[1]

        def reserve(port: int | None, hold: bool) -> Reservation:  # noqa: FBT001  (the interface of the backend)
            asked.append(hold)
            return Reservation(taken if len(asked) == 1 else port, hold=hold)

        with ProcessIsolation(folder=tmp_path, reserve=reserve).start(spec()) as running:
            assert get(running.base_url + "/health") == "ok"
    assert asked == [True, False]


def test_a_second_start_takes_another_port_even_if_the_old_one_is_offered_again(tmp_path: Path, spec: Specs) -> None:
    offered: list[int] = []

    def reserve(port: int | None, hold: bool) -> Reservation:  # noqa: FBT001  (the interface of the backend)
        reservation = Reservation(offered[0] if len(offered) == 1 else port, hold=hold)
        offered.append(reservation.port)
        return reservation

    with ProcessIsolation(folder=tmp_path, reserve=reserve).start(spec()) as running:
        running.kill()
        running.start()
        assert offered[0] == offered[1]
        assert running.base_url == f"http://{HOST}:{offered[2]}"
        assert offered[2] != offered[0]


def test_a_server_that_cannot_bind_beside_the_reservation_gets_another_port(
    isolation: ProcessIsolation, spec: Specs, get: Any
) -> None:
    with isolation.start(spec("--no-reuse")) as running:
        assert get(running.base_url + "/health") == "ok"


def test_a_server_that_always_takes_a_taken_port_gets_a_clear_error(isolation: ProcessIsolation, failing: Specs) -> None:
    with socket.create_server((HOST, 0)) as other:
        code = f"import socket; socket.create_server(('127.0.0.1', {other.getsockname()[1]}))"
        with pytest.raises(CannotStartError, match="4 times its port was taken") as caught:
            isolation.start(failing(code))
    assert "Address already in use" in str(caught.value)


def test_a_fixed_port_is_kept_over_starts_and_refused_when_taken(isolation: ProcessIsolation, spec: Specs) -> None:
    with Reservation() as free:
        port = free.port
    fixed = spec(port=port)
    with isolation.start(fixed) as running:
        assert running.base_url == f"http://{HOST}:{port}"
        with pytest.raises(IsolationError, match=f"Port {port} cannot be used"):
            isolation.start(fixed)
        running.kill()
        running.start()
        assert running.base_url == f"http://{HOST}:{port}"


def test_the_end_of_a_running_program_is_seen(isolation: ProcessIsolation, spec: Specs, eventually: Any) -> None:
    with isolation.start(spec()) as running:
        assert running.pid is not None
        psutil.Process(running.pid).kill()
        eventually(lambda: running.ended() == "signal SIGKILL")
