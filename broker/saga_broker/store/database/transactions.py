"""How transactions begin and end on either database: by the driver itself, with as few questions to the server as there can be.

Writers come one at a time (SQLite: `BEGIN IMMEDIATE`; PostgreSQL: an advisory lock), so that "the latest" means the same on both.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection

from saga_broker.http.patience import PATIENCE, Patience
from saga_broker.store.database.connecting import BUSY_MS
from saga_broker.store.database.prepared import translated

WRITE_LOCK = 7_203_115
LOOK_EVERY = 20_000  # steps of SQLite's machine: about a millisecond
POLL_S = 0.05
CANCEL_WITHIN_S = 5
_BEGIN_WRITING = f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})"
_COMMIT_UNFLUSHED = "SET LOCAL synchronous_commit = off; COMMIT"
_FLUSH = "SELECT pg_current_xact_id()"


def prepare_reading(connection: Connection) -> None:
    """Make a connection one for reading: everything that a transaction reads is of one moment."""
    _prepare(connection, is_reading=True)


def prepare_writing(connection: Connection) -> None:
    """Make a connection one for writing."""
    _prepare(connection, is_reading=False)


def _prepare(connection: Connection, *, is_reading: bool) -> None:
    if connection.dialect.name == "sqlite":
        return
    from psycopg import IsolationLevel  # noqa: PLC0415  (not loaded where SQLite is used)

    driver = _driver(connection)
    driver.autocommit = not is_reading
    driver.isolation_level = IsolationLevel.REPEATABLE_READ if is_reading else None
    driver.read_only = True if is_reading else None


def begin_reading(connection: Connection) -> None:
    """Begin to read; on PostgreSQL, the driver begins with the first statement."""
    if connection.dialect.name == "sqlite":
        _run(connection, "BEGIN")


def begin_writing(connection: Connection) -> None:
    """Begin to write: wait until nobody else does."""
    patience = PATIENCE.get()
    if connection.dialect.name != "sqlite":
        _run(connection, _BEGIN_WRITING)
    elif patience is None:
        _run(connection, "BEGIN IMMEDIATE")
    else:
        _begin_patiently(connection, patience)
    connection.begin()  # SQLAlchemy is told, so that its `rollback` means this transaction


def commit(connection: Connection) -> None:
    """End a transaction; what it wrote is stored."""
    if connection.in_transaction():
        connection.commit()
        return
    driver = _driver(connection)
    try:
        driver.commit()
    except connection.dialect.loaded_dbapi.Error as error:
        raise translated(connection, "COMMIT", error) from error


def commit_unflushed(connection: Connection) -> None:
    """End a transaction on PostgreSQL, so that others see what it wrote; `flush` must follow before that is acknowledged."""
    _run(connection, _COMMIT_UNFLUSHED)
    if connection.in_transaction():
        connection.commit()


def flush(connection: Connection) -> None:
    """Wait until PostgreSQL has on its disk what was committed before; one writing to the disk serves all who wait."""
    _run(connection, _FLUSH)


def bounded(connection: Connection) -> AbstractContextManager[None]:
    """Bound what is done on a connection by the patience of the request."""
    patience = PATIENCE.get()
    if patience is None:
        return nullcontext()
    driver = _driver(connection)
    if isinstance(driver, sqlite3.Connection):
        return _watched(driver, patience)
    return patience.stopped_by(partial(_cancel, driver, connection.dialect.loaded_dbapi.Error))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _run(connection: Connection, statement: str) -> None:
    driver = _driver(connection)
    try:
        if isinstance(driver, sqlite3.Connection):
            driver.execute(statement).close()
        else:
            driver.execute(statement, prepare=False).close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise translated(connection, statement, error) from error


def _begin_patiently(connection: Connection, patience: Patience) -> None:
    """Wait for another program that writes, in short pieces: the wait ends when the client goes away."""
    driver = _driver(connection)
    try:
        driver.execute(f"PRAGMA busy_timeout={int(POLL_S * 1000)}").close()
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE").close()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not patience.wait_s():
                    raise translated(connection, "BEGIN IMMEDIATE", error) from error
                patience.check()
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_MS}").close()


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
