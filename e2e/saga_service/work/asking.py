"""Asking a participant what became of a forward call whose outcome did not come.

A step that cannot be undone leaves nothing behind that would stop a call that is late. So that it is absent decides nothing as
long as one of its calls may still arrive: it is asked again until its time is over, and then it is undecided, whatever was told.
"""

import asyncio
import time
from collections.abc import Iterable

from saga_contracts.client import Step, StepCall, StepClass
from saga_service.records import Attempt, Role, StepRecord, StepState
from saga_service.work.attempts import Attempts
from saga_service.work.jobs import Job

BY_STATUS = {"applied": StepState.APPLIED, "refused": StepState.REFUSED, "compensated": StepState.REFUSED}
"""What a step is that tells one of these."""


async def ask(attempts: Attempts, job: Job, step: Step, call: StepCall) -> StepRecord:
    """Ask for a step's state, a pivot until it is decided or its time is over. No clear answer leaves the step uncertain."""
    uncertain = StepRecord(step.step, StepState.UNCERTAIN, "no outcome")
    if step.status is None:
        return uncertain
    asked = await (_ask_again if step.step_class == StepClass.PIVOT else _ask)(attempts, job, step, call)
    state = _state(step, asked, await attempts.past(job, step, Role.FORWARD))
    if state is None or (state == StepState.APPLIED and step.forward.outputs):
        return uncertain
    return StepRecord(step.step, state, f"status {asked.outcome}")


async def _ask(attempts: Attempts, job: Job, step: Step, call: StepCall) -> Attempt:
    return await attempts.make(job, step, Role.STATUS, lambda: job.client.attempt_status(step.step, call))


async def _ask_again(attempts: Attempts, job: Job, step: Step, call: StepCall) -> Attempt:
    """Ask until the answer decides, or the time is over that goes on while the service is down."""
    forward = await attempts.past(job, step, Role.FORWARD)
    until = max((one.ended_at or 0.0 for one in forward), default=0.0) + asked_for_s(job, step)
    asked = len(await attempts.past(job, step, Role.STATUS))
    while True:
        last = await attempts.once(job, step, Role.STATUS, lambda: job.client.attempt_status(step.step, call))
        asked += 1
        if _state(step, last, forward) is not None or time.time() >= until:
            return last
        await asyncio.sleep(attempts.backoff.pause_s(asked))


def asked_for_s(job: Job, step: Step) -> float:
    """Give for how many seconds after its last try an undecided pivot is asked."""
    declared_ms = job.saga.policies.ask_for_ms
    return (step.timeout_ms if declared_ms is None else declared_ms) / 1000


def _state(step: Step, asked: Attempt, forward: Iterable[Attempt]) -> StepState | None:
    """Give what an answer makes of the step; None when it decides nothing."""
    is_late = any(one.may_still_arrive or one.outcome == "in_progress" for one in forward)
    if step.step_class == StepClass.PIVOT and asked.outcome == "absent" and not is_late:
        return StepState.REFUSED
    return BY_STATUS.get(str(asked.outcome))
