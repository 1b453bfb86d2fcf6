"""A barrier in the participant's own database: readers pass, who writes waits until all calls have come, then all go on.

So a look before the write, without a unique key or a lock, is caught for certain instead of likely. On SQLite the write lock
is held for a while, long enough to read; on PostgreSQL a lock of all tables that lets readers through, until the server says that
both calls wait. The locks are those of a transaction that changes nothing: they end with it, with its connection, and with this
process.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol
from urllib.parse import quote

from saga_contracts.errors import SagapactError

LOCK_WITHIN_S = 2.0
"""How long the lock itself is waited for."""
HELD_AT_MOST_S = 15
"""When PostgreSQL itself ends our transaction, should this process hang."""
_LOOK_EACH_S = 0.005

IsOver = Callable[[], int]
"""Gives how many of the calls are over."""


class BarrierError(SagapactError):
    """No barrier could be put up."""


class Hold(Protocol):
    """A barrier that stands."""

    def wait(self, calls: int, over: IsOver, pause_s: float) -> int:
        """Wait until so many calls have come to the barrier, or are over, or the time is up; give how many wait at it.

        Args:
            calls: How many were let go.
            over: How many of them are over.
            pause_s: How long to wait at most.
        """
        ...


class Barrier(Protocol):
    """Where calls can be stopped inside the participant."""

    def held(self) -> AbstractContextManager[Hold]:
        """Put it up for the length of the block.

        Raises:
            BarrierError: when that cannot be done.
        """
        ...


class NoBarrier:
    """Stops nothing."""

    @contextmanager
    def held(self) -> Iterator[Hold]:
        """Give what nobody waits at."""
        yield self

    def wait(self, calls: int, over: IsOver, pause_s: float) -> int:
        """Wait until the time is up; nobody waits here."""
        del calls, over
        time.sleep(pause_s)
        return 0


def barrier_at(url: str) -> Barrier:
    """Give the barrier in a database.

    Args:
        url: Its address as SQLAlchemy names it.

    Raises:
        BarrierError: when none is known for such a database, or its driver is missing.
    """
    try:
        import sqlalchemy as sa  # noqa: PLC0415  (part of the extra [verifier], and loaded only where it is needed)
    except ModuleNotFoundError:
        raise BarrierError("SQLAlchemy is not installed. Install it with: pip install 'sagapact[verifier]'") from None
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise BarrierError("the `database` of the provider file is no address of a database") from None
    kinds: dict[str, Callable[[Any], Barrier]] = {"sqlite": _Sqlite, "postgresql": _Postgres}
    kind = kinds.get(address.get_backend_name())
    if kind is None:
        raise BarrierError(f"none is known for {address.get_backend_name()}")
    return kind(address)


class _Sqlite:
    """Holds the write lock of a file."""

    def __init__(self, address: Any) -> None:
        named = f"file:{quote(address.database or '')}"
        self._address = address.set(database=named).update_query_dict({"mode": "rw", "uri": "true"})

    @contextmanager
    def held(self) -> Iterator[Hold]:
        """Begin to write, and write nothing."""
        with _connected(self._address, {"timeout": LOCK_WITHIN_S}) as connection:
            _asked(connection, "BEGIN IMMEDIATE")
            try:
                yield self
            finally:
                _asked(connection, "ROLLBACK")

    def wait(self, calls: int, over: IsOver, pause_s: float) -> int:
        """Give the calls time to read: nobody tells who waits for a file."""
        until = time.monotonic() + pause_s
        while over() < calls and time.monotonic() < until:
            time.sleep(_LOOK_EACH_S)
        return calls - over()


_TABLES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
AND has_table_privilege(c.oid, 'UPDATE') ORDER BY 1
"""
_WAITING = """
SELECT count(DISTINCT l.pid) FROM pg_stat_clear_snapshot(), pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND a.datname = current_database() AND l.pid <> pg_backend_pid()
"""


class _Postgres:
    """Holds a lock on every table, which readers do not meet."""

    def __init__(self, address: Any) -> None:
        self._address = address.set(drivername="postgresql+psycopg")

    @contextmanager
    def held(self) -> Iterator[Hold]:
        """Lock all tables in one transaction."""
        with _connected(self._address, {"connect_timeout": round(LOCK_WITHIN_S)}) as connection:
            _asked(connection, "BEGIN")
            try:
                _asked(connection, f"SET LOCAL lock_timeout = '{LOCK_WITHIN_S:.0f}s'")
                _asked(connection, f"SET LOCAL idle_in_transaction_session_timeout = '{HELD_AT_MOST_S}s'")
                tables = [name for (name,) in _asked(connection, _TABLES)]
                if not tables:
                    raise BarrierError("the database has no table that its user may write")
                _asked(connection, f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
                yield _AtTables(connection)
            finally:
                _asked(connection, "ROLLBACK")


class _AtTables:
    """Knows from the server who waits."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def wait(self, calls: int, over: IsOver, pause_s: float) -> int:
        """Ask the server until all wait, at the lock or behind one another."""
        until = time.monotonic() + pause_s
        while True:
            ((waiting,),) = _asked(self._connection, _WAITING)
            if waiting + over() >= calls or time.monotonic() > until:
                return min(int(waiting), calls)
            time.sleep(_LOOK_EACH_S)


@contextmanager
def _connected(address: Any, how: dict[str, Any]) -> Iterator[Any]:
    import sqlalchemy as sa  # noqa: PLC0415  (see above)

    try:
        engine = sa.create_engine(address, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args=how)
        connection = engine.connect()
    except ModuleNotFoundError as error:
        raise BarrierError(f"there is no driver {error.name} here") from None
    except sa.exc.SQLAlchemyError as error:
        raise BarrierError(_said(error)) from None
    with connection:
        yield connection


def _asked(connection: Any, statement: str) -> list[Any]:
    import sqlalchemy as sa  # noqa: PLC0415  (see above)

    try:
        found = connection.exec_driver_sql(statement)
        return list(found.fetchall()) if found.returns_rows else []
    except sa.exc.SQLAlchemyError as error:
        raise BarrierError(_said(error)) from None


def _said(error: Any) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
