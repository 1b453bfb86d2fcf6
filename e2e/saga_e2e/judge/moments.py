"""When the orchestrator sent what, and when it was told what, read off the trace (pure).

A call that was passed on late stands in the trace at the moment of its late arrival; when it was sent is not known any more.
"""

from collections.abc import Iterable, Iterator

from saga_contracts.declare.saga import Step, StepClass
from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import Judged
from saga_e2e.proxy.trace import Fate, Trace, TracedCall, calls_of

REFUSALS = frozenset({"refused", "suspended", "misused"})
"""Answers to a forward call by which the step is certainly not done."""
CLEAR = REFUSALS | {"done"}
_CRASH = "caller_dies"
_AWAY = frozenset({"down", "cut", "paused", "receiver_dies", "receiver_dies_before"})
"""Faults while which a participant does not answer that it is healthy."""
_RACE_MS = 50
"""What is told at the moment of the last try's end may not have been looked at any more."""
_NOT_DONE = frozenset({"refused", "compensated", "absent"})


def sent(case: Judged, step: str, *roles: Role) -> Trace:
    """Give the calls of a step whose moment of sending is known, in their order."""
    return tuple(call for call in calls_of(case.evidence.trace, step, *roles) if call.fate != Fate.DELAYED)


def late(case: Judged, step: str, *roles: Role) -> Trace:
    """Give the calls of a step that were sent at some moment and passed on later."""
    return tuple(call for call in calls_of(case.evidence.trace, step, *roles) if call.fate == Fate.DELAYED)


def done_at_ms(case: Judged, step: str) -> float | None:
    """Say when the orchestrator was first told that a step is done; None: never."""
    return min(_told_done(case.evidence.trace, step), default=None)


def refused_at_ms(case: Judged, step: str) -> float | None:
    """Say when the orchestrator was first told that a step is refused for good; None: never."""
    answers = (call.ended_ms for call in sent(case, step, Role.FORWARD) if call.heard in REFUSALS)
    asked = (call.ended_ms for call in sent(case, step, Role.STATUS) if call.heard == "refused")
    told = (call.at_ms for call in calls_of(case.evidence.trace, step, Role.CALLBACK) if call.arrivals and call.told == "refused")
    return min((*answers, *asked, *told), default=None)


def may_have_failed_by(case: Judged, step: Step, at_ms: float) -> bool:
    """May the orchestrator have given a step up by then: refused, out of tries or time, or answered in no declared way?"""
    refused, begun = refused_at_ms(case, step.step), sent(case, step.step, Role.FORWARD)
    before = [call for call in begun if call.at_ms <= at_ms]
    if refused is not None and refused <= at_ms:
        return True
    if any(call.heard in _NOT_DONE for call in sent(case, step.step, Role.STATUS) if call.ended_ms <= at_ms):
        return True
    if any(call.heard not in (None, "done", "in_progress", "retryable") for call in before):
        return True
    done = done_at_ms(case, step.step)
    if may_be_held_back(case, step) and (done is None or done > at_ms):
        return True
    tries = len(before) + len(late(case, step.step, Role.FORWARD))
    given_up_ms = max((call.ended_ms for call in before), default=at_ms) - _RACE_MS if tries >= step.tries else at_ms
    if done is not None and done <= given_up_ms:
        return False
    accepted = [call.ended_ms for call in before if call.heard == "in_progress"]
    overdue = bool(accepted) and at_ms - min(accepted) >= step.told_within_ms * 0.8
    return overdue or (tries >= step.tries and not accepted)


def may_be_held_back(case: Judged, step: Step) -> bool:
    """May tries of a step have been used up without a call: by who sends nothing to a participant that is not healthy?"""
    return any(
        fault.kind.value in _AWAY and case.saga.step(fault.step).participant == step.participant for fault in case.scenario.faults
    )


def crashed(case: Judged) -> bool:
    """Did the orchestrator die in this scenario, so that it may do again what it had not recorded?"""
    return any(fault.kind.value.startswith(_CRASH) for fault in case.scenario.faults)


def crash_steps(case: Judged) -> frozenset[str]:
    """Give the steps at whose calls the orchestrator died."""
    return frozenset(fault.step for fault in case.scenario.faults if fault.kind.value.startswith(_CRASH))


def is_clear(case: Judged, call: TracedCall) -> bool:
    """Did the caller hear, in time, an answer that leaves no doubt?"""
    in_time = call.ended_ms - call.at_ms <= case.saga.step(call.step).timeout_ms
    return in_time and call.heard in (CLEAR if call.role == Role.FORWARD else {"done"})


def turns_back(step: Step) -> bool:
    """Does the saga have to be undone when this step is refused?"""
    return not step.optional and step.step_class != StepClass.RETRIABLE


def first(calls: Iterable[TracedCall]) -> TracedCall | None:
    """Give the first of some calls."""
    return min(calls, key=lambda call: call.at_ms, default=None)


def _told_done(trace: Trace, step: str) -> Iterator[float]:
    for call in calls_of(trace, step, Role.FORWARD, Role.STATUS, Role.CALLBACK):
        if call.role == Role.CALLBACK:
            if call.arrivals and call.told == "done":
                yield call.at_ms
        elif call.heard == ("applied" if call.role == Role.STATUS else "done"):
            yield call.ended_ms
