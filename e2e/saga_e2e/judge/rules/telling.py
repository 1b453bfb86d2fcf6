"""What the owner is told: all that it must hear of, and nothing else (pure).

I6      each escalation reached the owner, once for each step that it is about
ALARM   the owner is told of nothing that did not happen, and of the right step by an event that fits it
"""

from collections.abc import Iterator

from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import OPEN, Finding, Judged, judged, not_applicable
from saga_e2e.proxy.trace import TracedCall, calls_of

_OF_UNDOING = ("compensat", "undo", "undone", "rollback", "rolled")
_OF_SUCCESS = ("commit", "success", "succeed", "complet", "finished")
_AT_REST = frozenset({"compensated", "refused", "skipped", "pending"})
_FORWARD_ONLY = frozenset({"exhausted"})


def owner_was_told(case: Judged) -> Finding:
    """I6: each escalation reached the owner, once for each step that it is about."""
    if case.end != End.ESCALATED:
        return not_applicable("I6", "The saga is not escalated.")
    if case.saga.policies.owner_notification is None:
        return judged("I6", ["The saga file names nobody to tell: add `policies.owner_notification`."], [], "")
    told = {call.step for call in _notifications(case) if call.outcome == "done"}
    broken = [f"The owner was not told about {name}." for name in _to_tell(case) if name not in told]
    if not told:
        broken = ["The owner was told nothing.", *broken]
    return judged("I6", broken, [], f"The owner was told about {', '.join(sorted(told))}.")


def no_false_alarm(case: Judged) -> Finding:
    """ALARM: the owner hears only of what could be neither finished nor undone, by an event that says so."""
    told = _notifications(case)
    if not told:
        return not_applicable("ALARM", "The owner was told nothing.")
    broken = dict.fromkeys(text for call in told for text in _false(case, call))
    return judged("ALARM", broken, [], f"The owner was told of {', '.join(dict.fromkeys(_said(call) for call in told))}.")


def _to_tell(case: Judged) -> list[str]:
    """Give the steps of which the owner must hear: those that did not come to their end by the record."""
    return [step.step for step in case.saga.steps if case.found(step).state in OPEN and not _may_be_silent(case, step.step)]


def _may_be_silent(case: Judged, name: str) -> bool:
    """An optional step that only goes forward and had no success is nobody's trouble."""
    return case.saga.step(name).optional and case.evidence.step(name).state in _FORWARD_ONLY


def _false(case: Judged, call: TracedCall) -> Iterator[str]:
    state = case.evidence.step(call.step).state
    if case.checked:
        return  # what a checker has found is told, whatever the record said before
    if case.end != End.ESCALATED and state not in OPEN:
        yield f"The owner was told {_said(call)} although the saga is {case.end}."
    elif state in _AT_REST or (state == "applied" and not _stays(case, call.step)):
        yield f"The owner was told {_said(call)}, but {call.step} is {state}."
    elif any(word in (call.told or "").lower() for word in _OF_SUCCESS):
        yield f"The owner was told {_said(call)}, which speaks of success, but {call.step} is {state or case.end}."
    elif state in _FORWARD_ONLY and any(word in (call.told or "").lower() for word in _OF_UNDOING):
        yield f"The owner was told {_said(call)}, which speaks of undoing, but {call.step} was not undone: it had no more tries."


def _stays(case: Judged, name: str) -> bool:
    """May an applied step be left so in a saga that is undone: nothing undoes it, or the undoing stopped before?"""
    step = case.saga.step(name)
    return step.compensate is None or case.saga.policies.failing_compensation == "stop"


def _said(call: TracedCall) -> str:
    return f"`{call.told}` of {call.step}" if call.told else f"something of {call.step}"


def _notifications(case: Judged) -> list[TracedCall]:
    return [call for step in case.saga.steps for call in calls_of(case.evidence.trace, step.step, Role.NOTIFICATION)]
