"""Why a played scenario proves nothing: a fault did not happen as it is named, or something happened that nobody injected (pure).

Such a run is neither kept nor broken; the harness could not find out. A fault counts only when it did what its name says: a lost
reply must have been the reply to a call that took effect, a lost request must have left none, a duplicate must have come twice.
What the participant answered stands in the trace, and so does what its state and effect were when it was asked at that moment.
"""

from collections.abc import Callable, Iterator

from saga_contracts.declare.saga import Saga, Step
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.readings import claims
from saga_e2e.proxy.meanings import RETRYABLE, UNDECLARED
from saga_e2e.proxy.trace import Asked, Fate, Trace, TracedCall, calls_of

_TAKEN = {
    Role.FORWARD: frozenset({"done", "in_progress"}),
    Role.COMPENSATE: frozenset({"done"}),
    Role.CALLBACK: frozenset({"done"}),
    Role.STATUS: frozenset({"applied", "absent", "refused", "compensated", "in_progress"}),
    Role.NOTIFICATION: frozenset({"done"}),
}
"""The answers after which a call has taken effect, or will."""


def doubt(case: Judged, findings: tuple[Finding, ...]) -> str | None:
    """Say in words why a run proves nothing, or None when it does.

    Args:
        case: Saga, scenario and evidence.
        findings: What the run came to; a call that was too slow only matters when something is broken.
    """
    missed = next(_not_as_named(case), None)
    if missed is not None:
        return missed
    is_broken = any(finding.verdict == Verdict.BROKEN for finding in findings)
    return (_too_slow(case.saga, case.evidence.trace) or _out_of_time(case)) if is_broken else None


def _not_as_named(case: Judged) -> Iterator[str]:
    for fault in case.scenario.faults:
        if fault.role == Role.CREATION:
            if len(case.evidence.creations) < _TWICE:
                yield f"{NEVER_MET}: {fault.text}. The saga was created once only."
            continue
        if fault.kind == Kind.DOWN:
            continue  # it was down, whoever called it
        met = [call for call in case.evidence.trace if call.met == fault]
        if not (_was_refused(case.evidence.trace, fault) if fault.kind == Kind.REFUSED else met):
            yield f"{NEVER_MET}: {fault.text}. The saga did not make this call."
        for call in met:
            why = _untrue(case, fault, call)
            if why is not None:
                yield f"The fault did not happen as it is named, so nothing was learned: {fault.text}. {why}"


def _was_refused(trace: Trace, fault: Fault) -> bool:
    calls = calls_of(trace, fault.step, Role.FORWARD, Role.CALLBACK)
    return any(call.outcome == "refused" or call.told == "refused" for call in calls)


NEVER_MET = "The fault was never met, so nothing was learned"


def _untrue(case: Judged, fault: Fault, call: TracedCall) -> str | None:
    """Say why a fault was not what it is called, at one call that it met; None when it was."""
    special = _SPECIAL.get(fault.kind)
    if special is not None:
        return special(case, call)
    if fault.kind in _NOT_ARRIVED:
        effect = _effect_before(case, call)
        return _tells_nothing(call) if call.role == Role.CALLBACK else _state_differs(case, call, effect=effect)
    if not _is_taken(case, call):
        return (
            _answered(call, "so that it took no effect") if call.replies else f"{call.target} gave no answer to {call.request}."
        )
    if call.role == Role.FORWARD and call.step in case.scenario.refusing and case.saga.step(call.step).tells_later:
        return None  # it is refused at some moment after it was accepted
    effect = call.role == Role.FORWARD and call.outcome != "refused" and not _undone_before(case, call)
    return _state_differs(case, call, effect=effect)


def _is_taken(case: Judged, call: TracedCall) -> bool:
    """Did a call do its work? Where the scenario refuses a step, it is its work to refuse."""
    refusing = call.role == Role.FORWARD and call.step in case.scenario.refusing
    return call.outcome in _TAKEN.get(call.role, frozenset()) or (refusing and call.outcome == "refused")


def _effect_before(case: Judged, call: TracedCall) -> bool:
    """Was the effect there before a call that never arrived?"""
    earlier = _arrived_before(case, call, Role.FORWARD)
    undone = _undone_before(case, call)
    if call.role == Role.COMPENSATE:
        return bool(earlier) and not undone
    return any(one.outcome in _TAKEN[Role.FORWARD] for one in earlier) and not undone


def _undone_before(case: Judged, call: TracedCall) -> bool:
    return any(one.outcome == "done" for one in _arrived_before(case, call, Role.COMPENSATE))


def _arrived_before(case: Judged, call: TracedCall, role: Role) -> list[TracedCall]:
    return [one for one in calls_of(case.evidence.trace, call.step, role) if one.arrivals and one.at_ms < call.at_ms]


def _not_twice(case: Judged, call: TracedCall) -> str | None:
    if not _is_taken(case, call):
        return (
            _answered(call, "so that it took no effect") if call.replies else f"{call.target} gave no answer to {call.request}."
        )
    if len(call.replies) < call.arrivals:
        return f"{call.target} gave no answer to {call.request} when it came again."
    again = call.replies[-1]
    return f"{call.request} was answered {again.status} when it came again: try later." if again.outcome == RETRYABLE else None


def _not_late(case: Judged, call: TracedCall) -> str | None:
    """It must have been answered clearly when it came at last."""
    del case
    return None if call.outcome not in (None, RETRYABLE) else _answered(call, "when it arrived at last")


def _not_after_undo(case: Judged, call: TracedCall) -> str | None:
    undone = [one for one in calls_of(case.evidence.trace, call.step, Role.COMPENSATE) if one.outcome == "done"]
    if not any(one.at_ms < call.at_ms for one in undone):
        return f"{call.request} did not arrive after a compensation of {call.step}."
    return _not_late(case, call)


def _not_slow(case: Judged, call: TracedCall) -> str | None:
    return None if _is_taken(case, call) else _answered(call, "so that it took no effect")


def _not_within(case: Judged, call: TracedCall) -> str | None:
    del case
    return f"{call.target} had answered {call.request} before it was killed." if call.replies else None


def _not_early(case: Judged, call: TracedCall) -> str | None:
    forward = calls_of(case.evidence.trace, call.step, Role.FORWARD)
    if any(one.at_ms < call.at_ms and call.ended_ms <= one.ended_ms for one in forward):
        return _tells_nothing(call)
    return f"{call.request} came after the reply to the forward call of {call.step}."


def _not_foreign(case: Judged, call: TracedCall) -> str | None:
    del case
    return _tells_nothing(call) if call.beside else f"{call.target} gave no answer to a callback that belongs to nobody."


_TWICE = 2
_NOT_ARRIVED = (*(Kind.REQUEST_LOST, Kind.UNAVAILABLE, Kind.CUT, Kind.RECEIVER_DIES_BEFORE, Kind.CALLER_DIES_BEFORE_SEND),)
_SPECIAL: dict[Kind, Callable[[Judged, TracedCall], str | None]] = {
    Kind.DUPLICATED: _not_twice,
    Kind.OVERLAPPED: _not_twice,
    Kind.SLOW: _not_slow,
    Kind.PAUSED: _not_slow,
    Kind.DELAYED: _not_late,
    Kind.LATE_AFTER_UNDO: _not_after_undo,
    Kind.RECEIVER_DIES_WITHIN: _not_within,
    Kind.EARLY: _not_early,
    Kind.FOREIGN: _not_foreign,
}
"""Kinds of fault of which the answers and their times tell all."""


def _tells_nothing(call: TracedCall) -> str | None:
    return None if call.told is not None else f"The body of {call.request} told no outcome that the saga file declares."


def _answered(call: TracedCall, remark: str) -> str:
    if not call.replies:
        return f"{call.target} gave no answer to {call.request} {remark}."
    meaning = "which the saga file does not declare" if call.outcome == UNDECLARED else f"which means {call.outcome}"
    return f"{call.target} answered {call.request} with {call.status}, {meaning}, {remark}."


def _state_differs(case: Judged, call: TracedCall, *, effect: bool) -> str | None:
    """Say that the participant's own state contradicts what the fault is called, or cannot be told."""
    step, asked = case.saga.step(call.step), call.asked
    if asked is None or call.role not in (Role.FORWARD, Role.COMPENSATE):
        return None
    if asked.trouble:
        return f"Whether {call.request} took effect could not be asked: {asked.trouble}"
    told = claims(step, asked, shared=step.step in case.shared_probes or _is_to_come(step, call, asked))
    if effect in told or not _can_tell(case, step, call):
        return None
    wanted = "took effect" if (effect == (call.role == Role.FORWARD)) else "took no effect"
    return f"{call.target} does not show that {call.request} {wanted}: {_seen(step, asked)}."


def _is_to_come(step: Step, call: TracedCall, asked: Asked) -> bool:
    """Is the effect made later, so that the probe cannot show it yet, and no status call tells that it was accepted?"""
    return step.tells_later and call.outcome == "in_progress" and asked.status is None


def _can_tell(case: Judged, step: Step, call: TracedCall) -> bool:
    """Does the step declare anything by which its state can be told?"""
    if step.status is not None:
        return True
    readable = step.probe is not None and step.step not in case.shared_probes
    return readable and not (call.asked is not None and _is_to_come(step, call, call.asked))


def _seen(step: Step, asked: Asked) -> str:
    parts = [] if step.status is None else [f"its status call tells {asked.status}"]
    if step.probe is not None:
        parts.append(f"its probe {'was not read' if asked.probe_trouble else f'reads {str(asked.probe)[:160]}'}")
    return ", ".join(parts)


def _out_of_time(case: Judged) -> str | None:
    """Say that the saga's own time was over, though the scenario is not about that."""
    trace, allowed_ms = case.evidence.trace, case.saga.timeout_ms
    if allowed_ms is None or not trace or any(fault.kind == Kind.SLOW for fault in case.scenario.faults):
        return None
    took_ms = max(call.ended_ms for call in trace) - min(call.at_ms for call in trace)
    if took_ms <= allowed_ms:
        return None
    return (
        f"The saga took {took_ms:.0f} ms, and its time is over after {allowed_ms} ms, so that it may have been undone for that. "
        "Give it more time than its faults take, or play fewer scenarios at once."
    )


def _too_slow(saga: Saga, trace: Trace) -> str | None:
    for call in trace:
        took_ms, allowed_ms = call.ended_ms - call.at_ms, saga.step(call.step).timeout_ms
        if call.role in (Role.FORWARD, Role.COMPENSATE) and call.fate in (Fate.OK, Fate.UNANSWERED) and took_ms > allowed_ms:
            return (
                f"{call.request} ({call.step}) took {took_ms:.0f} ms at {call.target} although no fault delayed it; "
                f"{allowed_ms} ms are declared. Either the participant is too slow (O21), or this machine was overloaded: "
                "play fewer scenarios at once."
            )
    return None
