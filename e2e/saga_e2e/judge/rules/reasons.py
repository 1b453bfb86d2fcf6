"""Forward order, and no call without a reason (pure).

ORDER    a step is begun only once all steps before it are done
REASON   nothing is run whose condition does not hold, undone without a cause, begun after the saga was lost, asked for
         without a doubt, or repeated after a clear answer
"""

from collections.abc import Iterator

from saga_contracts.declare.saga import Step
from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import Finding, Judged, judged
from saga_e2e.judge.moments import (
    crash_steps,
    crashed,
    done_at_ms,
    first,
    is_clear,
    late,
    may_be_held_back,
    may_have_failed_by,
    refused_at_ms,
    sent,
    turns_back,
)
from saga_e2e.proxy.trace import TracedCall

_AT_ONCE_MS, _KNOWINGLY_MS = 100, 1500
"""How soon after a refusal a step may still be begun: by who could not know yet, and where all before it was done before."""


def forward_order(case: Judged) -> Finding:
    """ORDER: the forward call of a step comes only after all steps in its `after` are done."""
    begun = [(step, call) for step in case.saga.steps if (call := first(sent(case, step.step, Role.FORWARD)))]
    broken = [
        f"{step.step} was begun before {name} was done: {call.request} came when nothing had told yet that {name} is done."
        for step, call in begun
        for name in sorted(case.saga.ancestors(step.step), key=case.saga.graph.index.__getitem__)
        if not _is_behind(case, case.saga.step(name), call)
    ]
    order = ", ".join(step.step for step, _ in sorted(begun, key=lambda pair: pair[1].at_ms))
    return judged("ORDER", broken, [], f"Begun in this order: {order or 'nothing was begun'}.")


def _is_behind(case: Judged, before: Step, call: TracedCall) -> bool:
    """Need nobody wait for a step any more: is it done, left out, or optional and given up?"""
    if case.skips(before) or not case.tells_condition(before):
        return True
    done = done_at_ms(case, before.step)
    return (done is not None and done <= call.at_ms) or (before.optional and may_have_failed_by(case, before, call.at_ms))


def with_reason(case: Judged) -> Finding:
    """REASON: every call of the orchestrator has a cause that can be seen."""
    rules = (
        _against_its_condition,
        _undone_without_cause,
        _undone_unbegun,
        _begun_after_failure,
        _asked_without_doubt,
        _repeated,
    )
    broken = [text for step in case.saga.steps for rule in rules for text in rule(case, step)]
    return judged("REASON", broken, [], "Every call of the saga service has a cause that can be seen.")


def _against_its_condition(case: Judged, step: Step) -> Iterator[str]:
    if case.skips(step) and sent(case, step.step, Role.FORWARD):
        yield f"{step.step} was run although its condition {step.when} does not hold."


def _undone_without_cause(case: Judged, step: Step) -> Iterator[str]:
    undone = first(sent(case, step.step, Role.COMPENSATE))
    if undone is None or case.checked or _had_cause(case, step, undone.at_ms):
        return
    yield f"{step.step} was compensated without a cause: no needed step was refused or given up by then."


def _had_cause(case: Judged, step: Step, at_ms: float) -> bool:
    calls = case.evidence.trace
    allowed_ms = case.saga.timeout_ms
    out_of_time = allowed_ms is not None and at_ms - min(call.at_ms for call in calls) >= allowed_ms / 2
    return out_of_time or any(
        may_have_failed_by(case, other, at_ms) for other in case.saga.steps if not other.optional or other is step
    )


def _undone_unbegun(case: Judged, step: Step) -> Iterator[str]:
    """A step that was never begun has nothing to undo; after a crash nobody may know whether it was."""
    undone, begun = first(sent(case, step.step, Role.COMPENSATE)), first(sent(case, step.step, Role.FORWARD))
    if undone is None or crashed(case) or case.checked or late(case, step.step, Role.FORWARD):
        return
    if may_be_held_back(case, step):
        return
    if begun is None or begun.at_ms > undone.at_ms:
        yield f"{step.step} was compensated although its forward call had not been sent."


def _begun_after_failure(case: Judged, step: Step) -> Iterator[str]:
    begun = first(sent(case, step.step, Role.FORWARD))
    if begun is None or late(case, step.step, Role.FORWARD):
        return
    for other in case.saga.steps:
        refused = refused_at_ms(case, other.step) if turns_back(other) and other is not step else None
        undone = first(sent(case, other.step, Role.COMPENSATE)) if not other.optional and other is not step else None
        if undone is not None and undone.at_ms < begun.at_ms:
            yield f"{step.step} was begun although {other.step} was being compensated by then."
        elif refused is not None and _knowingly(case, step, begun, refused):
            yield f"{step.step} was begun {begun.at_ms - refused:.0f} ms after the refusal of {other.step}."


def _knowingly(case: Judged, step: Step, begun: TracedCall, refused_ms: float) -> bool:
    """Was a step begun after a refusal that must have been known by then?"""
    after_ms, crash = begun.at_ms - refused_ms, crashed(case)
    waited = [done for name in case.saga.graph.direct(step.step) if (done := done_at_ms(case, name)) is not None]
    became_free_later = bool(waited) and max(waited) - refused_ms > _AT_ONCE_MS
    return after_ms > _AT_ONCE_MS and (became_free_later or (after_ms > _KNOWINGLY_MS and not crash))


def _asked_without_doubt(case: Judged, step: Step) -> Iterator[str]:
    """A status call is for what is not known: a call without a clear answer, or work that was accepted."""
    if step.polls or crashed(case) or case.checked:
        return
    if late(case, step.step, Role.FORWARD, Role.COMPENSATE):
        return
    for asked in sent(case, step.step, Role.STATUS):
        begun = any(call.at_ms <= asked.at_ms for call in sent(case, step.step, Role.FORWARD, Role.COMPENSATE))
        if not _in_doubt(case, step, asked.at_ms):
            what = "what became of it had been told clearly" if begun else "no call of it had been made"
            yield f"{step.step} was asked for its status without a doubt: {what} by then."
            return


def _in_doubt(case: Judged, step: Step, at_ms: float) -> bool:
    """Is there a call of a step at this moment of which nobody has told what became of it?"""
    told = [moment for moment in (done_at_ms(case, step.step), refused_at_ms(case, step.step)) if moment is not None]
    for role in (Role.FORWARD, Role.COMPENSATE):
        before = [call for call in sent(case, step.step, role) if call.at_ms <= at_ms]
        clear = any(is_clear(case, call) and call.ended_ms <= at_ms for call in before)
        known = clear or (role == Role.FORWARD and any(moment <= at_ms for moment in told))
        if before and not known:
            return True
    return False


def _repeated(case: Judged, step: Step) -> Iterator[str]:
    """What was answered clearly is not sent again; after a crash, only what was under way then."""
    recorded = any(step.step in case.saga.ancestors(name) for name in crash_steps(case))
    if crashed(case) and not recorded:
        return
    for role in (Role.FORWARD, Role.COMPENSATE):
        calls = sent(case, step.step, role)
        answered = [call for call in calls if is_clear(case, call)]
        again = next((call for call in calls for one in answered if one is not call and one.ended_ms <= call.at_ms), None)
        if again is not None:
            yield f"The {role.value} call of {step.step} was sent again although it had been answered clearly."
