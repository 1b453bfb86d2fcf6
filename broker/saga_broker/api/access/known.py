"""Tokens and sessions as this process knows them: in memory, looked at anew while requests come.

A check costs no question to the database. A number that grows with each change is read, beside the requests, when what is known
is older than `FRESH_S`, and a request waits for it when that is older than `BOUND_S`: so a token that was taken back is refused
within `BOUND_S` and the time of one question, in every process of the broker.
"""

import asyncio
import hmac
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from anyio import CapacityLimiter, to_thread

from saga_broker.access.tokens import Token, digest_of
from saga_broker.store.access import tokens as store
from saga_broker.store.database.engine import Database

FRESH_S, BOUND_S = 0.4, 0.8


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the database said, and when it was asked."""

    asked_s: float
    number: int
    by_digest: dict[str, Token] = field(default_factory=dict)
    sessions: dict[str, store.Session] = field(default_factory=dict)


class Known:
    """The tokens of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._snapshot: _Snapshot | None = None
        self._asking: asyncio.Task[None] | None = None
        self._turn = threading.Lock()
        self._threads: CapacityLimiter | None = None  # of its own: a crowd of other requests must not hold it up

    async def refresh(self) -> None:
        """See that what is known is of now, as far as the bound says.

        Raises:
            DBAPIError: The database cannot be asked, and what is known is too old.
        """
        arrived_s = time.monotonic()
        if self._is_older(arrived_s - FRESH_S):
            self._begin()
        while self._is_older(arrived_s - BOUND_S):  # what is being asked already may be too old, too
            await asyncio.shield(self._begin())

    async def renew(self) -> None:
        """See that what is known is of this moment or later: what was shown is not known, and may just have been made.

        Raises:
            DBAPIError: The database cannot be asked.
        """
        arrived_s = time.monotonic()
        while self._is_older(arrived_s):
            await asyncio.shield(self._begin())

    async def end(self) -> None:
        """Wait until nothing of this asks the database."""
        if self._asking is not None:
            await asyncio.wait([self._asking])

    def token(self, text: str) -> Token | None:
        """Find the token with a text, live or not."""
        digest = digest_of(text)
        found = self._snapshot.by_digest.get(digest) if self._snapshot else None
        return found if found is not None and hmac.compare_digest(found.digest, digest) else None

    def of_session(self, value: str, moment: datetime) -> Token | None:
        """Find the token with which a session was opened that is not over; `value` is that of its cookie."""
        if self._snapshot is None:
            return None
        session = self._snapshot.sessions.get(digest_of(value))
        if session is None or session.expires_at <= moment:
            return None
        return next((one for one in self._snapshot.by_digest.values() if one.id == session.token_id), None)

    def look_again(self) -> None:
        """Ask the database at once, as whoever changed something in this process does; blocks."""
        with self._turn:
            begun_s = time.monotonic()
            with self._database.read() as connection:
                number = store.changes(connection)
                known = self._snapshot
                if known is not None and known.number == number:
                    self._snapshot = _Snapshot(begun_s, number, known.by_digest, known.sessions)
                    return
                by_digest = {one.digest: one for one in store.listing(connection)}
                sessions = {one.digest: one for one in store.open_sessions(connection)}
            self._snapshot = _Snapshot(begun_s, number, by_digest, sessions)

    def _is_older(self, moment_s: float) -> bool:
        return self._snapshot is None or self._snapshot.asked_s < moment_s

    def _begin(self) -> "asyncio.Task[None]":
        """Ask the database, or go on with the question that is being asked: there is one at a time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(_seen)
        return self._asking

    async def _ask(self) -> None:
        self._threads = self._threads or CapacityLimiter(1)
        await to_thread.run_sync(self.look_again, limiter=self._threads)


def _seen(task: "asyncio.Task[None]") -> None:
    """Take note of a question that failed: nobody may have waited for it, and the next request asks anew."""
    if not task.cancelled():
        task.exception()
