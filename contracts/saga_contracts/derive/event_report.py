"""What the event graph tells beside the obligations: the longest path, who keeps state while waiting, unseen failures (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass

from saga_contracts.declare.saga import StepClass
from saga_contracts.derive.event_graph import EventGraph, Move

Links = tuple[tuple[Move, str], ...]
"""Moves, each with the event by which it goes on."""


@dataclass(frozen=True, slots=True)
class LongestPath:
    """The longest path from the start, without going round in a circle.

    Attributes:
        events: The events on it.
        hops: So many messages follow one another.
        ms: How long that may take at most, as far as it is declared.
        undeclared: Reactions on it that do not say how long they take.
    """

    events: tuple[str, ...]
    hops: int
    ms: int
    undeclared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A participant that keeps state while it waits: an orchestrator that nobody calls one."""

    participant: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be known of a choreography.

    Attributes:
        by_hops: The path with the most messages.
        by_time: The one that may take longest.
        waiting: Who keeps state while it waits.
        unseen: Failures that nobody sees, in words.
    """

    by_hops: LongestPath
    by_time: LongestPath
    waiting: tuple[Waiting, ...]
    unseen: tuple[str, ...]


def report(graph: EventGraph) -> Report:
    """Tell what is to be known of a choreography beside its obligations."""
    paths = _Paths(graph)
    return Report(paths.longest(by_time=False), paths.longest(by_time=True), tuple(_waiting(graph)), tuple(_unseen(graph)))


class _Paths:
    """Longest paths, worked out once for each event."""

    def __init__(self, graph: EventGraph) -> None:
        self._graph = graph
        self._times = {one.reaction: one.timeout_ms or 0 for one in graph.saga.reactions}
        self._times |= {one.timer: one.after_ms for one in graph.saga.timers}
        self._within = {one.reaction: one.on.within_ms or 0 for one in graph.saga.reactions}
        self._declared = {one.reaction for one in graph.saga.reactions if one.timeout_ms is not None}

    def longest(self, *, by_time: bool) -> LongestPath:
        start = self._graph.saga.start
        links = self._from(start.event, {}, by_time=by_time) if start is not None else ()
        first = (start.event,) if start is not None else ()
        events = (*first, *(event for _, event in links))
        names = dict.fromkeys(
            move.by for move, _ in links if move.outcome in ("done", "refused") and move.by not in self._declared
        )
        return LongestPath(events, len(events), sum(self._ms(move) for move, _ in links), tuple(names))

    def _from(self, event: str, known: dict[str, Links], *, by_time: bool) -> Links:
        if event not in known:
            following = [(move, given) for move, needed, given in self._graph.forward if event in needed]
            paths = [
                (link, *self._from(link[1], known, by_time=by_time)) for link in following if link[0].outcome != "dead-lettered"
            ]
            known[event] = max(paths, key=lambda path: self._length(path, by_time=by_time), default=())
        return known[event]

    def _length(self, path: Links, *, by_time: bool) -> tuple[int, int]:
        total_ms = sum(self._ms(move) for move, _ in path)
        return (total_ms, len(path)) if by_time else (len(path), total_ms)

    def _ms(self, move: Move) -> int:
        return self._within.get(move.by, 0) if move.outcome == "in vain" else self._times.get(move.by, 0)


def _waiting(graph: EventGraph) -> Iterator[Waiting]:
    found: dict[str, list[str]] = {}
    for timer in graph.saga.timers:
        found.setdefault(timer.participant, []).append(f"the time-out `{timer.timer}`")
    for one in graph.saga.reactions:
        if one.is_join:
            found.setdefault(one.participant, []).append(f"the join `{one.reaction}` of {' and '.join(one.on.all)}")
    for participant, why in found.items():
        yield Waiting(participant, tuple(why))


def _unseen(graph: EventGraph) -> Iterator[str]:
    for one in graph.saga.reactions:
        may_refuse = one.given.can_refuse or one.step_class == StepClass.PIVOT
        if may_refuse and not one.emits.refused and not one.optional:
            yield f"`{one.reaction}` of {one.participant} may refuse, and publishes nothing then: nobody sees it failing."
        if not one.emits.done and not one.emits.refused and one.probe is None:
            yield f"`{one.reaction}` of {one.participant} publishes nothing and has no probe: nobody sees whether it was done."
