"""I12: the work for a saga is bounded: no call is sent more often, or sooner again, than declared (pure).

Forward calls and compensations have their declared tries and pauses. A status call is made as often as there is a doubt, and no
storm; a callback and a notification are repeated until they are taken, at some pace, and not after that.
"""

from collections.abc import Iterator
from itertools import pairwise

from saga_contracts.declare.saga import Step, StepClass
from saga_e2e.derive.ends import tries_of
from saga_e2e.derive.faults import Role
from saga_e2e.judge.findings import Finding, Judged, judged
from saga_e2e.judge.moments import is_clear, sent
from saga_e2e.proxy.trace import Trace, calls_of

_TOLERANCE, _JITTER_MS = 0.2, 50
"""How much sooner than it was sent a call may seem to come: clocks of the way are not exact."""
STORM, _STORM_MS = 30, 1000
"""So many calls of one kind within this time are a storm, whatever they are for."""
_LEAST_WAIT_MS = 50


def bounded_work(case: Judged) -> Finding:
    """I12: no call was sent more often, or sooner again, than declared; a crash of the saga service may begin the tries anew."""
    begun = 1 + sum(fault.kind.value.startswith("caller_dies") for fault in case.scenario.faults)
    rules = (_too_often, _asked_too_often, _told_again, _storms)
    broken = [text for step in case.saga.steps for rule in rules for text in rule(case, step, begun)]
    return judged("I12", broken, [], "No call was sent more often than declared.")


def _too_often(case: Judged, step: Step, begun: int) -> Iterator[str]:
    for role in (Role.FORWARD, Role.COMPENSATE):
        count, tries = len(calls_of(case.evidence.trace, step.step, role)), tries_of(step, role, case.saga.policies)
        if count > tries * begun:
            yield f"The {role} call of {step.step} was sent {count} times; {tries} tries are declared."
        yield from _too_soon(case, step, role)


def _too_soon(case: Judged, step: Step, role: Role) -> Iterator[str]:
    """Say which tries came before the declared pause was over; a caller may take half of it off by chance."""
    backoff = step.undo_backoff if role == Role.COMPENSATE else step.backoff
    if backoff is None or any(fault.crashes for fault in case.scenario.faults):
        return
    for tries, (one, again) in enumerate(pairwise(sent(case, step.step, role)), 1):
        gap_ms, least_ms = again.at_ms - one.at_ms, backoff.pause_ms(tries) / 2
        if gap_ms < least_ms * (1 - _TOLERANCE) - _JITTER_MS:
            yield (
                f"The {role} call of {step.step} was sent again after {gap_ms:.0f} ms; "
                f"a pause of at least {least_ms:.0f} ms is declared."
            )


def _asked_too_often(case: Judged, step: Step, begun: int) -> Iterator[str]:
    """Each call without a clear answer is a doubt, and so is work that was accepted; each doubt has the step's tries.

    A pivot is asked for as long as one of its calls may still arrive, at some pace.
    """
    asked = sent(case, step.step, Role.STATUS)
    if not asked:
        return
    waited = [call for call in asked if call.heard == "in_progress" or step.polls or step.step_class == StepClass.PIVOT]
    doubts = sum(not is_clear(case, call) for call in sent(case, step.step, Role.FORWARD, Role.COMPENSATE))
    most = step.tries * (1 + doubts + 2 * case.checked) * begun
    if len(asked) - len(waited) > most:
        yield f"The status call of {step.step} was sent {len(asked)} times; its doubts are worth {most} at most."
    pause_ms = step.polling.interval_ms / 2 if step.polls else _LEAST_WAIT_MS
    span_ms = waited[-1].at_ms - waited[0].at_ms if waited else 0
    if len(waited) > most + span_ms / pause_ms:
        yield f"The status call of {step.step} was sent {len(waited)} times in {span_ms:.0f} ms while its work was under way."


def _told_again(case: Judged, step: Step, begun: int) -> Iterator[str]:
    """What was taken is not told again without end; once or twice more may come of a crash or of several who tell."""
    for role in (Role.CALLBACK, Role.NOTIFICATION):
        calls = calls_of(case.evidence.trace, step.step, role)
        taken = next((index for index, call in enumerate(calls) if call.heard == "done"), len(calls))
        again = len(calls) - taken - 1
        if again > step.tries * begun:
            yield f"The {role.value} of {step.step} was sent {again} times more after it had been taken."


def _storms(case: Judged, step: Step, _begun: int) -> Iterator[str]:
    for role in Role:
        calls = calls_of(case.evidence.trace, step.step, role)
        if _is_storm(calls):
            yield f"The {role.value} call of {step.step} was sent {len(calls)} times, {STORM} of them within {_STORM_MS} ms."


def _is_storm(calls: Trace) -> bool:
    return any(later.at_ms - one.at_ms < _STORM_MS for one, later in zip(calls, calls[STORM - 1 :], strict=False))
