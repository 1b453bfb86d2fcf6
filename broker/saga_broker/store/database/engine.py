"""The connection to the database: SQLite or PostgreSQL behind the same two doors, `read` and `write`.

A request makes one transaction. Writes come one at a time (SQLite: `BEGIN IMMEDIATE`; PostgreSQL: an advisory lock), so that
"the latest" means the same on both. Commit happens here and nowhere else.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_contracts.errors import SagapactError

WRITE_LOCK = 7_203_115
PREPARED_STATEMENTS = 400  # kept by each PostgreSQL connection; more than the broker has
UNREACHABLE = (OperationalError, InterfaceError, PoolTimeoutError)


class DatabaseError(SagapactError):
    """The database cannot be used."""


class Database:
    """One database, shared by all threads of a broker process."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        """Prepare the engine; nothing is connected before the first use.

        Raises:
            DatabaseError: The URL is not one that the broker can use.
        """
        self.url = _checked(url)
        self._engine = _sqlite(self.url, pool_size) if self.is_sqlite else _postgresql(self.url, pool_size)
        self._turn = threading.Lock()  # threads of one process wait here instead of polling the database's own lock

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is SQLite."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading; everything read inside is of one moment."""
        with self._engine.connect() as connection, connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection for reading and writing; committed at the end, rolled back when an exception passes."""
        with self._turn, self._engine.connect() as plain:
            connection = plain.execution_options(write=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
                yield connection

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
    for pragma in ("busy_timeout=10000", "journal_mode=wal", "synchronous=normal", "foreign_keys=on"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")


def _postgresql(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "application_name": "sagapact-broker"},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """Let each statement be planned once for a connection: with its many joins, planning costs more than running it."""
    connection.prepare_threshold = 0
    connection.prepared_max = PREPARED_STATEMENTS
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute("SET jit = off")
    connection.commit()
