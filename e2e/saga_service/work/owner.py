"""Telling the owner what could be neither finished nor undone: repeated until it is taken, each try recorded."""

import asyncio
import dataclasses
import logging

from saga_contracts.client import Backoff, StepCall, UnsendableError
from saga_service.records import Notification, NotificationState
from saga_service.store import Store
from saga_service.work.jobs import Job

_log = logging.getLogger("saga_service")


def first_state(job: Job) -> NotificationState:
    """Give the state in which a notification of this saga begins."""
    has_address = job.saga.policies.owner_notification is not None
    return NotificationState.PENDING if has_address else NotificationState.NO_ADDRESS


class Owner:
    """Tells owners.

    Args:
        store: The saga service's database.
        backoff: How long to wait between tries.
        tries: How often to tell at most.
    """

    def __init__(self, store: Store, backoff: Backoff, tries: int) -> None:
        self._store, self._backoff, self._tries = store, backoff, tries

    async def tell(self, job: Job) -> None:
        """Tell the owner of a saga all that it does not know yet."""
        notifications = await asyncio.to_thread(self._store.notifications, job.saga_id)
        pending = [one for one in notifications if one.state == NotificationState.PENDING]
        await asyncio.gather(*(self._tell(job, one) for one in pending))

    async def _tell(self, job: Job, notification: Notification) -> None:
        current = notification
        while current.state == NotificationState.PENDING:
            if current.tries >= self._tries:
                current = dataclasses.replace(current, state=NotificationState.GIVEN_UP)
                _log.error("saga %s: the owner was not told of %s: %s", job.saga_id, current.step, current.event)
            else:
                if current.tries:
                    await asyncio.sleep(self._backoff.pause_s(current.tries))
                taken = await self._once(job, current)
                state = NotificationState.TAKEN if taken else NotificationState.PENDING
                current = dataclasses.replace(current, state=state, tries=current.tries + 1)
            if not await asyncio.to_thread(self._store.note_notification, job.saga_id, current):
                return  # somebody let the saga go on

    async def _once(self, job: Job, notification: Notification) -> bool:
        call = StepCall(job.saga_id, job.record.payload)
        try:
            return await job.client.attempt_notification(notification.step, notification.event, call)
        except UnsendableError:
            _log.exception("saga %s: the owner cannot be told of %s", job.saga_id, notification.step)
            return False
