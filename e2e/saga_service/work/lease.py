"""This process's place among those that work on one database: it beats, watches the others, and offers what nobody works on.

A process that stands still for three fifths of the lease's time is taken for dead, so that its sagas are begun again within that
time. It may only be slow: then it finds its sagas taken, does nothing further for them, and enters anew.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from saga_service.kept.processes import Processes
from saga_service.store import Store

_log = logging.getLogger("saga_service")
_BEATS = 5
"""So many beats fit into a lease's time."""
_MOST = 500
"""So many sagas are offered at once."""


class Lease:
    """The lease of one process on one database.

    Args:
        store: The database.
        processes: Who works on it.
        name: This process's, which its next life has, too.
        lease_s: Within this time another process takes up what a dead one has left.
        offer: Lets any process begin the sagas of these ids.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        store: Store,
        processes: Processes,
        name: str,
        lease_s: float,
        offer: Callable[[list[str]], Awaitable[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._processes, self._name = store, processes, name
        self._lease_s, self._offer, self._clock = lease_s, offer, clock
        self._seen: dict[str, tuple[int, float]] = {}
        self._looked_at = clock()

    @property
    def beat_s(self) -> float:
        """Seconds from one beat to the next."""
        return self._lease_s / _BEATS

    async def open(self) -> None:
        """Enter this process; what an earlier life of it has left is offered with the first beat."""
        self._store.worker = await asyncio.to_thread(self._processes.enter, self._name)

    async def beat(self) -> None:
        """Say that this process lives, take those for dead that stand still, and offer what nobody works on."""
        if self._store.worker is None or not await asyncio.to_thread(self._processes.beat, self._store.worker):
            _log.error("this process was taken for dead: it was too slow; its sagas are others' now")
            await self.open()
        for process_id, beats in self._still(await asyncio.to_thread(self._processes.beats)):
            if await asyncio.to_thread(self._processes.remove, process_id, beats):
                _log.warning("process %s is dead; its sagas are taken up by others", process_id)
        while orphans := await asyncio.to_thread(self._processes.take_orphans, self._lease_s, _MOST):
            await self._offer(orphans)

    async def close(self) -> None:
        """Leave: others may take up at once what this process has begun."""
        if self._store.worker is not None:
            await asyncio.to_thread(self._processes.remove, self._store.worker)

    def _still(self, beats: dict[str, int]) -> list[tuple[str, int]]:
        """Give the processes that have not beaten for long; after a pause of our own everybody gets time to beat."""
        now = self._clock()
        paused = now - self._looked_at > 2 * self.beat_s
        self._looked_at = now
        before = {} if paused else self._seen
        self._seen = {
            process_id: before[process_id] if before.get(process_id, (None,))[0] == count else (count, now)
            for process_id, count in beats.items()
            if process_id != self._store.worker
        }
        still_s = (_BEATS - 2) * self.beat_s
        return [(process_id, count) for process_id, (count, since) in self._seen.items() if now - since >= still_s]
