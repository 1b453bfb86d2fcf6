"""The tables of jobs: how versions are started, what is to be verified, who verifies, and whether anything is begun."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, false

from saga_broker.store.database.base import id_column, metadata, times, to
from saga_broker.store.database.types import UtcDateTime

# How a provider version is started: its provider file, and the image or the archive with what the file needs.
announcements = Table(
    "announcements",
    metadata,
    id_column(),
    to("versions", "version_id"),
    Column("provider_file", Text, nullable=False),
    Column("image", Text),
    Column("archive", LargeBinary),
    Column("archive_sha", String(64)),
    Column("labels", Text, nullable=False),  # JSON list: what a worker must have
    Column("at_once", Integer, nullable=False),
    *times(),
    UniqueConstraint("version_id"),
)

# One for each provider version, content and derivation. `generation` numbers its offers to workers.
jobs = Table(
    "jobs",
    metadata,
    id_column(),
    Column("key", String(40), nullable=False, unique=True),
    to("pacticipants", "provider_id"),
    to("versions", "provider_version_id"),
    to("contents", "content_id"),
    Column("derivation", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("reason", Text, nullable=False),  # why it was made
    Column("by_hand", Boolean, nullable=False, server_default=false()),
    Column("generation", Integer, nullable=False),
    Column("is_offered", Boolean, nullable=False, server_default=false()),
    Column("attempts", Integer, nullable=False),
    Column("worker", Text),
    Column("verdict", Text),
    Column("text", Text),  # why it is blocked, failed or dropped
    Column("verification_id", Integer),
    Column("log", Text),
    *times(),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Index("ix_jobs_state_priority_id", "state", "priority", "id"),
    Index("ix_jobs_provider_id_id", "provider_id", "id"),
    Index("ix_jobs_provider_version_id", "provider_version_id"),
    Index("ix_jobs_content_id", "content_id"),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("labels", Text, nullable=False),  # JSON list
    Column("seen_at", UtcDateTime, nullable=False),
    *times(),
)

# One row, while no job is begun.
job_pauses = Table(
    "job_pauses",
    metadata,
    id_column(),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
