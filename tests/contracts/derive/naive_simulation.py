"""A deliberately naive simulation of whole sagas: an orchestrator, its participants, and a network with faults between them.

It knows nothing of the model that decks come from: it is the model's independent check. It follows every message of every step
(sent, arrived, answered) through all orders of events, and notes what arrives at one chosen participant. Plain on purpose.

What it takes for granted stands in the catalogue of faults and in the named choices of the model: one fault each for a lost
request, a lost reply, a late request, a duplicate, a refusal, a crash, a callback that never comes,
the end of the saga's time; one fault for an outage,
which swallows the requests or the replies of one call for any number of tries; after a crash tries begin anew, and what had been
sent before it has arrived by then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Plan:
    """One step as the orchestrator knows it."""

    after: tuple[int, ...] = ()
    kind: str = "compensatable"
    callback: bool = False
    tries: int = 2
    can_refuse: bool = True
    optional: bool = False
    conditional: bool = False
    undo_after: tuple[int, ...] | None = None

    @property
    def undoable(self) -> bool:
        return self.kind == "compensatable"


@dataclass(frozen=True, slots=True)
class Chart:
    """A saga as the orchestrator knows it."""

    steps: tuple[Plan, ...]
    cancels_siblings: bool = False
    stops_at_failed_undo: bool = False
    timed: bool = False


class Now(NamedTuple):
    """Where one step is: at the orchestrator, on the network, at its participant."""

    mode: str = "idle"  # calling, waiting, done, doomed, undoing, undone, dead, given up, stuck
    tried: int = 0
    uncertain: bool = False
    flight: str = ""  # "", "request", or the reply on its way back
    outage: str = ""  # "", "requests", "replies"
    world: str = "absent"
    late_forwards: int = 0
    late_undos: int = 0
    news: str = ""  # a callback on its way


class Moment(NamedTuple):
    """Where the whole saga is, and what has arrived at the participant that is watched."""

    budget: int
    saga: str  # running, failing, escalating, over
    steps: tuple[Now, ...]
    word: tuple[str, ...] = ()


RUNNING = ("calling", "waiting")
SETTLED = ("done", "dead", "undone", "given up", "stuck", "skipped")


def words(chart: Chart, watched: int | tuple[int, ...], faults: int, most: int = 3_000_000) -> set[str]:
    """Give every sequence of arrivals at the watched step's participant that at most this many faults can cause.

    Of several watched steps, each letter bears the step's number: `0:F 1:F`.
    """
    watched = watched if isinstance(watched, tuple) else (watched,)
    branches = product(*(("idle", "skipped") if plan.conditional else ("idle",) for plan in chart.steps))
    starts = [_settled(chart, Moment(faults, "running", tuple(Now(mode) for mode in modes))) for modes in branches]
    seen, todo, found = set(starts), starts, set[str]()
    while todo:
        moment = todo.pop()
        working = any(moment.steps[number].world == "in progress" for number in watched)
        if moment.saga == "over" and not working and moment.word:
            found.add(" ".join(moment.word))
        for following in _all_next(chart, moment, watched):
            if following not in seen:
                seen.add(following)
                todo.append(following)
        if len(seen) > most:
            raise RuntimeError(f"More than {most} moments: take a smaller saga.")
    return found


def ends(chart: Chart, faults: int, most: int = 3_000_000) -> set[str]:
    """Give every end that at most this many faults can bring the saga to."""
    start = _settled(chart, Moment(faults, "running", tuple(Now() for _ in chart.steps)))
    seen, todo, found = {start}, [start], set[str]()
    while todo:
        moment = todo.pop()
        if moment.saga == "over":
            found.add(_end(chart, moment))
        for following in _all_next(chart, moment, ()):
            if following not in seen:
                seen.add(following)
                todo.append(following)
        if len(seen) > most:
            raise RuntimeError(f"More than {most} moments: take a smaller saga.")
    return found


def _end(chart: Chart, moment: Moment) -> str:
    needed = [now.mode for plan, now in zip(chart.steps, moment.steps, strict=True) if not plan.optional]
    if _any(moment, "stuck") or "given up" in needed:
        return "escalated"
    return "compensated" if {"dead", "undone"} & set(needed) else "committed"


def _all_next(chart: Chart, moment: Moment, watched: tuple[int, ...]) -> Iterator[Moment]:
    for number, now in enumerate(moment.steps):
        if moment.saga == "over" and number not in watched:
            continue  # nothing that happens elsewhere after the end can reach the watched step
        for following in _next_of_step(chart, moment, number, now):
            letter, budget, changed, event = following
            if budget >= 0:
                steps = (*moment.steps[:number], changed, *moment.steps[number + 1 :])
                mark = letter if len(watched) == 1 else f"{number}:{letter}"
                word = (*moment.word, mark) if letter and number in watched else moment.word
                yield _settled(chart, _reported(chart, Moment(budget, moment.saga, steps, word), number, event))
    if moment.saga != "over" and moment.budget > 0:
        yield from _crash(chart, moment)
        yield from _out_of_time(chart, moment)


Next = tuple[str, int, Now, str]
"""The letter that arrived (or none), the faults left, the step afterwards, and what the orchestrator learns (or nothing)."""


def _next_of_step(chart: Chart, moment: Moment, number: int, now: Now) -> Iterator[Next]:
    plan, left = chart.steps[number], moment.budget
    if now.mode in ("calling", "undoing"):
        yield from _next_of_call(plan, now, left)
    yield from _late_ones_arrive(plan, now, left)
    if now.world == "in progress":
        yield "D", left, now._replace(world="applied", news="done"), ""
        if plan.can_refuse:
            yield "X", left - 1, now._replace(world="refused", news="refused"), ""
    if now.mode == "waiting":
        yield "", left - 1, now._replace(uncertain=True, news=""), "silence"
        if now.news:
            yield "", left, now._replace(news=""), now.news
    if now.mode == "calling" and now.news and now.flight != "request":
        # An early callback: an orchestrator may also take it at once.
        yield "", left, now._replace(news="", flight=""), now.news


def _next_of_call(plan: Plan, now: Now, left: int) -> Iterator[Next]:
    if now.flight == "":
        yield from _before_sending(plan, now, left)
    elif now.flight == "request":
        yield from _request_on_its_way(plan, now, left)
    elif now.outage == "replies":
        yield "", left, now._replace(flight="", uncertain=True), ""
    else:
        yield "", left, now._replace(flight=""), now.flight
        yield "", left - 1, now._replace(flight="", uncertain=True), ""


def _late_ones_arrive(plan: Plan, now: Now, left: int) -> Iterator[Next]:
    if now.late_forwards:
        for letter, cost, world, _ in _forward_arrives(plan, now):
            yield letter, left - cost, now._replace(world=world, late_forwards=now.late_forwards - 1), ""
    if now.late_undos:
        yield "C", left, now._replace(world="compensated", late_undos=now.late_undos - 1), ""


def _before_sending(plan: Plan, now: Now, left: int) -> Iterator[Next]:
    if now.tried < plan.tries:
        yield "", left, now._replace(flight="request", tried=now.tried + 1), ""
    else:
        yield "", left, now, "silence"
    if now.outage == "":
        yield "", left - 1, now._replace(outage="requests"), ""
        yield "", left - 1, now._replace(outage="replies"), ""
    else:
        yield "", left, now._replace(outage=""), ""


def _request_on_its_way(plan: Plan, now: Now, left: int) -> Iterator[Next]:
    gone = now._replace(flight="", uncertain=True)
    yield "", left - 1, _one_more_late(gone), ""  # late
    yield "", left - 1, _one_more_late(now), ""  # doubled
    if now.outage == "requests":
        yield "", left, gone, ""
        return
    yield "", left - 1, gone, ""  # lost
    if now.mode == "undoing":
        yield "C", left, now._replace(world="compensated", flight="ok"), ""
        return
    for letter, cost, world, reply in _forward_arrives(plan, now):
        yield letter, left - cost, now._replace(world=world, flight=reply), ""


def _one_more_late(now: Now) -> Now:
    return now._replace(late_undos=now.late_undos + 1) if now.mode == "undoing" else _late_forward(now)


def _late_forward(now: Now) -> Now:
    return now._replace(late_forwards=now.late_forwards + 1)


def _forward_arrives(plan: Plan, now: Now) -> Iterator[tuple[str, int, str, str]]:
    """Give letter, faults, world and reply of a right participant that gets a forward call."""
    if now.world == "absent":
        if plan.callback:
            yield "F", 0, "in progress", "accepted"
        else:
            yield "F", 0, "applied", "done"
            if plan.can_refuse:
                yield "R", 1, "refused", "refused"
    else:
        reply = {"in progress": "accepted", "applied": "done", "refused": "refused", "compensated": "refused"}[now.world]
        yield "F", 0, now.world, reply


def _crash(chart: Chart, moment: Moment) -> Iterator[Moment]:
    if any(now.flight == "request" for now in moment.steps):
        return
    steps = []
    for now in moment.steps:
        if now.mode == "calling":
            steps.append(now._replace(tried=0, flight="", uncertain=True))
        elif now.mode == "undoing":
            steps.append(now._replace(tried=0, flight=""))
        else:
            steps.append(now)
    yield _settled(chart, moment._replace(budget=moment.budget - 1, steps=tuple(steps)))


def _out_of_time(chart: Chart, moment: Moment) -> Iterator[Moment]:
    """As long as a step has not begun, the time may be over; not once a step that cannot be undone has begun."""
    waiting = _any(moment, "idle")
    too_late = any(
        not plan.undoable and now.mode not in ("idle", "skipped") for plan, now in zip(chart.steps, moment.steps, strict=True)
    )
    if chart.timed and moment.saga == "running" and waiting and not too_late:
        yield _settled(chart, moment._replace(budget=moment.budget - 1, saga="failing"))


def _reported(chart: Chart, moment: Moment, number: int, event: str) -> Moment:
    """Let the orchestrator act on what it learned of one step."""
    plan, now = chart.steps[number], moment.steps[number]
    if event == "":
        return moment
    if now.mode == "undoing":
        return _with(moment, number, _at_rest(now, "undone" if event == "ok" else "stuck"))
    if event == "done":
        return _with(moment, number, _at_rest(now, "done"))
    if event == "accepted":
        return _with(moment, number, now._replace(mode="waiting", outage="", tried=0))
    if event == "silence" and not plan.undoable:
        saga = moment.saga if plan.optional else "escalating"
        return _with(moment, number, _at_rest(now, "given up"))._replace(saga=saga)
    mode = "doomed" if now.uncertain and plan.undoable else "dead"
    saga = moment.saga if plan.optional else "failing"
    return _with(moment, number, _at_rest(now, mode))._replace(saga=saga)


def _at_rest(now: Now, mode: str) -> Now:
    return now._replace(mode=mode, tried=0, flight="", outage="", news="", uncertain=False)


def _with(moment: Moment, number: int, now: Now) -> Moment:
    return moment._replace(steps=(*moment.steps[:number], now, *moment.steps[number + 1 :]))


def _settled(chart: Chart, moment: Moment) -> Moment:
    """Let the orchestrator do at once what it can do without anybody's answer."""
    while True:
        following = _one_decision(chart, moment)
        if following == moment:
            return moment
        moment = following


def _one_decision(chart: Chart, moment: Moment) -> Moment:
    if moment.saga == "running":
        return _go_on(chart, moment)
    if moment.saga == "escalating":
        return moment if _any(moment, *RUNNING, "doomed", "undoing") else _over(moment)
    if moment.saga == "failing":
        return _undo(chart, moment)
    return moment


def _go_on(chart: Chart, moment: Moment) -> Moment:
    for number, (plan, now) in enumerate(zip(chart.steps, moment.steps, strict=True)):
        if now.mode == "idle" and all(moment.steps[before].mode in SETTLED for before in plan.after):
            return _with(moment, number, now._replace(mode="calling"))
        if now.mode == "doomed":  # an optional step that failed is undone at once; the saga goes on
            return _with(moment, number, now._replace(mode="undoing"))
    return _over(moment) if all(now.mode in SETTLED for now in moment.steps) else moment


def _undo(chart: Chart, moment: Moment) -> Moment:
    for number, (plan, now) in enumerate(zip(chart.steps, moment.steps, strict=True)):
        if now.mode in RUNNING and chart.cancels_siblings and plan.undoable:
            doomed = _at_rest(now, "doomed")
            on_its_way = now.mode == "calling" and now.flight == "request"
            return _with(moment, number, _late_forward(doomed) if on_its_way else doomed)
    if _any(moment, *RUNNING):
        return moment
    if chart.stops_at_failed_undo and _any(moment, "stuck"):
        return moment if _any(moment, "undoing") else _over(moment)
    open_ = [number for number in range(len(chart.steps)) if _to_undo(chart, moment, number)]
    for number in open_:
        first = not any(other in _undone_before(chart, number) for other in open_)
        if first and moment.steps[number].mode != "undoing":
            return _with(moment, number, moment.steps[number]._replace(mode="undoing"))
    return moment if open_ else _over(moment)


def _to_undo(chart: Chart, moment: Moment, number: int) -> bool:
    mode = moment.steps[number].mode
    return mode in ("doomed", "undoing") or (mode == "done" and chart.steps[number].undoable)


def _undone_before(chart: Chart, number: int) -> set[int]:
    """Give the steps whose undoing must be over before: by hand, or those that come later; and what these wait for."""
    found: set[int] = set()
    todo = [number]
    while todo:
        one = todo.pop()
        by_hand = chart.steps[one].undo_after
        later = [other for other in range(len(chart.steps)) if one in _ancestors(chart, other)]
        new = set(later if by_hand is None else by_hand) - found
        found |= new
        todo.extend(new)
    return found


def _ancestors(chart: Chart, number: int) -> set[int]:
    found: set[int] = set()
    todo = list(chart.steps[number].after)
    while todo:
        before = todo.pop()
        found.add(before)
        todo.extend(chart.steps[before].after)
    return found


def _any(moment: Moment, *modes: str) -> bool:
    return any(now.mode in modes for now in moment.steps)


def _over(moment: Moment) -> Moment:
    """End the saga. What the orchestrator knew of other steps does not matter any more."""
    return moment._replace(saga="over")
