"""What a killed run left is removed at the next start, and nothing else is ever touched."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

import pytest

from saga_verifier.isolation import Spec
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.container.spec import ContainerSpec
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.engine.api import Order
from saga_verifier.isolation.engine.owner import OWNER_LABEL, RUN_LABEL, Owner, labels, owner_of, this_process

KILLED = """
import sys, time
from saga_verifier.isolation import Health, Spec
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.container.spec import ContainerSpec

container = ContainerSpec(sys.argv[1], command=("python3", "-m", "http.server", "8080", "--directory", "/tmp"))
isolation = ContainerIsolation({"killed": container}, Settings(reach="forwarder", forwarder_image=sys.argv[1]))
running = isolation.start(Spec("killed", (), health=Health("/", 60)))
run, engine = running._run.id, running._engine
mark = f"sagapact.run={run}"
made = [*engine.containers(mark), *engine.networks(mark), *engine.volumes(mark)]
print(run, len(made), flush=True)
time.sleep(600)
"""
SLEEP = ("python3", "-c", "import time; time.sleep(600)")


@pytest.fixture
def killed_run(base: str) -> tuple[str, int]:
    """The id of a run whose process was killed, and how many objects it had made."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, base],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        assert process.stdout is not None
        run, count = process.stdout.readline().split()
        process.send_signal(signal.SIGKILL)
    return run, int(count)


@pytest.fixture
def left(engine: Engine) -> Callable[[str], list[str]]:
    """Gives what is left of a run at the engine."""

    def give(run: str) -> list[str]:
        label = f"{RUN_LABEL}={run}"
        return [name for name, _ in (*engine.containers(label), *engine.networks(label), *engine.volumes(label))]

    return give


@pytest.fixture
def made(engine: Engine, base: str) -> Iterator[Callable[[dict[str, str]], str]]:
    """Starts a container with some labels; removed after the test."""
    ids: list[str] = []

    def make(marks: dict[str, str]) -> str:
        ids.append(engine.create(Order(base, SLEEP, marks, host={"init": True})))
        engine.start(ids[-1])
        return ids[-1]

    yield make
    for one in ids:
        engine.remove(one)


@pytest.mark.containers
@pytest.mark.slow
def test_the_next_start_removes_what_a_killed_run_left_and_no_foreign_container(
    killed_run: tuple[str, int],
    left: Callable[[str], list[str]],
    made: Callable[[dict[str, str]], str],
    engine: Engine,
    spec: Spec,
    small: ContainerSpec,
    settings: Settings,
) -> None:
    foreign = made({"somebody": "else"})
    run, count = killed_run

    with ContainerIsolation({"server": small}, settings).start(spec):
        pass

    assert count == 4  # the container, its forwarder, the network, the volume
    assert left(run) == []
    assert engine.state(foreign).running


@pytest.mark.containers
@pytest.mark.slow
def test_what_a_living_run_or_another_machine_made_stays(
    made: Callable[[dict[str, str]], str], engine: Engine, spec: Spec, small: ContainerSpec, settings: Settings
) -> None:
    living = made(labels("living", "one"))
    elsewhere = made({**labels("elsewhere", "one"), OWNER_LABEL: json.dumps(asdict(Owner("another machine", 1, "1")))})
    unreadable = made({RUN_LABEL: "unreadable", OWNER_LABEL: "not in our form"})

    with ContainerIsolation({"server": small}, settings).start(spec):
        pass

    assert [engine.state(one).running for one in (living, elsewhere, unreadable)] == [True, True, True]


def test_this_process_is_not_gone() -> None:
    assert not this_process().is_gone()


def test_a_process_that_ended_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert replace(this_process(), pid=process.pid).is_gone()


def test_a_process_whose_number_was_given_to_another_is_gone() -> None:
    assert replace(this_process(), born="1").is_gone()


def test_an_owner_of_another_boot_or_machine_is_never_judged() -> None:
    assert not replace(this_process(), machine="elsewhere", pid=2**22 + 1).is_gone()


def test_labels_name_their_owner() -> None:
    assert owner_of(labels("run", "name")) == this_process()


@pytest.mark.parametrize("found", [{}, {OWNER_LABEL: "{}"}, {OWNER_LABEL: '{"machine": "m", "pid": 1, "born": "1"}'}])
def test_foreign_labels_name_no_owner(found: dict[str, str]) -> None:
    assert owner_of(found) is None
