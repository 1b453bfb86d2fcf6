"""What the saga service was told, by the answers that came back to it, by callbacks and by status calls (pure).

A record that nobody told it is a guess, however well it turns out.
"""

from collections.abc import Iterator
from typing import Any

from saga_contracts.declare.outputs import outputs_in
from saga_contracts.declare.saga import Step
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Kind, Role
from saga_e2e.judge.findings import Judged
from saga_e2e.proxy.meanings import RETRYABLE, UNDECLARED
from saga_e2e.proxy.trace import Answered, Fate, Trace, TracedCall, calls_of

_GONE = frozenset({"compensated", "absent", "refused"})
_SAME_AS_DONE = frozenset({"done"})
_SAME_AS_ACCEPTED = frozenset({"in_progress", "done", "refused"})  # its work may have ended meanwhile, either way


def unheard(case: Judged) -> Iterator[str]:
    """Say which steps are applied or compensated on record although nothing told the saga service so."""
    for step in case.saga.steps:
        state = case.found(step).state or _by_end(case, step)
        if state == "applied" and not _heard_applied(case.evidence.trace, step):
            yield f"{step.step} is applied on record, but no answer, callback or status call told the saga service so."
        undone = calls_of(case.evidence.trace, step.step, Role.COMPENSATE)
        if state == "compensated" and undone and not _heard_compensated(case.evidence.trace, step):
            yield f"{step.step} is compensated on record, but no answer or status call told the saga service so."
        if state == "refused" and not undone and _may_come_late(case.evidence.trace, step):
            yield f"{step.step} was refused and not compensated, although a try before had no answer and may still take effect."


def _by_end(case: Judged, step: Step) -> str:
    """Give a step's state by the saga's own end, where the record tells nothing of single steps."""
    if step.optional or case.skips(step) or not case.tells_condition(step):
        return ""
    return {End.COMMITTED: "applied", End.COMPENSATED: "compensated"}.get(End(case.end), "") if case.end in tuple(End) else ""


def second_answers(case: Judged) -> Iterator[str]:
    """Say where a call that came twice was answered the second time as if it were another one."""
    for call in case.evidence.trace:
        if call.arrivals > 1 and len(call.replies) == call.arrivals and call.role in (Role.FORWARD, Role.COMPENSATE):
            difference = _difference(case.saga.step(call.step), call)
            if difference:
                yield f"{call.step}: {call.request} came twice to {call.target}. {difference}"


def _difference(step: Step, call: TracedCall) -> str:
    """Which of two copies that came at once was the first, nobody knows: they may be in either order."""
    first, again = call.replies[0], call.replies[-1]
    at_once = call.met is not None and call.met.kind == Kind.OVERLAPPED
    if at_once and not _differs(step, call, again, first):
        return ""
    return _differs(step, call, first, again)


def _differs(step: Step, call: TracedCall, first: Answered, again: Answered) -> str:
    if again.outcome in (RETRYABLE, UNDECLARED) or first.outcome in (RETRYABLE, UNDECLARED):
        return ""  # the first is no answer yet, the second is I11
    allowed = {"done": _SAME_AS_DONE, "in_progress": _SAME_AS_ACCEPTED}.get(str(first.outcome), frozenset({first.outcome}))
    if again.outcome not in allowed:
        return f"It was answered {first.status} ({first.outcome}), then {again.status} ({again.outcome}) (O3)."
    if step.only_reads:
        return ""
    if call.role == Role.FORWARD and first.outcome == "done" and _outputs(step, first) != _outputs(step, again):
        return "Its outputs differ between the two answers (O3, O33)."
    return ""


def _outputs(step: Step, answered: Answered) -> dict[str, Any] | None:
    return outputs_in(step, answered.body, answered.reply.headers)


def _heard_applied(trace: Trace, step: Step) -> bool:
    calls = calls_of(trace, step.step, Role.FORWARD, Role.STATUS, Role.CALLBACK)
    return any(_tells_applied(call) for call in calls)


def _may_come_late(trace: Trace, step: Step) -> bool:
    """Had a try no answer before another one was refused, so that nobody knows whether it is still on its way (K5)?"""
    calls = calls_of(trace, step.step, Role.FORWARD)
    refused = next((place for place, call in enumerate(calls) if call.heard == "refused"), None)
    asked = any(call.heard in _GONE for call in calls_of(trace, step.step, Role.STATUS))
    if refused is None or step.compensate is None or asked:
        return False
    return any(call.fate == Fate.DELAYED or (call.heard is None and place < refused) for place, call in enumerate(calls))


def _tells_applied(call: TracedCall) -> bool:
    if call.role == Role.CALLBACK:
        return call.arrivals > 0 and call.told == "done"
    return call.heard == ("applied" if call.role == Role.STATUS else "done")


def _heard_compensated(trace: Trace, step: Step) -> bool:
    calls = calls_of(trace, step.step, Role.COMPENSATE, Role.STATUS)
    return any(call.heard == "done" if call.role == Role.COMPENSATE else call.heard in _GONE for call in calls)
