"""The connection to the database: SQLite or PostgreSQL behind the same two doors, `read` and `write`.

A request makes one transaction. Writes come one at a time (SQLite: `BEGIN IMMEDIATE`; PostgreSQL: an advisory lock), so that
"the latest" means the same on both. Commit happens here and nowhere else.

Waits and statements are bounded by the patience of the request that they are for: SQLite's are looked at while they run,
PostgreSQL's are bounded by the server, and cancelled there when the client goes away.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.http.patience import PATIENCE, Bounds, BusyError, Patience
from saga_contracts.errors import SagapactError

WRITE_LOCK = 7_203_115
PREPARED_STATEMENTS = 400  # kept by each PostgreSQL connection; more than the broker has
LOOK_EVERY = 20_000  # steps of SQLite's machine: about a millisecond
POLL_S = 0.05
BUSY_MS = 10_000
CANCEL_WITHIN_S = 5
QUIETLY = {"record_exception": False, "set_status_on_exception": False}  # what an exception says may be of a name
UNREACHABLE = (OperationalError, InterfaceError, PoolTimeoutError)


class DatabaseError(SagapactError):
    """The database cannot be used."""


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
            tracer: Makes a span for each transaction and each prepared statement; None: nothing is traced.
            version_order: `date`: a new version is the newest; `semver`: it gets the place that its number has.

        Raises:
            DatabaseError: The URL is not one that the broker can use.
        """
        self.url = _checked(url)
        engine = _sqlite(self.url, pool_size) if self.is_sqlite else _postgresql(self.url, pool_size, bounds)
        self._engine = engine.execution_options(version_order=version_order, tracer=tracer)
        self._tracer = tracer
        self._turn = threading.Lock()  # threads of one process wait here instead of polling the database's own lock

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading; everything read inside is of one moment."""
        with self._span("read"), self._engine.connect() as connection, _bounded(connection), connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection for reading and writing; committed at the end, rolled back when an exception passes.

        Raises:
            ImpatientError: Other writers took too long, or the client of this one went away.
        """
        patience = PATIENCE.get()
        with self._span("write"), self._my_turn(patience), self._engine.connect() as plain, _bounded(plain):
            connection = plain.execution_options(write=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
                yield connection
                if patience is not None:
                    patience.check()

    @contextmanager
    def _my_turn(self, patience: Patience | None) -> Iterator[None]:
        if not self._turn.acquire(timeout=-1 if patience is None else patience.wait_s()):
            raise BusyError
        try:
            if patience is not None:
                patience.check()
            yield
        finally:
            self._turn.release()

    def _span(self, kind: str) -> AbstractContextManager[Any]:
        """Put a span around a transaction, with the waiting before it."""
        return nullcontext() if self._tracer is None else self._tracer.start_as_current_span(f"transaction {kind}", **QUIETLY)

    def connections(self) -> tuple[int, int]:
        """Count the connections in use, and those that are kept for the next one."""
        pool: Any = self._engine.pool
        return int(pool.checkedout()), int(pool.checkedin())

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
        self._engine.dispose()


def unreachable(url: URL, error: Exception) -> str:
    """Say in words that the database cannot be reached; the password is never shown."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (
        f"Cannot use the database {url.render_as_string(hide_password=True)}: {reason[0] if reason else 'no reason given'}. "
        "Check that it runs, that the address is right and that this user may write; "
        "give another one with --database-url or SAGAPACT_DATABASE_URL."
    )


def _checked(text_url: str) -> URL:
    try:
        url = make_url(text_url)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        msg = "Cannot read the database URL: it must be like sqlite:///file or postgresql://user@host/name. Mend --database-url."
        raise DatabaseError(msg) from error
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or not url.database or url.database == ":memory:":
        msg = (
            f"Cannot use the database {url.render_as_string(hide_password=True)}: the broker stores its data in a SQLite "
            "file or in PostgreSQL. Give --database-url sqlite:///broker.sqlite or postgresql://user@host/name."
        )
        raise DatabaseError(msg)
    return url.set(drivername="sqlite")


def _sqlite(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the begin event below decides how a transaction starts
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=wal", "synchronous=normal", "foreign_keys=on"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("write"):
        connection.exec_driver_sql("BEGIN")
        return
    patience = PATIENCE.get()
    if patience is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        _begin_writing(connection, patience)


def _begin_writing(connection: Connection, patience: Patience) -> None:
    """Wait for another program that writes, in short pieces: the wait ends when the client goes away."""
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(POLL_S * 1000)}").close()
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                if not _is_busy(error) or not patience.wait_s():
                    raise
                patience.check()
            else:
                return
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MS}").close()


def _is_busy(error: OperationalError) -> bool:
    return bool(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY)


def _bounded(connection: Connection) -> AbstractContextManager[None]:
    """Bound what is done on a connection by the patience of the request."""
    patience = PATIENCE.get()
    if patience is None:
        return nullcontext()
    driver: Any = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return _watched(driver, patience)
    return patience.stopped_by(partial(_cancel, driver, connection.dialect.loaded_dbapi.Error))


def _cancel(driver: Any, error: type[Exception]) -> None:
    """Cancel the statement that PostgreSQL works at; when it cannot be reached, its own bounds end the statement."""
    with suppress(error):
        driver.cancel_safe(timeout=CANCEL_WITHIN_S)


@contextmanager
def _watched(driver: sqlite3.Connection, patience: Patience) -> Iterator[None]:
    """Let SQLite ask now and then, while a statement runs, whether it shall go on."""
    driver.set_progress_handler(lambda: patience.is_over, LOOK_EVERY)
    try:
        yield
    finally:
        driver.set_progress_handler(None, LOOK_EVERY)


def _postgresql(url: URL, pool_size: int, bounds: Bounds | None) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "application_name": "sagapact-broker"},
    )
    event.listen(engine, "connect", partial(_prepare_postgresql, _settings(bounds)))
    return engine


def _prepare_postgresql(settings: dict[str, str], connection: Any, _record: Any) -> None:
    connection.prepare_threshold = 0
    connection.prepared_max = PREPARED_STATEMENTS
    chosen = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
    connection.execute(f"SELECT {chosen}")
    connection.commit()


def _settings(bounds: Bounds | None) -> dict[str, str]:
    """Choose PostgreSQL's settings for a connection.

    Each statement is planned once: with its many joins, planning costs more than running it. Statements and locks are bounded in
    the server, too: so ends what a broker that is gone has left.
    """
    found = {"plan_cache_mode": "force_generic_plan", "jit": "off"}
    if bounds is not None:
        wait_ms, work_ms = int(bounds.wait_s * 1000), int(bounds.work_s * 1000)
        found |= {"lock_timeout": str(wait_ms), "statement_timeout": str(wait_ms + work_ms)}
        found["idle_in_transaction_session_timeout"] = str(2 * work_ms)
    return found
