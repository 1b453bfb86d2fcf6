"""The tables of events: what happened and is to be handed on, and how each saga stood when it was looked at last."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, text

from saga_broker.store.database.base import id_column, metadata
from saga_broker.store.database.types import UtcDateTime

# Written in the transaction of the write that made it happen. `relayed_at` is set when every subscriber has it.
events = Table(
    "events",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON object
    Column("created_at", UtcDateTime, nullable=False),
    Column("relayed_at", UtcDateTime),
    Column("tries", Integer, nullable=False, server_default="0"),  # how often it could not be handed on
    Index(
        "ix_events_waiting",
        *("tries", "id"),
        sqlite_where=text("relayed_at IS NULL"),
        postgresql_where=text("relayed_at IS NULL"),
    ),
    Index("ix_events_relayed_at", "relayed_at"),
    sqlite_autoincrement=True,
)

# Whether a saga could run in an environment when it was judged last: who is told, is told of the change only.
saga_standings = Table(
    "saga_standings",
    metadata,
    Column("saga", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("can_run", Boolean, nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
)
