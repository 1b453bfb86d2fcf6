"""The work on one saga, which may be stopped at any moment and run again: execute, compensate, have the owner told."""

import asyncio
from collections.abc import Collection

from saga_service.records import OPEN, SagaState
from saga_service.store import LostLeaseError, Store
from saga_service.work import owner, plan
from saga_service.work.compensator import Compensator
from saga_service.work.executor import Executor, is_out_of_time
from saga_service.work.jobs import Job, Jobs
from saga_service.work.owner import Owner


class Service:
    """Puts the saga service's parts together.

    Args:
        store: The saga service's database.
        jobs: Finds sagas to work on.
        executor: Runs steps.
        compensator: Undoes steps.
        owners: Tells owners.
    """

    def __init__(self, store: Store, jobs: Jobs, executor: Executor, compensator: Compensator, owners: Owner) -> None:
        self._store, self._jobs = store, jobs
        self._executor, self._compensator, self._owners = executor, compensator, owners
        self._over: dict[tuple[str, str | None], asyncio.Event] = {}

    async def work(self, saga_id: str) -> str:
        """Bring an open saga to its end, from wherever it stands, and give the state that it comes to.

        Raises:
            LostLeaseError: when another process works on it.
        """
        at_work = (saga_id, self._store.worker)
        while at_work in self._over:  # the engine may have begun it twice here: then the second waits, and finds nothing to do
            await self._over[at_work].wait()
        self._over[at_work] = over = asyncio.Event()
        try:
            return await self._work(saga_id)
        finally:
            del self._over[at_work]
            over.set()

    async def _work(self, saga_id: str) -> str:
        job = await self._jobs.job(saga_id)
        if job.record.state in OPEN and job.record.worker != self._store.worker:
            await self._claim(job)
        while job.record.state in OPEN:  # so also when somebody has let it go on
            if job.record.state == SagaState.RUNNING:
                await self._execute(job)
            else:
                left = await self._compensator.compensate(job, SagaState.COMPENSATING)
                await self._end(job, SagaState.COMPENSATING, SagaState.COMPENSATED, left)
            job = await self._jobs.job(saga_id)
        if job.record.state == SagaState.ESCALATED:
            await self._owners.tell_due()
        return str(job.record.state)

    async def _claim(self, job: Job) -> None:
        if not await asyncio.to_thread(self._store.claim, job.saga_id):
            raise LostLeaseError(job.saga_id)

    async def _execute(self, job: Job) -> None:
        """Run a saga forward, to its end or until it has to be undone."""
        await self._executor.execute(job)
        states = await self._states(job)
        timed_out = not plan.has_failed(job.saga, states) and is_out_of_time(job, states)
        if timed_out or plan.is_to_be_undone(job.saga, states):
            reason = plan.reason(job.saga, states, timed_out=timed_out)
            await asyncio.to_thread(self._store.move_saga, job.saga_id, SagaState.RUNNING, SagaState.COMPENSATING, reason)
        else:
            await self._compensator.compensate(job, SagaState.RUNNING)  # optional steps that failed
            await self._end(job, SagaState.RUNNING, SagaState.COMMITTED)

    async def _end(self, job: Job, old: SagaState, hoped: SagaState, left: Collection[str] = ()) -> None:
        """Bring a saga to its end: the hoped one, unless the owner has to be told something."""
        states = await self._states(job)
        first = owner.first_state(job)
        tell = dict.fromkeys(plan.findings(job.saga, states, left), first)
        new = SagaState.ESCALATED if tell else hoped
        reason = None if new == SagaState.COMMITTED else plan.reason(job.saga, states)
        await asyncio.to_thread(self._store.move_saga, job.saga_id, old, new, reason, tell)

    async def _states(self, job: Job) -> plan.States:
        records = await asyncio.to_thread(self._store.steps, job.saga_id)
        return {name: record.state for name, record in records.items()}
