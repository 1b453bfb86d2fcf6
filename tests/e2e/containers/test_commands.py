"""`sagapact e2e` and `sagapact demo` in containers, as users run them: what they say, how they end, what they leave."""

import json
import random
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from command_line import ROOT, Sagapact
from patience import PATIENCE_S, unless
from repetitions import REPEAT
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.engine.api import Order
from saga_verifier.isolation.engine.owner import labels

pytestmark = [
    pytest.mark.containers,
    pytest.mark.slow,
    pytest.mark.usefixtures("every_image"),
    pytest.mark.xdist_group("landscape in containers"),
]
Starting = Callable[..., AbstractContextManager[Any]]
KILLS = 2 * REPEAT
LONGEST_RUN_S = 12.0
README = (ROOT / "e2e/README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
IN_CONTAINERS = [tuple(shlex.split(line)[1:]) for line in COMMANDS if "--isolation container" in line]
ONE, NIGHTLY, UP, DEMO = IN_CONTAINERS
"""The commands of the README, without the first word."""


def test_the_readme_shows_one_scenario_then_all_then_the_services_then_the_demo() -> None:
    assert [words[:2] for words in IN_CONTAINERS] == [("e2e", "run"), ("e2e", "run"), ("e2e", "up"), ("demo", "--isolation")]
    assert ("--scenario" in ONE, "nightly" in NIGHTLY) == (True, True)


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


def test_up_shows_where_everything_is_and_how_to_start_a_saga_until_interrupted(starting: Starting) -> None:
    port = free_port()
    with starting(*UP, "--port", f"saga_service={port}") as up:
        up.wait_for(lambda: "Press Ctrl+C" in up.said)
        addresses = dict(re.findall(r"^   (\S[\w ]*?)  +(http://\S+)$", up.said, re.MULTILINE))
        start, look = re.findall(r"^   (curl .*)$", up.said, re.MULTILINE)
        assert len(addresses) == 8
        assert len(up.containers()) == 9  # eight, and what passes on the calls of the fixed port
        assert addresses["saga_service"] == f"http://127.0.0.1:{port}"

        saga_id = json.loads(pasted(start))["saga_id"]
        up.wait_for(lambda: json.loads(pasted(look.replace("SAGA_ID", saga_id)))["state"] == "committed")
        up.process.send_signal(signal.SIGINT)

        assert up.process.wait(120) == 0
        assert up.left() == []


def test_up_that_is_asked_to_end_while_it_starts_leaves_nothing(starting: Starting) -> None:
    with starting(*UP) as up:
        up.wait_for(lambda: len(up.containers()) > 2)
        up.process.terminate()

        assert up.process.wait(120) == 128 + signal.SIGTERM
        assert up.left() == []


def test_a_fixed_port_that_is_taken_is_said_with_the_mend(sagapact: Sagapact, taken_port: int) -> None:
    done = sagapact(*UP, "--port", f"broker={taken_port}")

    assert done.status == 4
    assert "port" in done.err
    assert "taken" in done.err
    assert "Free it" in done.err
    assert "Traceback" not in done.err


def test_a_postgresql_that_dies_in_mid_run_ends_the_run_with_one_message(
    starting: Starting, engine: Engine, tmp_path: Path
) -> None:
    with starting(*NIGHTLY) as run:
        run.wait_for(lambda: "✓" in run.said)
        (server,) = run.containers("PostgreSQL")
        engine.kill(server)

        assert run.process.wait(180) == 4
        assert run.left() == []
    last = run.said[run.said.index("The scenarios of vas_purchase were given up: ") :]
    assert "its PostgreSQL server has ended with signal SIGKILL" in last
    assert "Then run them again." in last
    assert run.said.count("were given up") == 1
    report = json.loads((tmp_path / "build/e2e/report.json").read_text())
    assert report["verdict"]["status"] == "unknown"
    assert {one["verdict"] for one in report["scenarios"]} <= {"kept", "unknown"}


def test_without_an_engine_there_is_one_message(sagapact: Sagapact, tmp_path: Path) -> None:
    done = sagapact(*ONE, DOCKER_HOST=f"unix://{tmp_path}/none.sock")

    assert done.status == 4
    assert "No Docker engine runs at unix://" in done.err
    assert "isolation by processes" in done.err
    assert done.err.count("\n") == 1


def test_an_image_that_is_nowhere_is_named_with_the_mend(sagapact: Sagapact) -> None:
    done = sagapact(*ONE, SAGAPACT_LANDSCAPE_IMAGE="127.0.0.1:9/no-such-image:1")

    assert done.status == 4
    assert "The image 127.0.0.1:9/no-such-image:1 is not at the Docker engine and cannot be fetched." in done.err
    assert "Build it, or name another." in done.err


def test_what_killed_runs_left_is_gone_after_the_next_start_and_no_living_run_is_touched(
    starting: Starting, sagapact: Sagapact, living: Callable[[], bool]
) -> None:
    killed = [at_a_random_moment(starting, seed) for seed in range(KILLS)]

    done = sagapact(*ONE)

    assert done.status == 0, done.text
    assert [run.left() for run in killed] == [[]] * KILLS
    assert living()


def test_the_whole_demo_ends_as_told_in_containers(starting: Starting, tmp_path: Path) -> None:
    with starting(*DEMO) as demo:
        assert demo.process.wait(400) == 0, demo.said
        assert "everything ended as told" in demo.said
        assert demo.left() == []
    report = json.loads((tmp_path / "build/demo/report.json").read_text())
    billing = {one["version"]: one["verdict"] for one in report["providers"] if one["provider"] == "billing"}
    assert billing == {"1.0.0": "kept", "1.1.0": "broken", "1.1.1": "kept"}
    assert {one["verdict"] for one in report["scenarios"]} == {"kept"}
    assert [gate["can_run"]["canRun"] for gate in report["gates"]] == [True, False, True]


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens already."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def living(engine: Engine, base: str) -> Iterator[Callable[[], bool]]:
    """A container of another run, whose process (this one) lives; says whether it is still there."""
    order = Order(base, ("python3", "-c", "import time; time.sleep(600)"), labels("living", "living"), host={"init": True})
    container = engine.create(order)
    engine.start(container)
    yield lambda: engine.state(container).running
    engine.remove(container)


def at_a_random_moment(starting: Starting, seed: int) -> Any:
    """Start a run, or all services, and kill that process."""
    moment_s = random.Random(seed).uniform(1.0, LONGEST_RUN_S)
    with starting(*(NIGHTLY if seed % 2 else UP)) as killed:
        ended = unless(lambda: killed.process.poll() is not None, moment_s)
    assert not ended, killed.said
    return killed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pasted(command: str) -> str:
    """Run a command as a shell does with a pasted line."""
    return subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
