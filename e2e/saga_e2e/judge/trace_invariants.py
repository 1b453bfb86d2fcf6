"""The invariants that are read off the trace: who was told, order and number of the calls, arrivals (pure)."""

from collections.abc import Iterator
from itertools import pairwise

from saga_contracts.declare.saga import Step, StepClass
from saga_contracts.derive import decks, model
from saga_contracts.derive.expectations import CALLBACKS, Letter, Word
from saga_contracts.derive.model import Rules
from saga_contracts.derive.slices import step_slice
from saga_e2e.derive.ends import End, tries_of
from saga_e2e.derive.faults import Kind, Role
from saga_e2e.judge.findings import OPEN, Finding, Judged, judged, not_applicable
from saga_e2e.proxy.trace import Trace, calls_of
from saga_e2e.proxy.words import as_word, readings, word

_TOLERANCE, _JITTER_MS = 0.2, 50
"""How much sooner than it was sent a call may seem to come: clocks of the way are not exact."""


def owner_was_told(case: Judged) -> Finding:
    """I6: each escalation reached the owner, once for each step that it is about."""
    if case.end != End.ESCALATED:
        return not_applicable("I6", "The saga is not escalated.")
    if case.saga.policies.owner_notification is None:
        return judged("I6", ["The saga file names nobody to tell: add `policies.owner_notification`."], [], "")
    named = [step.step for step in case.saga.steps if case.found(step).state in OPEN]
    told = {step.step for step in case.saga.steps if _took_notice(case, step.step)}
    broken = [f"The owner was not told about {name}." for name in named if name not in told]
    if not told:
        broken = ["The owner was told nothing.", *broken]
    return judged("I6", broken, [], f"The owner was told about {', '.join(sorted(told))}.")


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
        and undone[earlier][0].at_ms < max(call.ended_ms for call in calls)
    ]
    order = sorted((calls[0].at_ms, name) for name, calls in undone.items() if calls)
    return judged("I7", broken, [], f"Compensated in this order: {', '.join(name for _, name in order)}.")


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


def bounded_work(case: Judged) -> Finding:
    """I12: no call was sent more often, or sooner again, than declared; a crash of the saga service may begin the tries anew."""
    begun = 1 + sum(fault.kind == Kind.CALLER_DIES for fault in case.scenario.faults)
    broken = []
    for step in case.saga.steps:
        for role in (Role.FORWARD, Role.COMPENSATE):
            sent, tries = len(calls_of(case.evidence.trace, step.step, role)), tries_of(step, role, case.saga.policies)
            if sent > tries * begun:
                broken.append(f"The {role} call of {step.step} was sent {sent} times; {tries} tries are declared.")
            broken += _too_soon(case, step, role)
    return judged("I12", broken, [], "No call was sent more often than declared.")


def _too_soon(case: Judged, step: Step, role: Role) -> Iterator[str]:
    """Say which tries came before the declared pause was over; a caller may take half of it off by chance."""
    backoff = step.undo_backoff if role == Role.COMPENSATE else step.backoff
    calls = calls_of(case.evidence.trace, step.step, role)
    if backoff is None or any(fault.crashes for fault in case.scenario.faults):
        return
    for tries, (one, again) in enumerate(pairwise(calls), 1):
        gap_ms, least_ms = again.at_ms - one.at_ms, backoff.pause_ms(tries) / 2
        if gap_ms < least_ms * (1 - _TOLERANCE) - _JITTER_MS:
            yield (
                f"The {role} call of {step.step} was sent again after {gap_ms:.0f} ms; "
                f"a pause of at least {least_ms:.0f} ms is declared."
            )


def in_the_deck(case: Judged) -> Finding:
    """I13: what arrived at each participant for each step is a history of this step's deck."""
    faults = min(len(case.scenario.faults), decks.MAX_FAULTS)
    broken, seen = [], []
    for step in case.saga.steps:
        letters = word(case.evidence.trace, step.step)
        text = " ".join(letters) or "nothing"
        if letters and case.skips(step):
            broken.append(f"At {step.step} arrived {text}, although its condition does not hold.")
            continue
        seen.append(f"{step.step}: {text}")
        known = {_as_seen(one, step) for one in model.words(Rules.of(step_slice(case.saga, step.step)), faults)}
        read = [as_word(one) for one in readings(case.evidence.trace, step.step)]
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


def _as_seen(word: Word, step: Step) -> Word:
    """Give what can be seen of a word on the wire: the end of work that is polled is no call."""
    return tuple(letter for letter in word if letter not in CALLBACKS) if step.polls else word


def _as_told_later(word: Word | None, step: Step) -> Word | None:
    """Write the refusal at once of a step that tells later as the model does: accepted, then refused."""
    if word is None or not step.tells_later:
        return word
    both = (Letter.FORWARD, Letter.CALLBACK_REFUSED)
    return _as_seen(tuple(part for letter in word for part in (both if letter == Letter.REFUSED else (letter,))), step)


def _took_notice(case: Judged, step: str) -> bool:
    calls = calls_of(case.evidence.trace, step, Role.NOTIFICATION)
    return any(call.outcome == "done" for call in calls)


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
