"""A program in a container starts, is killed, starts again and ends, and nothing of it is left."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patience import wait_until
from saga_verifier.isolation import (
    CannotStartError,
    DiedAtStartError,
    GivenUpError,
    Health,
    IsolationError,
    NeverHealthyError,
    Spec,
    start_all,
)
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.hardening import Limits
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.container.running import ContainerRunning
from saga_verifier.isolation.container.spec import ContainerSpec

pytestmark = [pytest.mark.containers, pytest.mark.slow]
Ask = Callable[..., Any]
Mine = Callable[[], list[str]]


def test_it_gets_the_declared_environment_and_nothing_of_the_callers(
    spec: Spec, small: ContainerSpec, settings: Settings, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_TOKEN", "canary")
    declared = replace(spec, env={**spec.env, "OWN": "{workdir}"}, inherited={"PATH": "/of/the/host", "HANDED_ON": "yes"})

    with ContainerIsolation({"server": replace(small, env={"MORE": "{python}"})}, settings).start(declared) as running:
        seen = ask(running, "env")

    assert (seen["OWN"], seen["MORE"], seen["PORT"], seen["HANDED_ON"]) == ("/data/own", "python3", "8080", "yes")
    assert seen["PATH"] != "/of/the/host"
    assert "canary" not in str(seen)


def test_its_data_is_kept_over_kill_and_start(started: ContainerRunning, ask: Ask) -> None:
    ask(started, "write", path="/data/own/note")

    started.kill()
    how = started.ended()
    started.start()

    assert how == "signal SIGKILL"
    assert started.ended() is None
    assert ask(started, "read", path="/data/own/note") == "written"


def test_nothing_is_left_when_it_is_stopped(spec: Spec, small: ContainerSpec, settings: Settings, mine: Mine) -> None:
    with ContainerIsolation({"server": small}, settings).start(spec) as running:
        before = mine()

    assert len(before) == 3  # container, network, volume
    assert mine() == []
    assert running.ended() == "stopped"


def test_a_death_at_the_start_is_noticed_at_once_with_its_last_lines(failing: Any, mine: Mine) -> None:
    with pytest.raises(DiedAtStartError) as error:
        failing.start("print('the table is missing'); raise SystemExit(3)", timeout_s=3600)

    assert "died at its start with exit status 3" in str(error.value)
    assert "the table is missing" in str(error.value)
    assert mine() == []


def test_the_whole_log_is_kept_when_it_dies(failing: Any) -> None:
    with pytest.raises(DiedAtStartError, match="All of its log: "):
        failing.start("for i in range(100): print('line', i)\nraise SystemExit(3)")

    (file,) = Path(failing.settings.log_folder).iterdir()
    assert "line 0\n" in file.read_text()


def test_a_folder_that_takes_no_logs_is_said_beside_the_reason_of_the_death(failing: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failing.settings = replace(failing.settings, log_folder=tmp_path / "file" / "logs")

    with pytest.raises(DiedAtStartError, match=r"exit status 3(.|\n)*All of its log could not be kept in .*: Not a directory"):
        failing.start("raise SystemExit(3)")


def test_one_that_never_becomes_healthy_is_given_up_in_time(failing: Any, mine: Mine) -> None:
    with pytest.raises(NeverHealthyError) as error:
        failing.start("import time; print('thinking'); time.sleep(600)", timeout_s=3)

    assert "not ready within 3 s" in str(error.value)
    assert "Let it listen on port 8080 of all addresses" in str(error.value)
    assert "thinking" in str(error.value)
    assert mine() == []


def test_one_that_accepts_and_never_answers_is_given_up_in_time(failing: Any, mine: Mine) -> None:
    with pytest.raises(NeverHealthyError, match="it did not answer within"):
        failing.start("import socket, time; s = socket.create_server(('', 8080)); time.sleep(600)", timeout_s=3)

    assert mine() == []


def test_one_that_does_not_listen_to_the_request_to_end_is_ended_by_force(
    spec: Spec, small: ContainerSpec, settings: Settings, mine: Mine
) -> None:
    script = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{(small.command or ())[-1]}"
    deaf = replace(small, command=("python3", "-u", "-c", script))
    with ContainerIsolation({"server": deaf}, settings).start(spec):
        began = time.monotonic()

    assert time.monotonic() - began > 1
    assert mine() == []


def test_a_flood_of_output_is_bounded(spec: Spec, small: ContainerSpec, settings: Settings, ask: Ask) -> None:
    with ContainerIsolation({"server": small}, settings).start(replace(spec, log_bytes=200_000)) as running:
        ask(running, "print", text="x" * 1000, times=5000)
        ask(running, "print", text="the last line")
        wait_until(lambda: "the last line" in running.log_tail(3))  # the engine takes its time to write so much
        kept = running.log_tail(1_000_000)

    assert kept.splitlines()[-1] == "the last line"
    assert 50_000 < len(kept) < 250_000  # of five million


def test_it_says_that_the_memory_was_too_small(failing: Any) -> None:
    with pytest.raises(DiedAtStartError, match="it wanted more than its 64 MB of memory") as error:
        failing.start("x = bytearray(200_000_000)", limits=Limits(memory_mb=64))

    assert "Give it more memory" in str(error.value)


def test_it_says_where_it_may_write(failing: Any) -> None:
    with pytest.raises(DiedAtStartError, match="It may write in /tmp and /data/own only"):
        failing.start("open('/var/state', 'w')")


def test_secrets_stand_in_no_message(failing: Any, spec: Spec) -> None:
    failing._spec = replace(spec, env={**spec.env, "TOKEN": "${T}"}, outside={"T": "canary-1234"})

    with pytest.raises(DiedAtStartError) as error:
        failing.start("import os; print('token', os.environ['TOKEN']); raise SystemExit(1)")

    assert "token [redacted T]" in str(error.value)
    assert "canary-1234" not in str(error.value)


def test_a_command_that_is_not_there_is_said_in_one_message(
    spec: Spec, small: ContainerSpec, settings: Settings, mine: Mine
) -> None:
    with pytest.raises(DiedAtStartError) as error:
        ContainerIsolation({"server": replace(small, command=("no-such-program",))}, settings).start(spec)

    assert "died at its start with exit status 127" in str(error.value)
    assert "no-such-program" in str(error.value)
    assert mine() == []


def test_a_fixed_port_that_is_taken_is_said_with_the_mend(
    spec: Spec, small: ContainerSpec, settings: Settings, mine: Mine
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotStartError, match=r"the port is taken.*Free it, or let the system choose one"):
            ContainerIsolation({"server": small}, settings).start(replace(spec, port=port))

    assert mine() == []


def test_a_name_without_a_container_is_said(spec: Spec, settings: Settings) -> None:
    with pytest.raises(CannotStartError, match=r"it is not said which image it is \(known: other\)"):
        ContainerIsolation({"other": ContainerSpec("x")}, settings).start(spec)


@pytest.mark.parametrize("path", ["/health", None])
def test_it_is_reached_through_a_forwarder_where_it_cannot_be_reached_itself(
    path: str | None, spec: Spec, small: ContainerSpec, settings: Settings, ask: Ask, mine: Mine
) -> None:
    isolation = ContainerIsolation({"server": small}, replace(settings, reach="forwarder"))

    with isolation.start(replace(spec, health=Health(path, 40.0))) as running:
        first = running.base_url
        seen = ask(running, "user")
        running.kill()
        running.start()
        again = ask(running, "user")

    assert first.startswith("http://127.0.0.1:")
    assert (seen, again) == (65534, 65534)
    assert mine() == []


def test_a_start_is_given_up_when_told(spec: Spec, small: ContainerSpec, settings: Settings, mine: Mine) -> None:
    give_up = threading.Event()
    threading.Timer(1.0, give_up.set).start()
    sleeping = replace(small, command=("python3", "-c", "import time; time.sleep(600)"))

    with pytest.raises(GivenUpError):
        ContainerIsolation({"server": sleeping}, settings).start(spec, give_up=give_up)

    assert mine() == []


def test_programs_of_one_run_find_each_other_by_name(spec: Spec, small: ContainerSpec, settings: Settings, ask: Ask) -> None:
    isolation = ContainerIsolation({"server": small, "other_one": small}, settings)

    with start_all(isolation, [spec, replace(spec, name="other_one")]) as group:
        assert ask(group["server"], "connect", host="other-one", port=8080) == "connected"


def test_programs_of_different_runs_do_not_reach_each_other(
    spec: Spec, small: ContainerSpec, settings: Settings, ask: Ask, started: ContainerRunning
) -> None:
    with ContainerIsolation({"server": small}, settings).start(spec) as other:
        address = other.base_url.removeprefix("http://").partition(":")[0]
        assert ask(other, "user") == 65534

        assert ask(started, "connect", host=address, port=8080) != "connected"


def test_a_program_reaches_what_the_harness_offers_at_the_gateway(
    spec: Spec, small: ContainerSpec, settings: Settings, ask: Ask
) -> None:
    isolation = ContainerIsolation({"server": small}, settings)
    with isolation.start(spec) as running:
        with socket.create_server((isolation.listen_host, 0)) as ours:
            port = ours.getsockname()[1]
            assert ask(running, "connect", host=isolation.gateway, port=port) == "connected"
            isolation.check_reached(port)
        with pytest.raises(IsolationError, match=r"cannot reach the harness at .* firewall"):
            isolation.check_reached(port)

    assert isolation.gateway is None
    with pytest.raises(IsolationError, match="network is not there yet"):
        _ = isolation.listen_host


def test_a_second_one_shares_its_data_and_goes_by_itself(started: ContainerRunning, ask: Ask, mine: Mine) -> None:
    ask(started, "write", path="/data/own/note")

    with started.beside() as other:
        there = len(mine())
        assert ask(other, "read", path="/data/own/note") == "written"
        assert other.base_url != started.base_url
        other.kill()
        assert ask(started, "read", path="/data/own/note") == "written"

    assert len(mine()) < there
    assert ask(started, "read", path="/data/own/note") == "written"


def test_another_one_follows_on_its_data(started: ContainerRunning, spec: Spec, ask: Ask) -> None:
    ask(started, "write", path="/data/own/note")

    with started.followed_by(spec) as follower:
        assert started.ended() == "stopped"
        assert ask(follower, "read", path="/data/own/note") == "written"
