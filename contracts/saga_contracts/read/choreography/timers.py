"""Each time-out can be ended, belongs to who publishes it, and says what becomes of a late success (E9, pure)."""

from collections.abc import Iterator

from saga_contracts.declare.choreography.reactions import Timer
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Saga
from saga_contracts.read.choreography.waived import is_waived


def problems(saga: Saga) -> Iterator[Problem]:
    """Give every broken rule of time-outs."""
    for index, one in enumerate(saga.timers):
        at: Path = ("timers", index)
        if is_waived(saga, "E9", one.timer):
            continue
        yield from _timer(saga, one, at)
    if saga.timers and saga.policies.late_success is None and not all(is_waived(saga, "E9", one.timer) for one in saga.timers):
        what = "It is not said what becomes of a success that arrives after its time-out (E9)."
        yield Problem(("timers",), what, "Add `policies: {late_success: undone}`.")


def _timer(saga: Saga, one: Timer, at: Path) -> Iterator[Problem]:
    event = saga.events.get(one.emits)
    if event is not None and event.publisher != one.participant:
        what = f"`{one.emits}` is published by {event.publisher}, and the time is kept by {one.participant} (E9)."
        yield Problem((*at, "emits"), what, f"Let {event.publisher} keep the time, or correct `publisher`.")
    if not one.ends:
        what = f"Nothing ends this time, so that `{one.emits}` comes in every run (E9)."
        yield Problem(at, what, "Name the events that end it in `ends`.")
    if one.starts in one.ends:
        yield Problem((*at, "ends"), f"`{one.starts}` starts this time and ends it.", "Remove it from one of the two.")
    if one.emits in (one.starts, *one.ends):
        yield Problem((*at, "emits"), f"`{one.emits}` is what this time waits for.", "Publish an event of its own.")
