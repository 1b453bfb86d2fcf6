"""Why a played scenario proves nothing: its fault never happened, or something happened that nobody injected (pure).

Such a run is neither kept nor broken; the harness could not find out.
"""

from collections.abc import Iterable

from saga_contracts.declare.outcomes import Outcome
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.judge.findings import Finding
from saga_e2e.proxy.trace import Fate, Trace, calls_of


def doubt(saga: Saga, faults: Iterable[tuple[Fault, bool]], trace: Trace, findings: Iterable[Finding]) -> str | None:
    """Say in words why a run proves nothing, or None when it does.

    Args:
        saga: The saga.
        faults: Each fault of the scenario, and whether the proxy has met a call with it.
        trace: Every call of the run.
        findings: What the run came to; a call that was too slow only matters when something is broken.
    """
    missed = _never_met(faults, trace)
    if missed is not None:
        return missed
    is_broken = any(finding.verdict == Verdict.BROKEN for finding in findings)
    return _too_slow(saga, trace) if is_broken else None


def _never_met(faults: Iterable[tuple[Fault, bool]], trace: Trace) -> str | None:
    for fault, met in faults:
        if not (_was_refused(trace, fault) if fault.kind == Kind.REFUSED else met):
            return f"The fault was never met, so nothing was learned: {fault.text}. The saga did not make this call."
    return None


def _was_refused(trace: Trace, fault: Fault) -> bool:
    calls = calls_of(trace, fault.step, Role.FORWARD, Role.CALLBACK)
    return any(Outcome.REFUSED in (call.outcome, call.told) for call in calls)


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
