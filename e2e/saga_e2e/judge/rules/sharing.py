"""I9: nothing is left behind for which somebody waits: no lock, no hold, no message that was not taken (pure).

Also what two sagas on one resource owe each other (O22 to O24): the second gets the declared conflict while the first holds the
lock, and no lock outlives its saga.
"""

from collections.abc import Iterator

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Step
from saga_e2e.derive.faults import Role
from saga_e2e.judge.evidence import Evidence
from saga_e2e.judge.findings import Finding, Judged, judged, not_applicable
from saga_e2e.judge.moments import done_at_ms, first, sent
from saga_e2e.proxy.trace import TracedCall, calls_of


def nothing_left_over(case: Judged) -> Finding:
    """I9: no lock, no hold and no unsent message is left when the saga is over."""
    if not case.evidence.record.ended:
        return not_applicable("I9", "The saga has not come to an end.")
    locks = [step for step in case.saga.steps if step.semantic_lock is not None]
    broken = [text for step in case.saga.steps for text in _untaken(case, step)]
    broken += [text for step in locks for other in case.evidence.others for text in _of_two(case, step, other)]
    told = any(step.callback is not None for step in case.saga.steps) and "every callback was taken"
    held = bool(locks and case.evidence.others) and "no lock outlived its saga"
    seen = [one for one in (told, held) if one]
    if not seen and not broken:
        why = (
            "Locks show only where a second saga meets them." if locks else "The saga file declares neither locks nor callbacks."
        )
        return not_applicable("I9", f"{why} Holds are seen by the probes (I3).")
    return judged("I9", broken, [], f"{' and '.join(seen).capitalize()}; holds are seen by the probes (I3).")


def _untaken(case: Judged, step: Step) -> Iterator[str]:
    """A callback that nobody takes is told again and again: its row stays in the participant's outbox."""
    calls = calls_of(case.evidence.trace, step.step, Role.CALLBACK)
    if not calls or any(fault.role == Role.CALLBACK and fault.step == step.step for fault in case.scenario.faults):
        return
    last = calls[-1]
    if last.arrivals and last.heard != "done":
        answer = f"answered {last.status}" if last.replies else "not answered"
        yield f"The callback of {step.step} was never taken: it was {answer} at last, so its participant still has it to tell."


def _of_two(case: Judged, step: Step, other: Evidence) -> Iterator[str]:
    """Judge one lock of this saga by what another saga on the same resource met there."""
    assert step.semantic_lock is not None  # noqa: S101  (only asked where there is one)
    if case.found(step).context.get("payload") is None or not _same_resource(case, step, other):
        return
    theirs = Judged(case.saga, case.scenario, other)
    freed, taken, conflict = _freed_at_ms(case, step), done_at_ms(case, step.step), step.semantic_lock.conflict
    held_until = max(call.at_ms for call in case.evidence.trace) if freed is None else freed  # at least
    for call in sent(theirs, step.step, Role.FORWARD):
        if call.heard == conflict and freed is not None and call.at_ms > freed and not _held_by_itself(theirs, step, call):
            yield f"{step.step} answered another saga `{conflict}` after the lock of this saga was free (O24)."
        if call.heard == "done" and taken is not None and taken < call.at_ms and call.ended_ms < held_until:
            yield f"{step.step} was done for another saga while this one held its lock (O22)."


def _same_resource(case: Judged, step: Step, other: Evidence) -> bool:
    lock = step.semantic_lock
    assert lock is not None  # noqa: S101  (only asked where there is one)
    return bool(
        templates.fill(lock.resource, case.found(step).context) == templates.fill(lock.resource, other.step(step.step).context)
    )


def _freed_at_ms(case: Judged, step: Step) -> float | None:
    """Say when a call freed the lock: its compensation, or the later step that frees it; None when no call did."""
    assert step.semantic_lock is not None  # noqa: S101  (only asked where there is one)
    undone = [call.ended_ms for call in sent(case, step.step, Role.COMPENSATE) if call.heard == "done"]
    by = step.semantic_lock.released_by
    freed = done_at_ms(case, by) if by is not None else None
    return min((*undone, *([] if freed is None else [freed])), default=None)


def _held_by_itself(theirs: Judged, step: Step, call: TracedCall) -> bool:
    """Had the other saga been refused before, so that its participant says the same again?"""
    earlier = first(sent(theirs, step.step, Role.FORWARD))
    return earlier is not None and earlier.at_ms < call.at_ms
