"""What the service does again and again. What is due stands in the database, so nothing is lost while no process runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger("saga_service")


class Schedule:
    """Runs pieces of work at their intervals, until it is closed."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Begin a piece of work: now, and then so long after its last end. One that fails is told of and tried again."""
        self._tasks.append(asyncio.create_task(_repeat(seconds, name, work), name=name))

    async def close(self) -> None:
        """Stop all of it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _repeat(seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  (such as a database that does not answer)
            _log.exception("%s was held up; next try in %.1f s", name, seconds)
        await asyncio.sleep(seconds)
