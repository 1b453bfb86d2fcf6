"""What is written about requests beside them: when a token was used last, and how a write was answered.

A request waits for none of it. What is due is written together, soon after the first of it, and when the broker stops.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.access.tokens import Token
from saga_broker.store.access import audit, tokens
from saga_broker.store.database.engine import Database

LOG = logging.getLogger("saga_broker.access")
SOON_S = 0.2
MINUTE = timedelta(minutes=1)
MOST_WAITING = 10_000


class Journal:
    """The notes of one process that wait to be written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._used: dict[int, datetime] = {}
        self._noted: dict[int, datetime] = {}
        self._statuses: dict[int, int] = {}
        self._writes: list[audit.Write] = []
        self._turn = threading.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._threads: CapacityLimiter | None = None

    def used(self, token: Token, moment: datetime) -> None:
        """Note that a token was used; at most once a minute for each."""
        last = self._noted.get(token.id, token.last_used_at)
        if last is None or moment - last >= MINUTE:
            self._noted[token.id] = moment
            self._note(lambda: self._used.__setitem__(token.id, moment))

    def answered(self, number: int | None, write: audit.Write, status: int) -> None:
        """Note how a write was answered.

        Args:
            number: Of its line in the audit log; None: it has none, since it was made without a transaction of ours.
            write: What was written.
            status: Of the answer.
        """
        if number is None:
            self._note(lambda: self._writes.append(replace(write, status=status)))
        else:
            self._note(lambda: self._statuses.__setitem__(number, status))

    async def end(self) -> None:
        """Wait until what waits is written; afterwards nothing of this works at the database."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await to_thread.run_sync(self.flush)

    def flush(self) -> bool:
        """Write what waits; blocks.

        Returns:
            Whether it is written; what is not, is tried again with the next note.
        """
        with self._turn:
            used, statuses, writes = self._used, self._statuses, self._writes
            self._used, self._statuses, self._writes = {}, {}, []
        if not (used or statuses or writes):
            return True
        try:
            with self._database.write() as connection:
                self._write(connection, used, statuses, writes)
        except (DBAPIError, PoolTimeoutError) as error:
            LOG.warning("notes about requests could not be written: %s", str(getattr(error, "orig", None) or error).strip())
            with self._turn:
                self._used, self._statuses, self._writes = (
                    {**used, **self._used},
                    {**statuses, **self._statuses},
                    writes + self._writes,
                )
            return False
        return True

    @staticmethod
    def _write(connection: Connection, used: dict[int, datetime], statuses: dict[int, int], writes: list[audit.Write]) -> None:
        tokens.note_use(connection, used)
        audit.note_statuses(connection, statuses)
        for write in writes:
            audit.record(connection, write)

    def _note(self, change: Callable[[], None]) -> None:
        with self._turn:
            if len(self._statuses) + len(self._writes) < MOST_WAITING:
                change()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._soon())

    async def _soon(self) -> None:
        """Write what waits, and go on as long as notes came meanwhile; what failed waits for the next note."""
        self._threads = self._threads or CapacityLimiter(1)
        while True:
            await asyncio.sleep(SOON_S)
            if not await to_thread.run_sync(self.flush, limiter=self._threads) or not self._waits():
                return

    def _waits(self) -> bool:
        with self._turn:
            return bool(self._used or self._statuses or self._writes)
