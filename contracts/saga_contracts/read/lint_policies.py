"""The rules of what a saga chooses: order of the undoing by hand, pauses between tries, an uncertain pivot (pure)."""

from collections.abc import Iterator

from saga_contracts.declare.calls import Backoff
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import Saga, Step, StepClass

FAILED_TELLINGS = 4
"""So often a receiver that fails is told in vain, when it is tried whether a callback comes again."""


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every faulty choice at a step of a saga whose steps have a right order."""
    yield from _undo_after(saga, step, at)
    yield from _suspended(step, at)
    own = step.compensate.backoff if step.compensate is not None else None
    told = step.callback.backoff if step.callback is not None else None
    yield from _seldom_told(step, told, (*at, "callback", "backoff"))
    places = (((*at, "backoff"), step.backoff), ((*at, "compensate", "backoff"), own), ((*at, "callback", "backoff"), told))
    for path, backoff in places:
        if backoff is not None and backoff.longest_ms is not None and backoff.longest_ms < backoff.first_ms:
            what = f"The longest pause ({backoff.longest_ms} ms) is shorter than the first one ({backoff.first_ms} ms)."
            yield Problem((*path, "longest_ms"), what, "Give at least as many as in `first_ms`.")


def _seldom_told(step: Step, backoff: Backoff | None, at: Path) -> Iterator[Problem]:
    """A callback that was not taken has to come again in the time that it may take."""
    if backoff is None or backoff.pause_ms(FAILED_TELLINGS) <= step.callback_timeout_ms:
        return
    pause_ms, allowed_ms = backoff.pause_ms(FAILED_TELLINGS), step.callback_timeout_ms
    again = f"After {FAILED_TELLINGS} tries the callback is told again in {pause_ms:.0f} ms"
    what = f"{again}, and the saga service waits {allowed_ms} ms."
    yield Problem(at, what, "Declare shorter pauses (`longest_ms`), or a longer `callback_timeout_ms`.")


def saga_problems(saga: Saga) -> Iterator[Problem]:
    """Give every faulty choice of a saga whose steps, and what they are undone after, are there."""
    by_hand = [step.step for step in saga.steps if step.undo_after is not None]  # the reverse order alone has no circles
    circle = next((name for name in by_hand if name in saga.undo_graph.ancestors(name)), None)
    if circle is not None:
        names = sorted(name for name in saga.undo_graph.ancestors(circle) if circle in saga.undo_graph.ancestors(name))
        what = f"These undoings wait for one another: {', '.join(names)}."
        mend = "A step without `undo_after` waits for all that come after it; give those that come first `undo_after: []`."
        yield Problem(("steps", saga.graph.index[circle], "undo_after"), what, mend)
    yield from _uncertain_pivot(saga)
    yield from _undone_in_time(saga)


def _undo_after(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.undo_after is None:
        return
    here = (*at, "undo_after")
    if step.step_class != StepClass.COMPENSATABLE:
        yield Problem(here, f"A {step.step_class} step is never undone.", "Remove it.")
        return
    undone = [other.step for other in saga.steps if other.step_class == StepClass.COMPENSATABLE and other is not step]
    for position, name in enumerate(step.undo_after):
        if name in step.undo_after[:position]:
            yield Problem((*here, position), f"`{name}` stands twice in `undo_after`.", "Remove one of them.")
        elif name in saga.graph.index and name not in undone:
            yield Problem((*here, position), f"`{name}` is no other step that can be undone.", "Remove it.")
        elif name not in undone:
            yield Problem((*here, position), f"There is no step `{name}`.", did_you_mean(name, undone))


def _suspended(step: Step, at: Path) -> Iterator[Problem]:
    if step.suspended_forward is not None and step.step_class != StepClass.COMPENSATABLE:
        what = f"A {step.step_class} step is never undone, so no forward call comes after its compensation."
        yield Problem((*at, "suspended_forward"), what, "Remove it.")


def _uncertain_pivot(saga: Saga) -> Iterator[Problem]:
    chosen, here = saga.policies.uncertain_pivot, ("policies", "uncertain_pivot")
    pivots = [step for step in saga.steps if step.step_class == StepClass.PIVOT]
    if chosen is not None and not pivots:
        yield Problem(here, "The saga has no pivot.", "Remove it.")
    for step in pivots if chosen == "ask_then_forward" else ():
        if step.status is None:
            what = f"The pivot `{step.step}` declares no status call that could be asked."
            yield Problem(here, what, "Declare `status` there, or write `forward`.")
    if saga.policies.ask_for_ms is not None and (chosen == "forward" or all(step.status is None for step in pivots)):
        what = "No pivot is asked for: there is none with a status call, or `uncertain_pivot` is `forward`."
        yield Problem(("policies", "ask_for_ms"), what, "Remove it.")


def _undone_in_time(saga: Saga) -> Iterator[Problem]:
    """Whoever counts the calls has to know how many fit into the time."""
    if saga.policies.undo_for_ms is None:
        return
    for step in saga.steps:
        if step.compensate is not None and step.undo_backoff is None:
            what = f"The compensation of `{step.step}` is tried again for a time, and nothing says with which pauses."
            yield Problem(("policies", "undo_for_ms"), what, "Declare `backoff` in its `compensate`, or at the step.")
