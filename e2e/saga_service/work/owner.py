"""Telling the owner what could be neither finished nor undone: repeated until it is taken, each try recorded, with no end.

Whichever process has time tells it; what is under way when a process dies is told by another one. Pauses grow up to a bound.
"""

import asyncio
import dataclasses
import logging
import time

from saga_contracts.client import Backoff, StepCall, UnsendableError
from saga_service.kept.tellings import Due, Tellings
from saga_service.records import Notification, NotificationState
from saga_service.store import Store
from saga_service.work.jobs import Job, Jobs
from saga_service.work.tasks import stop

_log = logging.getLogger("saga_service")
LOOK_EVERY_S = 0.5
_AT_ONCE = 50


def first_state(job: Job) -> NotificationState:
    """Give the state in which a notification of this saga begins."""
    has_address = job.saga.policies.owner_notification is not None
    return NotificationState.PENDING if has_address else NotificationState.NO_ADDRESS


class Owner:
    """Tells owners.

    Args:
        store: The saga service's database.
        tellings: What owners have yet to be told.
        jobs: Finds sagas.
        backoff: How long to wait between tries.
    """

    def __init__(self, store: Store, tellings: Tellings, jobs: Jobs, backoff: Backoff) -> None:
        self._store, self._tellings, self._jobs, self._backoff = store, tellings, jobs, backoff
        self._under_way = set[asyncio.Task[None]]()

    async def tell_due(self) -> None:
        """Begin to tell what is due, as much as fits beside what is under way."""
        room = _AT_ONCE - len(self._under_way)
        due = await asyncio.to_thread(self._tellings.take_due, self._store.worker, room) if room > 0 else []
        for one in due:
            task = asyncio.create_task(self._tell(one))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Stop; what is not taken is told after the next start, or by another process."""
        await stop(self._under_way)

    async def _tell(self, due: Due) -> None:
        """Tell one thing, again at once where the pause is short, else later."""
        try:
            pause_s = 0.0
            while pause_s <= LOOK_EVERY_S:
                await asyncio.sleep(pause_s)
                due, pause_s = await self._try(due)
        except Exception:  # noqa: BLE001  (such as a database that does not answer: it is told again, never forgotten)
            _log.exception("saga %s: the owner could not be told of %s", due.saga_id, due.notification.step)
            await self._put_back(due)

    async def _try(self, due: Due) -> tuple[Due, float]:
        """Tell it once; gives how far it has come, and the seconds to the next try."""
        taken = await self._once(await self._jobs.job(due.saga_id), due.notification)
        state = NotificationState.TAKEN if taken else NotificationState.PENDING
        tries = due.notification.tries + 1
        due = dataclasses.replace(due, notification=dataclasses.replace(due.notification, state=state, tries=tries))
        pause_s = float("inf") if taken else self._backoff.pause_s(tries)
        is_soon = pause_s <= LOOK_EVERY_S
        next_at = time.time() + (0.0 if taken else pause_s)
        is_wanted = await asyncio.to_thread(self._tellings.note, due, next_at, self._store.worker if is_soon else None)
        return due, pause_s if is_wanted else float("inf")

    async def _put_back(self, due: Due) -> None:
        """Let it be told later; where even that cannot be recorded, once the database answers."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await asyncio.to_thread(self._tellings.note, due, time.time() + self._backoff.pause_s(4), None)
            except Exception:  # noqa: BLE001  (the same)
                _log.exception("saga %s: that the owner is to be told could not be recorded", due.saga_id)
            else:
                return

    async def _once(self, job: Job, notification: Notification) -> bool:
        call = StepCall(job.saga_id, job.record.payload)
        try:
            return await job.client.attempt_notification(notification.step, notification.event, call)
        except UnsendableError:
            _log.exception("saga %s: the owner cannot be told of %s", job.saga_id, notification.step)
            return False
