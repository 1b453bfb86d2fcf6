"""The rules of a choreographed saga, all at once: names, events, reactions, time-outs, and what must be undone (pure).

Each obligation that can be read off the file is judged here: E4 (business key), E7 (ordering key, or one queue), E8 (joins), E9
(time-outs), E10 (poison), E12 (compensation reachability). A rule whose obligation is waived for the event, reaction or timer is
not asked.
"""

from collections.abc import Iterator

from saga_contracts.declare.problems import Problem
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.event_graph import EventGraph
from saga_contracts.read.choreography import events, names, reachable, reactions, timers


def problems(saga: Saga) -> Iterator[Problem]:
    """Give every broken rule of what a saga says of events."""
    yield from _style(saga)
    if not saga.speaks_of_events:
        return
    unknown = list(names.problems(saga))
    yield from unknown
    yield from events.problems(saga)
    yield from reactions.problems(saga)
    yield from timers.problems(saga)
    if not unknown:  # what leads to what is only known when every name is
        yield from reachable.problems(EventGraph(saga))


def _style(saga: Saga) -> Iterator[Problem]:
    found = "mixed" if saga.steps and saga.reactions else "choreographed" if saga.reactions else "orchestrated"
    if saga.style is not None and saga.style != found and saga.steps + saga.reactions:
        has = {"mixed": "both steps and reactions", "choreographed": "reactions and no steps", "orchestrated": "steps only"}[
            found
        ]
        yield Problem(("style",), f"The saga is called {saga.style}, and has {has}.", f"Write `style: {found}`, or leave it out.")
    if not saga.reactions and saga.speaks_of_events:
        what = "The file speaks of events, and nobody reacts to any."
        yield Problem(("events",), what, "Declare `reactions`, or remove what speaks of events.")
    if saga.reactions and saga.start is None:
        yield Problem(("reactions",), "It is not said how a run begins.", "Add `start: {event: NAME}`.")
    if saga.reactions and saga.ends is None:
        what = "It is not said by what the end of a run is seen."
        yield Problem(("reactions",), what, "Add `ends: {committed: {events: [NAME]}}`, and `compensated`.")
