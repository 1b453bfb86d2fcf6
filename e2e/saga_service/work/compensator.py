"""The compensator: undoes a saga's steps in the reverse of their declared order, side by side where the order leaves it open.

It can be stopped at any moment and called again: it goes on from what the store holds.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from saga_contracts.client import Step
from saga_service.records import Role, SagaState, StepRecord, StepState
from saga_service.store import Store
from saga_service.work import plan
from saga_service.work.attempts import Attempts
from saga_service.work.jobs import Job
from saga_service.work.tasks import stop

_BEFORE = (StepState.RUNNING, StepState.APPLIED, StepState.UNCERTAIN, StepState.REFUSED)


class Compensator:
    """Undoes steps.

    Args:
        store: The saga service's database.
        attempts: Makes calls with durable tries.
    """

    def __init__(self, store: Store, attempts: Attempts) -> None:
        self._store, self._attempts = store, attempts

    async def compensate(self, job: Job, state: SagaState) -> set[str]:
        """Undo what has to be undone in this state of the saga.

        Returns:
            Steps that are not undone because an earlier undoing failed and the saga's policy is to stop then.
        """
        stops = job.saga.policies.failing_compensation == "stop"
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                records = await asyncio.to_thread(self._store.steps, job.saga_id)
                attempts = await asyncio.to_thread(self._store.attempts, job.saga_id)
                states = {name: record.state for name, record in records.items()}
                todo = plan.to_undo(job.saga, records, attempts, state)
                failed = any(at == StepState.FAILED_COMPENSATION for at in states.values())
                for name in set(plan.undoable(job.saga, states, todo)) - set(tasks):
                    if not (stops and failed) or states[name] == StepState.COMPENSATING:
                        tasks[name] = asyncio.create_task(self._undo(job, name, records))
                if not tasks:
                    return todo
                await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_COMPLETED)
                for name in [name for name, task in tasks.items() if task.done()]:
                    tasks.pop(name).result()
        finally:
            await stop(tasks.values())

    async def _undo(self, job: Job, name: str, records: Mapping[str, StepRecord]) -> None:
        """Undo one step and record how it ended."""
        step = job.saga.step(name)
        await asyncio.to_thread(self._store.move_step, job.saga_id, StepRecord(name, StepState.COMPENSATING), _BEFORE)
        outcome = await self._call(job, step, {before: record.outputs for before, record in records.items() if record.outputs})
        state = StepState.COMPENSATED if outcome == "done" else StepState.FAILED_COMPENSATION
        await asyncio.to_thread(self._store.move_step, job.saga_id, StepRecord(name, state), (StepState.COMPENSATING,))

    async def _call(self, job: Job, step: Step, outputs: Mapping[str, Mapping[str, Any]]) -> str | None:
        if step.compensate is None:  # there is none yet: its effect stays, and the owner is told
            return None
        call = job.call(step, outputs)
        made = await self._attempts.make(job, step, Role.COMPENSATE, lambda: job.client.attempt_compensate(step.step, call))
        return made.outcome
