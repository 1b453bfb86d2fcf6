"""Waking the part of this process that waits for a callback. Only a hint: what came is read from the store.

A callback that another process has taken is found by one look at the database for all that wait here.
"""

import asyncio
import contextlib
from collections.abc import Iterator

from saga_contracts.client import step_key
from saga_service.store import Store

LOOK_EVERY_S = 0.5


class Wakeups:
    """Events by step key, for one event loop."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    @contextlib.contextmanager
    def listening(self, key: str) -> Iterator[asyncio.Event]:
        """Give the event that is set when something comes for this key; listen before looking into the store."""
        event = self._events.setdefault(key, asyncio.Event())
        try:
            yield event
        finally:
            self._events.pop(key, None)

    def wake(self, key: str) -> None:
        """Something came for this key."""
        if key in self._events:
            self._events[key].set()

    async def look(self, store: Store) -> None:
        """Wake whoever waits for a callback that stands in the store."""
        waiting = {key.partition(":")[0] for key in self._events}
        if waiting:
            for saga_id, step in await asyncio.to_thread(store.called_back, waiting):
                self.wake(step_key(saga_id, step))
