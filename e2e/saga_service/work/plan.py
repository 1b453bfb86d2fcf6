"""The choices of the orchestrator, from states alone (pure): which step is next, what is undone in which order, how a saga ends.

The class order `compensatable* pivot? retriable*` holds for steps that do not wait for one another, too: a pivot starts when
every compensatable step is done, a retriable step when nothing can fail any more. So no step that cannot be undone is applied in
a saga that fails.
"""

from collections.abc import Collection, Iterable, Mapping

from saga_contracts.client import Saga, Step, StepClass
from saga_service.records import Attempt, Role, SagaState, StepRecord, StepState

States = Mapping[str, StepState]

_FAILED = frozenset({StepState.REFUSED, StepState.UNCERTAIN})
_UNDO_ALWAYS = frozenset({StepState.RUNNING, StepState.APPLIED, StepState.UNCERTAIN, StepState.COMPENSATING})
_SETTLED = frozenset({StepState.COMPENSATED, StepState.FAILED_COMPENSATION})
_NOT_FINISHED = _FAILED | {StepState.EXHAUSTED, StepState.FAILED_COMPENSATION}
_RANK = {StepClass.COMPENSATABLE: 0, StepClass.PIVOT: 1, StepClass.RETRIABLE: 2}


def startable(saga: Saga, states: States) -> list[str]:
    """Give the steps that may start now: the saga has not failed, and all that comes before them is done."""
    if has_failed(saga, states):
        return []
    return [
        step.step
        for step in saga.steps
        if states[step.step] == StepState.PENDING
        and all(_is_behind(other, states[other.step]) for other in saga.steps if _comes_before(other, step))
    ]


def has_failed(saga: Saga, states: States) -> bool:
    """Is it sure that the saga cannot be finished, so that no other step may start?

    A retriable step without success stops only the steps after it.
    """
    return any(
        not step.optional
        and (states[step.step] in _FAILED or (step.step_class == StepClass.PIVOT and states[step.step] == StepState.EXHAUSTED))
        for step in saga.steps
    )


def is_to_be_undone(saga: Saga, states: States) -> bool:
    """Must the saga be undone? Not when a pivot is undecided: it may have happened, and past it there is only forward."""
    return any(not step.optional and states[step.step] in _FAILED for step in saga.steps)


def can_time_out(saga: Saga, states: States) -> bool:
    """Would the saga be undone if its time were over now? Not when all steps have begun, nor once it can only go forward."""
    begun = [step for step in saga.steps if states[step.step] not in (StepState.PENDING, StepState.SKIPPED)]
    is_waiting = any(state == StepState.PENDING for state in states.values())
    return is_waiting and all(step.step_class not in (StepClass.PIVOT, StepClass.RETRIABLE) for step in begun)


def to_undo(saga: Saga, records: Mapping[str, StepRecord], attempts: Iterable[Attempt], state: SagaState) -> set[str]:
    """Give the steps that have to be undone and are not yet.

    An applied, an uncertain and a cancelled (still running) step, and a refused one when any try of it had no clear answer or
    misused its key: an effect may be there. While the saga goes forward, only optional steps that failed.
    """
    unclear = {attempt.step for attempt in attempts if attempt.role == Role.FORWARD and attempt.unclear}
    unclear |= {name for name, record in records.items() if record.outcome == "misused"}
    found = set[str]()
    for step in saga.steps:
        at = records[step.step].state
        may_have_effect = at in _UNDO_ALWAYS or (at == StepState.REFUSED and step.step in unclear)
        wanted = state == SagaState.COMPENSATING or (step.optional and at not in (StepState.RUNNING, StepState.APPLIED))
        if step.step_class == StepClass.COMPENSATABLE and may_have_effect and wanted:
            found.add(step.step)
    return found


def undoable(saga: Saga, states: States, todo: Collection[str]) -> list[str]:
    """Give the steps whose undoing may start now: all that is undone before them is settled, one way or the other."""
    unsettled = {name for name in todo if states[name] not in _SETTLED}
    return sorted(name for name in unsettled if not saga.undo_graph.ancestors(name) & unsettled)


def findings(saga: Saga, states: States, left: Collection[str] = ()) -> list[tuple[str, str]]:
    """Give what the owner has to be told, as pairs of step and event.

    Args:
        saga: The definition.
        states: Where its steps stand at the end.
        left: Steps that were to be undone and are not, because another undoing failed before.
    """
    found: list[tuple[str, str]] = []
    for step in saga.steps:
        at = states[step.step]
        if at == StepState.FAILED_COMPENSATION:
            found.append((step.step, "compensation_failed"))
        elif at == StepState.EXHAUSTED and not step.optional:
            found.append((step.step, "step_exhausted"))
        elif step.step in left:
            found.append((step.step, "compensation_skipped"))
    return found


def reason(saga: Saga, states: States, *, timed_out: bool = False) -> str | None:
    """Say in words that the time was over, and which steps were not finished or not undone, or None."""
    parts = ["the saga's time was over"] if timed_out else []
    parts += [f"{step.step}: {states[step.step]}" for step in saga.steps if states[step.step] in _NOT_FINISHED]
    return "; ".join(parts).replace("_compensation", " compensation") or None


def _comes_before(other: Step, step: Step) -> bool:
    first, second = _RANK.get(other.step_class), _RANK.get(step.step_class)  # a step that only reads stands where `after` says
    return other.step in step.after or (first is not None and second is not None and first < second)


def _is_behind(step: Step, state: StepState) -> bool:
    """Need nobody wait for this step any more? One that is skipped, and an optional one without success, count as done."""
    return state in (StepState.APPLIED, StepState.SKIPPED) or (step.optional and state in _NOT_FINISHED)
