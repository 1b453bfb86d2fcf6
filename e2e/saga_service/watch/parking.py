"""Parking: a new saga that needs a participant which is down is kept, and begun when all that it needs are healthy again."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from saga_contracts.client import Saga, SagapactError
from saga_service.kept.parked import Parked
from saga_service.records import SagaState
from saga_service.store import Store
from saga_service.watch.health import Health
from saga_service.work.jobs import Jobs


class Parking:
    """Says which sagas wait, and lets them go.

    Args:
        health: Knows who is down.
        parked: Reads which sagas wait.
        store: The saga service's database.
        jobs: Finds definitions.
        start: Starts the work on a saga.
    """

    def __init__(self, health: Health, parked: Parked, store: Store, jobs: Jobs, start: Callable[[str], Awaitable[None]]) -> None:
        self._health, self._parked, self._store, self._jobs, self._start = health, parked, store, jobs, start

    def missing(self, saga: Saga) -> list[str]:
        """Give the participants that a saga needs and that are down. An optional step need not be done, so it needs nobody."""
        return self._health.down({step.participant for step in saga.steps if not step.optional})

    async def waits_for(self, saga_id: str) -> list[str]:
        """Give the participants that a saga waits for."""
        return self.missing((await self._jobs.job(saga_id)).saga)

    async def let_go(self, limit: int) -> int:
        """Start parked sagas that need nobody who is down, and those whose time is over: they end at once. So many at most."""
        begun = 0
        for definition_id in await asyncio.to_thread(self._parked.definitions):
            try:
                saga = await self._jobs.definition(definition_id)
            except SagapactError:  # a participant has no address here: its sagas go on waiting
                continue
            older_than = None
            if self.missing(saga):
                if saga.timeout_ms is None:
                    continue
                older_than = time.time() - saga.timeout_ms / 1000
            found = await asyncio.to_thread(self._parked.sagas, definition_id, limit - begun, older_than=older_than)
            for saga_id in found:
                begun += await self._begin(saga_id)
            if begun >= limit:
                break
        return begun

    async def _begin(self, saga_id: str) -> bool:
        moved = await asyncio.to_thread(self._store.move_saga, saga_id, SagaState.PARKED, SagaState.RUNNING)
        if moved:  # else another process was quicker
            await self._start(saga_id)
        return moved
