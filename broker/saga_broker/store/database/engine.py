"""The connection to the database: SQLite or PostgreSQL behind the same two doors, `read` and `write`.

A request makes one transaction. Commit happens here and nowhere else. Waits and statements are bounded by the patience of the
request that they are for: SQLite's are looked at while they run, PostgreSQL's are bounded by the server, and cancelled there when
the client goes away.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.http.patience import PATIENCE, Bounds, BusyError, Patience
from saga_broker.store.database import transactions
from saga_broker.store.database.connecting import DatabaseError, checked, engine_for
from saga_broker.store.database.leases import Leases
from saga_broker.store.database.transactions import WRITE_LOCK

__all__ = ["WRITE_LOCK", "Database", "DatabaseError", "unreachable"]
READY_WRITERS = 4
QUIETLY = {"record_exception": False, "set_status_on_exception": False}  # what an exception says may be of a name


class Database:
    """One database, shared by all threads of a broker process."""

    def __init__(
        self, url: str, pool_size: int = 10, bounds: Bounds | None = None, version_order: str = "date", tracer: Any = None
    ) -> None:
        """Prepare the engine; nothing is connected before the first use.

        Args:
            url: Where the database is.
            pool_size: Connections that are kept open; as many more are made when they are needed.
            bounds: How long requests may wait and work; None for a program that has all the time it needs.
            version_order: `date`: a new version is the newest; `semver`: it gets the place that its number has.
            tracer: Makes a span for each transaction and each prepared statement; None: nothing is traced.

        Raises:
            DatabaseError: The URL is not one that the broker can use.
        """
        self.url = checked(url)
        engine = engine_for(self.url, pool_size, bounds)
        self._engine = engine.execution_options(version_order=version_order, tracer=tracer)
        self._tracer = tracer
        writers = min(READY_WRITERS, pool_size // 3)  # together no more than are kept open: as many more can always be made
        self._reading = Leases(self._engine, pool_size - writers, transactions.prepare_reading)
        self._writing = Leases(self._engine, writers, transactions.prepare_writing)
        self._turn = _Turn()

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading; everything read inside is of one moment."""
        with self._span("read"), self._reading.one() as connection, transactions.bounded(connection):
            transactions.begin_reading(connection)
            yield connection
            transactions.commit(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection for reading and writing; committed at the end, rolled back when an exception passes.

        Raises:
            ImpatientError: Other writers took too long, or the client of this one went away.
        """
        patience = PATIENCE.get()
        with self._span("write"), self._writing.one() as connection, transactions.bounded(connection):
            with self._turn.mine(patience):
                transactions.begin_writing(connection)
                yield connection
                if patience is not None:
                    patience.check()
                is_flushed = self.is_sqlite or not self._turn.waiting
                if is_flushed:
                    transactions.commit(connection)
                else:
                    transactions.commit_unflushed(connection)
            if not is_flushed:
                transactions.flush(connection)

    def _span(self, kind: str) -> AbstractContextManager[Any]:
        """Put a span around a transaction, with the waiting before it."""
        return nullcontext() if self._tracer is None else self._tracer.start_as_current_span(f"transaction {kind}", **QUIETLY)

    def connections(self) -> tuple[int, int]:
        """Count the connections in use, and those that are kept for the next one."""
        pool: Any = self._engine.pool
        ready = self._reading.ready + self._writing.ready
        return max(0, int(pool.checkedout()) - ready), int(pool.checkedin()) + ready

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            DatabaseError: There is none.
        """
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeoutError) as error:
            raise DatabaseError(unreachable(self.url, error)) from error

    def close(self) -> None:
        """Close all connections."""
        self._reading.close()
        self._writing.close()
        self._engine.dispose()


class _Turn:
    """Whose turn it is to write: threads of one process wait here instead of polling the database's own lock."""

    def __init__(self) -> None:
        self.waiting = 0
        self._lock, self._counting = threading.Lock(), threading.Lock()

    @contextmanager
    def mine(self, patience: Patience | None) -> Iterator[None]:
        self._count(1)
        try:
            is_mine = self._lock.acquire(timeout=-1 if patience is None else patience.wait_s())
        finally:
            self._count(-1)
        if not is_mine:
            raise BusyError
        try:
            if patience is not None:
                patience.check()
            yield
        finally:
            self._lock.release()

    def _count(self, more: int) -> None:
        with self._counting:
            self.waiting += more


def unreachable(url: URL, error: Exception) -> str:
    """Say in words that the database cannot be reached; the password is never shown."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (
        f"Cannot use the database {url.render_as_string(hide_password=True)}: {reason[0] if reason else 'no reason given'}. "
        "Check that it runs, that the address is right and that this user may write; "
        "give another one with --database-url or SAGAPACT_DATABASE_URL."
    )
