"""The tables of webhooks."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from saga_broker.store.database.base import id_column, metadata, times, to
from saga_broker.store.database.types import UtcDateTime

# A side is a pacticipant, a label, or open when both are null.
webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    Column("uuid", String(255), nullable=False, unique=True),
    Column("description", Text),
    Column("enabled", Boolean, nullable=False),
    to("pacticipants", "consumer_id", null=True),
    Column("consumer_label", Text),
    to("pacticipants", "provider_id", null=True),
    Column("provider_label", Text),
    Column("events", Text, nullable=False),  # JSON list of names; a name may stand there twice
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("headers", Text, nullable=False),  # JSON object of texts
    Column("body", Text),  # JSON; null: there is none
    Column("username", Text),
    Column("password", Text),
    *times(),
    Index("ix_webhooks_consumer_id", "consumer_id"),
    Index("ix_webhooks_provider_id", "provider_id"),
    sqlite_autoincrement=True,
)

# A call that an event asked for. It outlives the webhook; the event's own row may be gone. `is_latest` marks the last one of a
# webhook and event for a consumer and provider.
triggered_webhooks = Table(
    "triggered_webhooks",
    metadata,
    id_column(),
    Column("uuid", String(36), nullable=False),
    Column("webhook_id", Integer, ForeignKey("webhooks.id", ondelete="SET NULL")),
    Column("event_id", Integer, nullable=False),
    Column("event", Text, nullable=False),  # JSON object
    Column("event_name", Text, nullable=False),
    to("pacticipants", "consumer_id", null=True),
    to("pacticipants", "provider_id", null=True),
    to("versions", "consumer_version_id", null=True),
    to("verifications", "verification_id", null=True),
    Column("status", String(20), nullable=False),
    Column("attempts_made", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("is_latest", Boolean, nullable=False),
    *times(),
    UniqueConstraint("uuid"),
    Index(
        "ix_triggered_webhooks_latest",
        *("consumer_id", "provider_id", "webhook_id", "event_name"),
        sqlite_where=text("is_latest = 1"),
        postgresql_where=text("is_latest"),
    ),
    Index("ix_triggered_webhooks_event_id", "event_id"),
    Index("ix_triggered_webhooks_webhook_id_event_name_id", "webhook_id", "event_name", "id"),
    Index("ix_triggered_webhooks_consumer_version_id", "consumer_version_id"),
    Index("ix_triggered_webhooks_verification_id", "verification_id"),
    Index("ix_triggered_webhooks_consumer_id_provider_id", "consumer_id", "provider_id"),
    Index("ix_triggered_webhooks_provider_id", "provider_id"),
    Index("ix_triggered_webhooks_created_at", "created_at"),
    Index("ix_triggered_webhooks_due_at", "due_at"),
    sqlite_autoincrement=True,
)

webhook_executions = Table(
    "webhook_executions",
    metadata,
    id_column(),
    to("triggered_webhooks", "triggered_webhook_id"),
    Column("attempt", Integer, nullable=False),
    Column("success", Boolean, nullable=False),
    Column("logs", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("triggered_webhook_id", "attempt"),
    sqlite_autoincrement=True,
)
