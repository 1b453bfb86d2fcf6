"""The saga service's tables, and the engine on SQLite or PostgreSQL."""

from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)

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
    Column("payload", JSON, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("reason", Text),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("saga", "request_id", name="uq_sagas_request"),
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
    Column("step", String(63), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("outcome", String(40)),
    Column("outputs", JSON, nullable=False),
    Column("updated_at", Float, nullable=False),
)
attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False),
    Column("step", String(63), nullable=False),
    Column("role", String(20), nullable=False),
    Column("outcome", String(40)),  # null: under way, or the service was stopped under it
    Column("status", Integer),
    Column("outputs", JSON, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Index("ix_attempts_of", "saga_id", "step", "role"),
)
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False),
    Column("step", String(63), nullable=False),
    Column("outcome", String(20)),  # null: its body was not one that the step declares
    Column("body", JSON),
    Column("received_at", Float, nullable=False),
    Index("ix_callbacks_of", "saga_id", "step"),
)
notifications = Table(
    "notifications",
    metadata,
    Column("saga_id", ForeignKey("sagas.saga_id"), primary_key=True),
    Column("step", String(63), primary_key=True),
    Column("event", String(40), primary_key=True),
    Column("state", String(20), nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("updated_at", Float, nullable=False),
)


def open_engine(url: str) -> Engine:
    """Open the database, with its tables.

    Args:
        url: Such as `sqlite:///sagas.sqlite` or `postgresql://user@host/sagas`.
    """
    if url.startswith(("postgresql://", "postgres://")):
        url = f"postgresql+psycopg://{url.partition('://')[2]}"
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    metadata.create_all(engine)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for setting in ("journal_mode=wal", "synchronous=normal", "busy_timeout=10000", "foreign_keys=on"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where the transaction writes, so that reading then writing never meets a newer state."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
