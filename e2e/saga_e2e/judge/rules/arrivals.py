"""The invariants about what arrived (pure): I7, the order of the undoing; I8, nothing past the pivot; I13, the decks."""

from collections.abc import Iterator

from saga_contracts.declare.saga import Step, StepClass
from saga_contracts.derive import decks, model
from saga_contracts.derive.expectations import CALLBACKS, Letter, Word
from saga_contracts.derive.model import Rules
from saga_contracts.derive.slices import step_slice
from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import Finding, Judged, judged, not_applicable
from saga_e2e.proxy.trace import Fate, Trace, calls_of
from saga_e2e.proxy.words import as_word, readings, word


def reverse_order(case: Judged) -> Finding:
    """I7: a step is undone only after every undone step that comes before it in the order of the undoing.

    That is the reverse order, where the saga file gives no other; an optional step may be undone on its own.
    """
    undone = {step.step: _compensations(case, step.step) for step in case.saga.steps}
    needed = {step.step for step in case.needed}
    if not any(undone.values()):
        return not_applicable("I7", "Nothing was compensated.")
    broken = [
        f"{later} was still being compensated when the compensation of {earlier} began."
        for earlier in undone
        for later, calls in undone.items()
        if earlier in needed
        and later in case.saga.undo_graph.ancestors(earlier)
        and calls
        and undone[earlier]
        and undone[earlier][0].at_ms < _over_at_ms(calls)
    ]
    order = sorted((calls[0].at_ms, name) for name, calls in undone.items() if calls)
    return judged("I7", broken, [], f"Compensated in this order: {', '.join(name for _, name in order)}.")


def _over_at_ms(calls: Trace) -> float:
    """Say when an undoing was over for the orchestrator: told so, or its last try over; another try may still be at work."""
    told = [call.ended_ms for call in calls if call.heard == "done"]
    return min(told, default=max(call.ended_ms for call in calls))


def none_past_the_pivot(case: Judged) -> Finding:
    """I8: nothing that the saga needs is compensated once it can only go forward."""
    if all(step.step_class == StepClass.COMPENSATABLE for step in case.saga.steps):
        return not_applicable("I8", "The saga has neither a pivot nor a retriable step.")
    passed = _passed_at_ms(case)
    if passed is None:
        return not_applicable("I8", "The point from which the saga only goes forward was not reached.")
    late = [step.step for step in case.needed if any(call.at_ms > passed for call in _compensations(case, step.step))]
    broken = [f"{name} was compensated although the saga could only go forward by then." for name in late]
    return judged("I8", broken, [], "Nothing was compensated past that point.")


def in_the_deck(case: Judged) -> Finding:
    """I13: what arrived at each participant for each step is a history of this step's deck."""
    of_two = 2 * bool(case.evidence.others)  # the other saga may have a step refused, and so make others undone
    faults = min(len(case.scenario.faults) + of_two, decks.MAX_FAULTS)
    trace = _of_the_model(case)
    broken, seen = [], []
    for step in case.saga.steps:
        letters = word(trace, step.step)
        text = " ".join(letters) or "nothing"
        if letters and case.skips(step):
            broken.append(f"At {step.step} arrived {text}, although its condition does not hold.")
            continue
        seen.append(f"{step.step}: {text}")
        known = {_as_seen(one, step) for one in model.words(Rules.of(step_slice(case.saga, step.step)), faults)}
        read = [as_word(one) for one in readings(trace, step.step)]
        if case.saga.policies.undo_for_ms is not None:
            read = [one and _within_tries(one, step) for one in read]
        may_be = [_as_told_later(one, step) for one in read]
        if letters and not any(one is not None and one in known for one in may_be):
            broken.append(
                f"At {step.step} arrived {text}: not in its deck for {faults} faults. "
                "The saga service left the model, or the participant did not call back as declared, or the derivation is wrong."
            )
    return judged("I13", broken, [], f"{'; '.join(seen)}.")


def _within_tries(word: Word, step: Step) -> Word:
    """Leave out the compensations beyond the tries: there is a time for them instead, and a repeated one is absorbed."""
    undone = [place for place, letter in enumerate(word) if letter == Letter.COMPENSATE]
    surplus = set(undone[step.undo_tries :])
    return tuple(letter for place, letter in enumerate(word) if place not in surplus)


def _of_the_model(case: Judged) -> Trace:
    """Give the calls that the model speaks of: what a checker does after the end is outside of it."""
    if not (case.checked and case.evidence.ended_ms):
        return case.evidence.trace
    return tuple(call for call in case.evidence.trace if call.at_ms <= case.evidence.ended_ms or call.fate == Fate.DELAYED)


def _as_seen(word: Word, step: Step) -> Word:
    """Give what can be seen of a word on the wire: the end of work that is polled is no call."""
    return tuple(letter for letter in word if letter not in CALLBACKS) if step.polls else word


def _as_told_later(word: Word | None, step: Step) -> Word | None:
    """Write the refusal at once of a step that tells later as the model does: accepted, then refused."""
    if word is None or not step.tells_later:
        return word
    both = (Letter.FORWARD, Letter.CALLBACK_REFUSED)
    return _as_seen(tuple(part for letter in word for part in (both if letter == Letter.REFUSED else (letter,))), step)


def _compensations(case: Judged, step: str) -> Trace:
    return calls_of(case.evidence.trace, step, Role.COMPENSATE)


def _passed_at_ms(case: Judged) -> float | None:
    """Say when the saga passed the point from which it only goes forward; None when it never did."""
    times = [moment for step in case.saga.steps for moment in _moments(case, step)]
    return min(times, default=None)


def _moments(case: Judged, step: Step) -> Iterator[float]:
    calls = calls_of(case.evidence.trace, step.step, Role.FORWARD, Role.CALLBACK)
    if step.step_class == StepClass.PIVOT:
        yield from (call.ended_ms for call in calls if "done" in (call.outcome, call.told))
    elif step.step_class == StepClass.RETRIABLE and _waits_for_all_that_can_fail(case, step):
        yield from (call.at_ms for call in calls)


def _waits_for_all_that_can_fail(case: Judged, step: Step) -> bool:
    can_fail = {one.step for one in case.needed if one.step_class != StepClass.RETRIABLE}
    return can_fail <= case.saga.ancestors(step.step)
