"""The executor: makes a saga's steps happen, in their declared order, until all are done or one has failed.

It can be stopped at any moment and called again: it goes on from what the store holds. Undoing is left to the compensator.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any

from saga_contracts.client import Completion, Saga, Step, StepCall, StepClass, Teller, outputs_in, runs, step_key
from saga_service.records import Attempt, Callback, Role, StepRecord, StepState
from saga_service.store import Store
from saga_service.work import asking, plan
from saga_service.work.attempts import Attempts
from saga_service.work.jobs import Job
from saga_service.work.tasks import stop
from saga_service.work.wakeups import Wakeups

_BY_REPLY = {"done": StepState.APPLIED, "refused": StepState.REFUSED, "suspended": StepState.REFUSED,
            "misused": StepState.REFUSED, "unsendable": StepState.REFUSED}  # fmt: skip


class Executor:
    """Runs steps forward.

    Args:
        store: The saga service's database.
        attempts: Makes calls with durable tries.
        wakeups: Tells when a callback came.
    """

    def __init__(self, store: Store, attempts: Attempts, wakeups: Wakeups) -> None:
        self._store, self._attempts, self._wakeups = store, attempts, wakeups

    async def execute(self, job: Job) -> None:
        """Run steps until none runs and none may start, be it that one has failed or that the saga's time is over.

        Under the policy to cancel the siblings of a failed step, those are left `running`: the compensator undoes them, too.
        """
        cancels = job.saga.policies.siblings_of_failed_step == "cancel"
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                records = await asyncio.to_thread(self._store.steps, job.saga_id)
                states = {name: record.state for name, record in records.items()}
                startable = plan.startable(job.saga, states)
                if await self._skip(job, startable, records):
                    continue
                over = is_out_of_time(job, states)
                if cancels and (over or plan.has_failed(job.saga, states)):
                    return
                begun = [name for name, state in states.items() if state == StepState.RUNNING]
                for name in {*begun, *([] if over else startable)} - set(tasks):
                    tasks[name] = asyncio.create_task(self._run(job, name, records))
                if not tasks:
                    return
                wake_s = job.left_s if cancels and not over and plan.can_time_out(job.saga, states) else None
                await asyncio.wait(tasks.values(), timeout=wake_s, return_when=asyncio.FIRST_COMPLETED)
                for name in [name for name, task in tasks.items() if task.done()]:
                    tasks.pop(name).result()
        finally:
            await stop(tasks.values())

    async def _skip(self, job: Job, startable: Iterable[str], records: Mapping[str, StepRecord]) -> bool:
        """Leave out the steps whose condition does not hold; were there any?"""
        context = {"payload": job.record.payload, "outputs": {name: record.outputs for name, record in records.items()}}
        skipped = [name for name in startable if not runs(job.saga.step(name), context)]
        for name in skipped:
            record = StepRecord(name, StepState.SKIPPED, "condition")
            await asyncio.to_thread(self._store.move_step, job.saga_id, record, (StepState.PENDING,))
        return bool(skipped)

    async def _run(self, job: Job, name: str, records: Mapping[str, StepRecord]) -> None:
        """Run one step to its outcome and record it."""
        step = job.saga.step(name)
        await asyncio.to_thread(self._store.move_step, job.saga_id, StepRecord(name, StepState.RUNNING), (StepState.PENDING,))
        outputs = {before: record.outputs for before, record in records.items() if record.state == StepState.APPLIED}
        record = _by_class(job.saga, step, await self._outcome(job, step, outputs))
        await asyncio.to_thread(self._store.move_step, job.saga_id, record, (StepState.RUNNING,))

    async def _outcome(self, job: Job, step: Step, outputs: Mapping[str, Mapping[str, Any]]) -> StepRecord:
        call = job.call(step, outputs)

        async def called_back() -> bool:
            return await self._callback(job, step) is not None

        made = await self._attempts.make(
            job, step, Role.FORWARD, lambda: job.client.attempt_forward(step.step, call), called_back
        )
        callback = await self._callback(job, step)
        if callback is None and made.outcome == "in_progress":
            callback = await self._await_callback(job, step, made)
        if callback is not None:
            return _called_back(step, callback, made)
        if step.polls and made.outcome == "in_progress":
            return await self._polled(job, step, call.knowing(step.step, made.outputs), made)
        if made.outcome in _BY_REPLY:
            return StepRecord(step.step, _BY_REPLY[made.outcome], made.outcome, made.outputs)
        is_pivot = step.step_class == StepClass.PIVOT
        if (made.outcome == "in_progress" or is_pivot) and not (is_pivot and job.saga.policies.uncertain_pivot == "forward"):
            return await asking.ask(self._attempts, job, step, call)
        return StepRecord(step.step, StepState.UNCERTAIN, made.outcome)

    async def _callback(self, job: Job, step: Step) -> Callback | None:
        if step.completion != Completion.CALLBACK:
            return None
        return await asyncio.to_thread(self._store.callback, job.saga_id, step.step)

    async def _await_callback(self, job: Job, step: Step, accepted: Attempt) -> Callback | None:
        """Wait for a callback until its time is over, which goes on while the service is down."""
        deadline = (accepted.ended_at or time.time()) + step.callback_timeout_ms / 1000
        with self._wakeups.listening(step_key(job.saga_id, step.step)) as came:
            while step.completion == Completion.CALLBACK:
                came.clear()
                callback = await self._callback(job, step)
                left_s = deadline - time.time()
                if callback is not None or left_s <= 0:
                    return callback
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(came.wait(), left_s)
        return None

    async def _polled(self, job: Job, step: Step, call: StepCall, accepted: Attempt) -> StepRecord:
        """Ask for the outcome of accepted work until it is told or its time is over, which goes on while the service is down."""
        deadline = (accepted.ended_at or time.time()) + step.polling.timeout_ms / 1000
        while True:
            asked = await self._attempts.once(job, step, Role.STATUS, lambda: job.client.attempt_status(step.step, call))
            outputs = {**accepted.outputs, **asked.outputs}
            if asked.outcome in asking.BY_STATUS:
                return StepRecord(step.step, asking.BY_STATUS[asked.outcome], f"status {asked.outcome}", outputs)
            if time.time() >= deadline:
                return StepRecord(step.step, StepState.UNCERTAIN, "no outcome", outputs)
            await asyncio.sleep(step.polling.interval_ms / 1000)


def _called_back(step: Step, callback: Callback, reply: Attempt) -> StepRecord:
    """Give the outcome that a callback told; a step whose reply and callback contradict one another is uncertain."""
    outcome = f"callback {callback.outcome}"
    told = StepState.APPLIED if callback.outcome == "done" else StepState.REFUSED
    replied = _BY_REPLY.get(str(reply.outcome))
    outputs = reply.outputs if replied == StepState.APPLIED else outputs_in(step, callback.body, told=Teller.CALLBACK)
    if replied not in (None, told) or (told == StepState.APPLIED and outputs is None):
        return StepRecord(step.step, StepState.UNCERTAIN, outcome)
    return StepRecord(step.step, told, outcome, {**reply.outputs, **(outputs or {})})


def _by_class(saga: Saga, step: Step, record: StepRecord) -> StepRecord:
    """A step that can only go forward does not fail: its tries are used up. So is an undecided pivot: it may have happened."""
    forward = step.step_class == StepClass.RETRIABLE or (step.only_reads and saga.goes_only_forward(step.step))
    only_forward = forward and record.state in (StepState.REFUSED, StepState.UNCERTAIN)
    undecided = step.step_class == StepClass.PIVOT and record.state == StepState.UNCERTAIN
    if only_forward or undecided:
        return StepRecord(record.step, StepState.EXHAUSTED, record.outcome, record.outputs)
    return record


def is_out_of_time(job: Job, states: plan.States) -> bool:
    """Is the saga's time over, and it is not too late to go back?"""
    return job.left_s is not None and job.left_s <= 0 and plan.can_time_out(job.saga, states)
