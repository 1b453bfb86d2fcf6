"""The tables. What each row means stands here; what may be asked of them stands in the sibling modules.

Order: `versions.id` is the global order of versions (created last = newest), `verifications.id` the global order and the
public number of results. Content is stored once per consumer, provider and sha, in the bytes that were sent.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from saga_broker.store.database.base import id_column, metadata, times, to
from saga_broker.store.database.types import UtcDateTime

pacticipants = Table(
    "pacticipants",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text),
    Column("main_branch", Text),
    Column("repository_url", Text),
    Column("repository_name", Text),
    Column("repository_namespace", Text),
    *times(),
    sqlite_autoincrement=True,
)

labels = Table(
    "labels",
    metadata,
    id_column(),
    to("pacticipants", "pacticipant_id"),
    Column("name", Text, nullable=False),
    *times(),
    UniqueConstraint("pacticipant_id", "name"),
    Index("ix_labels_name", "name"),
)

versions = Table(
    "versions",
    metadata,
    id_column(),
    to("pacticipants", "pacticipant_id"),
    Column("number", Text, nullable=False),
    Column("build_url", Text),
    *times(),
    UniqueConstraint("pacticipant_id", "number"),
    Index("ix_versions_pacticipant_id_id", "pacticipant_id", "id"),
    sqlite_autoincrement=True,
)

branches = Table(
    "branches",
    metadata,
    id_column(),
    to("pacticipants", "pacticipant_id"),
    Column("name", Text, nullable=False),
    *times(),
    UniqueConstraint("pacticipant_id", "name"),
    sqlite_autoincrement=True,
)

branch_versions = Table(
    "branch_versions",
    metadata,
    id_column(),
    to("branches", "branch_id"),
    to("versions", "version_id"),
    Column("auto_created", Boolean, nullable=False, server_default=false()),
    *times(),
    UniqueConstraint("branch_id", "version_id"),
    Index("ix_branch_versions_version_id", "version_id"),
    sqlite_autoincrement=True,
)

# The version that was added to the branch last. One row per branch that has versions.
branch_heads = Table(
    "branch_heads",
    metadata,
    Column("branch_id", Integer, ForeignKey("branches.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    to("versions", "version_id"),
    Index("ix_branch_heads_version_id", "version_id"),
)

tags = Table(
    "tags",
    metadata,
    id_column(),
    to("pacticipants", "pacticipant_id"),  # the version's: the newest version with a tag is found by an index alone
    to("versions", "version_id"),
    Column("name", Text, nullable=False),
    *times(),
    UniqueConstraint("version_id", "name"),
    Index("ix_tags_pacticipant_id_name_version_id", "pacticipant_id", "name", "version_id"),
)

contents = Table(
    "contents",
    metadata,
    id_column(),
    to("pacticipants", "consumer_id"),
    to("pacticipants", "provider_id"),
    Column("sha", String(40), nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("consumer_id", "provider_id", "sha"),
    Index("ix_contents_provider_id", "provider_id"),
    sqlite_autoincrement=True,
)

# A content under a consumer version. `is_latest` marks the newest revision of (consumer version, provider).
publications = Table(
    "publications",
    metadata,
    id_column(),
    to("pacticipants", "consumer_id"),
    to("versions", "consumer_version_id"),
    to("pacticipants", "provider_id"),
    Column("revision", Integer, nullable=False),
    to("contents", "content_id"),
    Column("is_latest", Boolean, nullable=False, server_default=true()),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("consumer_version_id", "provider_id", "revision"),
    Index(
        "ix_publications_latest",
        *("provider_id", "consumer_id", "consumer_version_id"),
        unique=True,
        sqlite_where=text("is_latest = 1"),
        postgresql_where=text("is_latest"),
    ),
    Index("ix_publications_pair_created_at", "provider_id", "consumer_id", "created_at", "id"),
    Index("ix_publications_content_id", "content_id"),
    Index("ix_publications_consumer_id", "consumer_id"),
    sqlite_autoincrement=True,
)

verifications = Table(
    "verifications",
    metadata,
    id_column(),
    to("pacticipants", "consumer_id"),
    to("pacticipants", "provider_id"),
    to("contents", "content_id"),
    to("versions", "provider_version_id"),
    Column("success", Boolean, nullable=False),
    Column("wip", Boolean, nullable=False, server_default=false()),
    Column("pact_pending", Boolean),
    Column("consumer_version_numbers", Text),  # JSON list: the consumer versions that the result was asked for
    Column("build_url", Text),
    Column("test_results", Text),  # JSON
    Column("verified_by", Text),  # JSON
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_verifications_outcomes", "content_id", "provider_version_id", "id", "success"),
    Index("ix_verifications_provider_version_id", "provider_version_id"),
    Index("ix_verifications_provider_id_consumer_id_id", "provider_id", "consumer_id", "id"),
    Index("ix_verifications_consumer_id_id", "consumer_id", "id"),
    Index("ix_verifications_provider_id_id", "provider_id", "id"),
    sqlite_autoincrement=True,
)

# The provider's tags as they stood when the result came: pending by tag is judged by these.
verification_tags = Table(
    "verification_tags",
    metadata,
    Column("verification_id", Integer, ForeignKey("verifications.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
)

environments = Table(
    "environments",
    metadata,
    id_column(),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("production", Boolean, nullable=False),
    Column("contacts", Text),  # JSON
    *times(),
)

deployed_versions = Table(
    "deployed_versions",
    metadata,
    id_column(),
    Column("uuid", String(36), nullable=False, unique=True),
    to("pacticipants", "pacticipant_id"),
    to("versions", "version_id"),
    to("environments", "environment_id"),
    Column("instance", Text),  # null: the application has one instance; "" is an instance of its own
    Column("auto_created", Boolean, nullable=False, server_default=false()),
    *times(),
    Column("undeployed_at", UtcDateTime),
    Index("ix_deployed_versions_environment_id_pacticipant_id", "environment_id", "pacticipant_id"),
    Index(
        "ix_deployed_versions_current",
        *("pacticipant_id", "environment_id"),
        sqlite_where=text("undeployed_at IS NULL"),
        postgresql_where=text("undeployed_at IS NULL"),
    ),
    Index("ix_deployed_versions_version_id", "version_id"),
    Index("ix_deployed_versions_pacticipant_id", "pacticipant_id"),
    sqlite_autoincrement=True,
)

released_versions = Table(
    "released_versions",
    metadata,
    id_column(),
    Column("uuid", String(36), nullable=False, unique=True),
    to("pacticipants", "pacticipant_id"),
    to("versions", "version_id"),
    to("environments", "environment_id"),
    *times(),
    Column("support_ended_at", UtcDateTime),
    UniqueConstraint("version_id", "environment_id"),
    Index("ix_released_versions_environment_id_pacticipant_id", "environment_id", "pacticipant_id"),
    Index("ix_released_versions_pacticipant_id", "pacticipant_id"),
    sqlite_autoincrement=True,
)

integrations = Table(
    "integrations",
    metadata,
    id_column(),
    to("pacticipants", "consumer_id"),
    to("pacticipants", "provider_id"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("contract_data_updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("consumer_id", "provider_id"),
    Index("ix_integrations_provider_id", "provider_id"),
)

# A saga file as it was published under a version of its owner, in the bytes that were sent.
saga_versions = Table(
    "saga_versions",
    metadata,
    id_column(),
    Column("saga", Text, nullable=False),
    Column("number", Text, nullable=False),
    to("versions", "owner_version_id"),
    to("versions", "executor_version_id"),
    Column("branch", Text),
    Column("level", Integer, nullable=False),
    Column("sha", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("build_url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("saga", "number"),
    Index("ix_saga_versions_owner_version_id", "owner_version_id"),
    Index("ix_saga_versions_executor_version_id", "executor_version_id"),
    sqlite_autoincrement=True,
)

saga_steps = Table(
    "saga_steps",
    metadata,
    Column("saga_version_id", Integer, ForeignKey("saga_versions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("step", Text, nullable=False),
    Column("participant", Text, nullable=False),
    Column("step_class", Text, nullable=False),
    Column("sha", Text, nullable=False),
    Index("ix_saga_steps_participant", "participant"),
)

# What a verifier found out by playing a step's deck; it belongs to the step's slice (`sha`), not to a saga version.
deck_results = Table(
    "deck_results",
    metadata,
    id_column(),
    Column("saga", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("sha", Text, nullable=False),
    to("versions", "provider_version_id"),
    Column("derivation", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("branch", Text),
    Column("build_url", Text),
    Column("claim", Text, nullable=False),
    Column("obligations", Text, nullable=False),  # JSON object
    Column("histories", Text, nullable=False),  # JSON list
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_deck_results_sha_step_provider_version_id", "sha", "step", "provider_version_id"),
    Index("ix_deck_results_provider_version_id", "provider_version_id"),
    sqlite_autoincrement=True,
)
