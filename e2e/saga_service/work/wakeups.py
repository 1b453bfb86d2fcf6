"""Waking the part of this process that waits for a callback. Only a hint: what came is read from the store."""

import asyncio
import contextlib
from collections.abc import Iterator


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
