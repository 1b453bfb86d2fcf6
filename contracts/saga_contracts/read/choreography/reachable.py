"""What can be reached from what: events that never come, circles without a way out, and what nothing undoes (E12, E9, pure)."""

from collections.abc import Iterator, Sequence

from saga_contracts.declare.choreography.reactions import Reaction
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import StepClass
from saga_contracts.derive.event_graph import START, Course, EventGraph, Move, merge, timers_of
from saga_contracts.read.choreography.waived import is_waived


def problems(graph: EventGraph) -> Iterator[Problem]:
    """Give what never comes, what never ends, and every failure after which an effect stays."""
    yield from _never(graph)
    yield from _circles(graph)
    for failure in graph.failures:
        yield from _left_over(graph, failure)


def words(course: Course) -> str:
    """Tell a course event by event."""
    return "; ".join(_words(move) for move in course)


def _never(graph: EventGraph) -> Iterator[Problem]:
    for index, one in enumerate(graph.saga.reactions):
        moves = [move for move in graph.moves if move.by == one.reaction]
        published = all(graph.publishing.get(name) for name in one.on.events)
        if published and not any(next(graph.before(move), None) for move in moves):
            what = f"`{one.reaction}` never happens: no run leads to what it waits for."
            yield Problem(("reactions", index, "on"), what, "Let it hear an event that follows from the start.")


def _circles(graph: EventGraph) -> Iterator[Problem]:
    for circle in graph.circles:
        inside = [move for move in graph.moves if any(set(needed) & set(circle) for needed in move.needs)]
        turning = {move.by for move in inside if set(move.gives) & set(circle)}
        leaves = [move for move in inside if move.by in turning and not set(move.gives) & set(circle)]
        if not leaves:
            what = f"These events lead to one another, and nothing leads out: {' → '.join((*circle, circle[0]))}."
            mend = "Let one of the reactions have an outcome that publishes another event, or none."
            yield Problem(("events", circle[0]), what, mend)


def _left_over(graph: EventGraph, failure: Move) -> Iterator[Problem]:
    """Give each effect that may be there when something fails, and that nothing undoes then."""
    for one in graph.saga.reactions:
        undoing = [other.reaction for other in graph.saga.reactions if other.undoes == one.reaction]
        waived = any(is_waived(graph.saga, "E12", name) for name in (one.reaction, failure.by, *failure.gives))
        if not one.is_compensatable or not undoing or waived:
            continue
        left = next(_courses_left(graph, failure, one, undoing), None)
        if left is not None:
            yield _problem(graph, failure, one, undoing, left)


def _courses_left(graph: EventGraph, failure: Move, one: Reaction, undoing: Sequence[str]) -> Iterator[Course]:
    if set(undoing) & set(graph.following(failure.gives, ())):
        return  # whatever came before
    done = next(move for move in graph.moves if (move.by, move.outcome) == (one.reaction, "done"))
    for before in graph.before(failure):
        if _is_past_the_pivot(graph, before):
            continue
        for course in graph.before(done):
            both = merge([course, before])
            after_it = any(set(needed) & set(failure.gives) for move in course for needed in move.needs)
            if both is None or after_it or _is_past_the_pivot(graph, both):
                continue
            known = {event for move in both for event in move.gives}
            if not set(undoing) & set(graph.following(failure.gives, known)):
                yield both


def _is_past_the_pivot(graph: EventGraph, course: Course) -> bool:
    pivots = {one.reaction for one in graph.saga.reactions if one.step_class == StepClass.PIVOT}
    return any(move.by in pivots and move.outcome == "done" for move in course)


def _problem(graph: EventGraph, failure: Move, one: Reaction, undoing: Sequence[str], course: Course) -> Problem:
    event = failure.gives[0]
    late = _is_late(graph, failure, course)
    what = (
        f"After `{event}` nothing undoes `{one.reaction}` of {one.participant} ({'E9, E12' if late else 'E12'}): "
        f"{words(course)}; and then nothing leads to `{undoing[0]}`."
    )
    mend = f"Let `{undoing[0]}` hear `{event}`, or an event that follows from it."
    return Problem(_place(graph, failure), what, mend)


def _is_late(graph: EventGraph, failure: Move, course: Course) -> bool:
    timer = timers_of(graph.saga).get(failure.by)
    return timer is not None and any(set(move.gives) & set(timer.ends) for move in course)


def _place(graph: EventGraph, failure: Move) -> Path:
    for index, one in enumerate(graph.saga.reactions):
        if one.reaction == failure.by:
            return ("reactions", index, "emits", "refused") if failure.outcome == "refused" else ("reactions", index, "on")
    for index, timer in enumerate(graph.saga.timers):
        if timer.timer == failure.by:
            return ("timers", index, "emits")
    return ("policies", "poison", "emits")


def _words(move: Move) -> str:
    published = " and ".join(f"`{name}`" for name in move.gives) or "nothing"
    if move.by == START:
        return f"{published} begins it"
    heard = " and ".join(f"`{name}`" for name in next(iter(move.needs), ()))
    after = f"on {heard} " if heard else ""
    return f"{after}`{move.by}` is {move.outcome} and publishes {published}"
