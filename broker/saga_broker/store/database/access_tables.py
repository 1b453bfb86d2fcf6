"""The tables of access: tokens, the sessions that people opened with them, and who wrote what."""

from sqlalchemy import Column, Index, Integer, Table, Text

from saga_broker.store.database.base import id_column, metadata, to
from saga_broker.store.database.types import UtcDateTime

# `digest` is the SHA-256 of the token's text, which is kept nowhere. A token that was taken back stays, for the audit log.
tokens = Table(
    "tokens",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("rights", Text, nullable=False),  # JSON list
    Column("pacticipants", Text),  # JSON list; NULL: all
    Column("requests_a_minute", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    sqlite_autoincrement=True,
)

# A browser's session; `digest` is that of the value of its cookie.
sessions = Table(
    "sessions",
    metadata,
    id_column(),
    to("tokens", "token_id"),
    Column("digest", Text, nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_sessions_token_id", "token_id"),
)

# One row: a number that grows with every change of a token or session, so that processes see cheaply whether there was one.
access_changes = Table("access_changes", metadata, id_column(), Column("number", Integer, nullable=False))

# `token` and `prefix` are copied, so that a line says who it was whatever becomes of the token. `status` is NULL for a moment,
# and for good when the process died between the write and its answer.
audit = Table(
    "audit",
    metadata,
    id_column(),
    Column("at", UtcDateTime, nullable=False),
    Column("token", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("pacticipants", Text, nullable=False),  # JSON list
    Column("status", Integer),
    Column("request_id", Text),
    sqlite_autoincrement=True,
)
