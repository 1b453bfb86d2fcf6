"""A whole topology, started at the same time."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from patience import PATIENCE_S
from saga_verifier.isolation import DiedAtStartError, IsolationError, ProcessIsolation, Running, Spec, start_all

pytestmark = pytest.mark.usefixtures("descendants")
Specs = Callable[..., Spec]

MEETING = """
import os, pathlib, sys, time
place = pathlib.Path({place!r})
(place / os.environ["NAME"]).touch()
while len(list(place.iterdir())) < 3:
    time.sleep(0.01)
exec(open({server!r}).read())
"""


def test_programs_are_started_at_the_same_time(
    isolation: ProcessIsolation, failing: Specs, server: Path, tmp_path: Path, get: Any
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    code = MEETING.format(place=str(place), server=str(server))  # nobody is ready before all have been started
    specs = [failing(code, name=name, env={"NAME": name}) for name in ("a", "b", "c")]
    with start_all(isolation, specs) as group:
        assert list(group) == ["a", "b", "c"]
        assert [get(member.base_url + "/env")["NAME"] for member in group.values()] == ["a", "b", "c"]


def test_when_one_fails_the_others_are_given_up_and_nothing_is_left(
    isolation: ProcessIsolation, spec: Specs, failing: Specs, descendants: Any
) -> None:
    with pytest.raises(DiedAtStartError, match="broken died at its start"):
        start_all(
            isolation,
            [
                spec(name="good"),
                failing("import time; time.sleep(600)", name="slow", timeout_s=3600),
                failing("1/0", name="broken"),
            ],
        )
    assert descendants() == []
    assert isolation.folder is not None
    assert list(isolation.folder.iterdir()) == []


class FailingTogether:
    """A backend whose starts all fail at the same moment."""

    def __init__(self, count: int) -> None:
        self._all = threading.Barrier(count)

    def start(self, spec: Spec, *, give_up: threading.Event | None = None) -> Running:  # noqa: ARG002  (the interface)
        self._all.wait(PATIENCE_S)
        raise IsolationError(f"{spec.name} failed")


class OneFailsLate:
    """A backend whose start of `bad` fails after all others have been started."""

    def __init__(self) -> None:
        self.stopped: list[str] = []
        self._good = threading.Event()

    def start(self, spec: Spec, *, give_up: threading.Event | None = None) -> "Started":  # noqa: ARG002  (the interface)
        if spec.name == "bad":
            assert self._good.wait(PATIENCE_S)
            raise IsolationError("bad failed")
        self._good.set()
        return Started(spec.name, self.stopped)


class Started:
    """A program that remembers being stopped."""

    base_url, workdir = "http://127.0.0.1:1", Path()
    values: Mapping[str, str] = {}

    def learn(self, secrets: Mapping[str, str]) -> None: ...

    def __init__(self, name: str, stopped: list[str]) -> None:
        self.name, self._stopped = name, stopped

    def log_tail(self, lines: int = 40) -> str:  # noqa: ARG002  (the interface)
        return ""

    def ended(self) -> str | None:
        return None

    def kill(self) -> None: ...

    def strike(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def start_empty(self) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None:
        self._stopped.append(self.name)

    def beside(self, spec: Spec | None = None) -> "Started":
        raise NotImplementedError

    def followed_by(self, spec: Spec) -> "Started":
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def test_programs_that_are_ready_are_stopped_when_another_fails() -> None:
    backend = OneFailsLate()
    with pytest.raises(IsolationError, match="bad failed"):
        start_all(backend, [Spec("bad", ("x",)), Spec("good", ("x",))])
    assert backend.stopped == ["good"]


def test_several_failures_are_all_told() -> None:
    with pytest.raises(IsolationError) as caught:
        start_all(FailingTogether(2), [Spec("a", ("x",)), Spec("b", ("x",))])
    assert str(caught.value) == "a failed"
    assert caught.value.__notes__ == ["Also: b failed"]


def test_a_name_may_stand_once_only(isolation: ProcessIsolation, spec: Specs) -> None:
    with pytest.raises(IsolationError, match="a name stands twice"):
        start_all(isolation, [spec(name="a"), spec(name="a")])


def test_an_empty_topology_is_empty(isolation: ProcessIsolation) -> None:
    with start_all(isolation, []) as group:
        assert len(group) == 0
