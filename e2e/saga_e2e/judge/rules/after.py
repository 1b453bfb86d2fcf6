"""AFTER: once a saga has come to its end, nothing happens to it any more (pure).

Late arrivals that were injected, callbacks of work that was accepted before, and what tells the owner come after the end and are
right. So is what a checker does that was asked to look.
"""

from collections.abc import Iterator

from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import Finding, Judged, judged, not_applicable
from saga_e2e.judge.moments import sent

_SILENT = (Role.FORWARD, Role.COMPENSATE, Role.STATUS)


def nothing_after(case: Judged) -> Finding:
    """AFTER: no call is made for a saga that has ended, and no step of its record changes."""
    ended_ms = case.evidence.ended_ms
    if not ended_ms or not case.evidence.record.ended:
        return not_applicable("AFTER", "The saga was not seen to end.")
    broken = [] if case.checked else [*_calls(case, ended_ms), *_changes(case)]
    watched = f" It was watched for {case.evidence.stillness_ms} ms." if case.evidence.stillness_ms else ""
    return judged("AFTER", broken, [], f"Nothing happened to the saga after its end.{watched}")


def _calls(case: Judged, ended_ms: float) -> Iterator[str]:
    for step in case.saga.steps:
        for call in sent(case, step.step, *_SILENT):
            if call.at_ms > ended_ms:
                after_ms = call.at_ms - ended_ms
                yield f"The {call.role.value} call of {step.step} was sent {after_ms:.0f} ms after the saga was {case.end}."


def _changes(case: Judged) -> Iterator[str]:
    first, again = case.evidence.record, case.evidence.again
    for name, state in first.steps.items():
        now = again.steps.get(name, state)
        if now != state:
            yield f"{name} was {state} when the saga ended, and is {now} now."
