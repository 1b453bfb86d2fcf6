"""The saga service's tables, and the engine on SQLite or PostgreSQL. The only place that knows which of the two it is.

On neither does a statement wait for ever: not for a lock, not for a server that is gone. A connection that a restart of the
server has broken is replaced before it is used.
"""

import json
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    create_engine,
    event,
    exists,
    make_url,
)
from sqlalchemy.exc import DBAPIError

BUSY_TIMEOUT_MS = 10_000  # how long a statement waits for another transaction
CONNECT_TIMEOUT_S = 5


class JsonText(TypeDecorator[Any]):
    """JSON, kept as the text that it is: PostgreSQL's own type refuses some of what services send, and nobody looks inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  (SQLAlchemy's interface)
        """Write the text."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  (SQLAlchemy's interface)
        """Read the text."""
        return None if value is None else json.loads(value)


metadata = MetaData()

definitions = Table(
    "definitions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga", String(63), nullable=False, index=True),
    Column("content", Text, nullable=False),  # canonical JSON
    Column("created_at", Float, nullable=False),
)
sagas = Table(
    "sagas",
    metadata,
    Column("saga_id", String(36), primary_key=True),
    Column("saga", String(63), nullable=False),
    Column("definition_id", ForeignKey("definitions.id"), nullable=False),
    Column("request_id", String(200), nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("reason", Text),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("worker", String(36), index=True),  # the process that works on it; null: none
    Column("offered_at", Float, nullable=False, default=0.0),  # when it was last to be begun by any process
    UniqueConstraint("saga", "request_id", name="uq_sagas_request"),
)
processes = Table(
    "processes",
    metadata,
    Column("process_id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("beats", Integer, nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("beat_at", Float, nullable=False),  # to be looked at by people
)
states = Table(
    "saga_states",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("at", Float, nullable=False),
)
steps = Table(
    "steps",
    metadata,
    Column("saga_id", ForeignKey("sagas.saga_id"), primary_key=True),
    Column("step", String(80), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("outcome", String(40)),
    Column("outputs", JsonText, nullable=False),
    Column("updated_at", Float, nullable=False),
)
attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("outcome", String(40)),  # null: under way, or the service was stopped under it
    Column("status", Integer),
    Column("outputs", JsonText, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Index("ix_attempts_of", "saga_id", "step", "role"),
)
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False),
    Column("step", String(80), nullable=False),
    Column("outcome", String(20)),  # null: its body was not one that the step declares
    Column("body", JsonText),
    Column("received_at", Float, nullable=False),
    Index("ix_callbacks_of", "saga_id", "step"),
)
notifications = Table(
    "notifications",
    metadata,
    Column("saga_id", ForeignKey("sagas.saga_id"), primary_key=True),
    Column("step", String(80), primary_key=True),
    Column("event", String(40), primary_key=True),
    Column("state", String(20), nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("next_at", Float, nullable=False, default=0.0),
    Column("worker", String(36)),  # the process that tells it right now
)


def open_engine(url: str) -> Engine:
    """Open the database, with its tables.

    Args:
        url: Such as `sqlite:///sagas.sqlite` or `postgresql://user@host/sagas`.
    """
    parsed = _with_driver(make_url(url))
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(parsed, pool_pre_ping=True)
        event.listen(engine, "connect", _prepare_postgresql)
    try:
        metadata.create_all(engine)
    except DBAPIError:  # a second instance, started at the same moment, was quicker: now the tables are there
        metadata.create_all(engine)
    return engine


def is_dead(worker: ColumnElement[str]) -> ColumnElement[bool]:
    """Is a process named that is not there (any more)?"""
    return and_(worker.is_not(None), ~exists().where(processes.c.process_id == worker))


def take_turns(connection: Connection, table: Table) -> None:
    """Let transactions that read this table and then write to it go one after the other, from here to their end.

    On SQLite every writing transaction does so from its beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


def _with_driver(url: URL) -> URL:
    """Name the driver of PostgreSQL where the URL does not, and bound the time to connect where it does not."""
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT_S)})
    return url


def _prepare_postgresql(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.commit()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for setting in ("journal_mode=wal", "synchronous=normal", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=on"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where the transaction writes, so that reading then writing never meets a newer state."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
