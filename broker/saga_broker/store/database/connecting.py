"""How a database is connected to: its address, and what each new connection is told."""

import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from saga_broker.http.patience import Bounds
from saga_contracts.errors import SagapactError

PREPARED_STATEMENTS = 400  # kept by each PostgreSQL connection; more than the broker has
BUSY_MS = 10_000
CHECKPOINT = "wal_autocheckpoint=4000"  # pages: the disk is waited for once in some hundred publications


class DatabaseError(SagapactError):
    """The database cannot be used."""


def checked(text_url: str) -> URL:
    """Read the address of a database.

    Raises:
        DatabaseError: It is not one that the broker can use.
    """
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


def engine_for(url: URL, pool_size: int, bounds: Bounds | None) -> Engine:
    """Prepare an engine; nothing is connected before the first use."""
    more: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size, "hide_parameters": True}
    if bounds is not None:
        more["pool_timeout"] = bounds.wait_s
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **more, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    about = {"connect_timeout": 5, "application_name": "sagapact-broker"}
    engine = create_engine(url, **more, pool_pre_ping=True, connect_args=about)
    event.listen(engine, "connect", partial(_prepare_postgresql, _settings(bounds)))
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `transactions` says
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=wal", "synchronous=normal", "foreign_keys=on", CHECKPOINT):
        connection.execute(f"PRAGMA {pragma}").close()


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
