"""The tables of the checker, the escalations and the shards, beside those of the work. Import it before a database is opened."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from saga_service.tables import JsonText, metadata, sagas

checks = Table(
    "checks",
    metadata,
    Column("saga_id", ForeignKey("sagas.saga_id"), primary_key=True),
    Column("ended_at", Float, nullable=False),  # the end that is looked at; another one after a finding
    Column("verdict", String(20)),  # null: looked at right now, or the service was stopped under it
    Column("is_final", Boolean, nullable=False),  # is this end not looked at again?
    Column("tries", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("answers", JsonText),  # by step: what its participant told
    Column("looked_at", Float),
)
findings = Table(
    "checker_findings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False, index=True),
    Column("step", String(80), nullable=False),
    Column("state", String(20), nullable=False),  # of the saga, before
    Column("finding", String(20), nullable=False),
    Column("told", String(20), nullable=False),
    Column("action", String(20), nullable=False),
    Column("at", Float, nullable=False),
)
acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saga_id", ForeignKey("sagas.saga_id"), nullable=False, index=True),
    Column("act", String(20), nullable=False),
    Column("person", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("before", JsonText, nullable=False),  # what the act has taken out of the record
    Column("at", Float, nullable=False),
)
hook_calls = Table(
    "hook_calls",
    metadata,
    Column("state_id", ForeignKey("saga_states.id"), primary_key=True),  # one for each time that a saga is escalated
    Column("tries", Integer, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("is_taken", Boolean, nullable=False, index=True),
)
shard = Table(
    "shard",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("shards", Integer, nullable=False),
)
Index("ix_sagas_ended", sagas.c.state, sagas.c.updated_at)
Index("ix_sagas_created", sagas.c.created_at)
