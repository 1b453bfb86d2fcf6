"""The first tables."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    _environments()
    _pacticipants()
    _branches()
    _contents()
    _integrations()
    _labels()
    _versions()
    _branch_heads()
    _branch_versions()
    _deck_results()
    _deployed_versions()
    _publications()
    _released_versions()
    _saga_versions()
    _tags()
    _verifications()
    _saga_steps()
    _verification_tags()
    _first_environments()
    _assume_a_long_history()


def _environments() -> None:
    op.create_table(
        "environments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("production", sa.Boolean(), nullable=False),
        sa.Column("contacts", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environments")),
        sa.UniqueConstraint("name", name=op.f("uq_environments_name")),
        sa.UniqueConstraint("uuid", name=op.f("uq_environments_uuid")),
    )


def _pacticipants() -> None:
    op.create_table(
        "pacticipants",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("main_branch", sa.Text(), nullable=True),
        sa.Column("repository_url", sa.Text(), nullable=True),
        sa.Column("repository_name", sa.Text(), nullable=True),
        sa.Column("repository_namespace", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pacticipants")),
        sa.UniqueConstraint("name", name=op.f("uq_pacticipants_name")),
        sqlite_autoincrement=True,
    )


def _branches() -> None:
    op.create_table(
        "branches",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pacticipant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pacticipant_id"], ["pacticipants.id"], name=op.f("fk_branches_pacticipant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branches")),
        sa.UniqueConstraint("pacticipant_id", "name", name=op.f("uq_branches_pacticipant_id_name")),
        sqlite_autoincrement=True,
    )


def _contents() -> None:
    op.create_table(
        "contents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("consumer_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("sha", sa.String(length=40), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["consumer_id"], ["pacticipants.id"], name=op.f("fk_contents_consumer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["provider_id"], ["pacticipants.id"], name=op.f("fk_contents_provider_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
        sa.UniqueConstraint("consumer_id", "provider_id", "sha", name=op.f("uq_contents_consumer_id_provider_id_sha")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("contents", schema=None) as batch_op:
        batch_op.create_index("ix_contents_provider_id", ["provider_id"], unique=False)


def _integrations() -> None:
    op.create_table(
        "integrations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("consumer_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("contract_data_updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_id"], ["pacticipants.id"], name=op.f("fk_integrations_consumer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["pacticipants.id"], name=op.f("fk_integrations_provider_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrations")),
        sa.UniqueConstraint("consumer_id", "provider_id", name=op.f("uq_integrations_consumer_id_provider_id")),
    )
    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.create_index("ix_integrations_provider_id", ["provider_id"], unique=False)


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pacticipant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pacticipant_id"], ["pacticipants.id"], name=op.f("fk_labels_pacticipant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("pacticipant_id", "name", name=op.f("uq_labels_pacticipant_id_name")),
    )
    with op.batch_alter_table("labels", schema=None) as batch_op:
        batch_op.create_index("ix_labels_name", ["name"], unique=False)


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pacticipant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("build_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pacticipant_id"], ["pacticipants.id"], name=op.f("fk_versions_pacticipant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("pacticipant_id", "number", name=op.f("uq_versions_pacticipant_id_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.create_index("ix_versions_pacticipant_id_id", ["pacticipant_id", "id"], unique=False)


def _branch_heads() -> None:
    op.create_table(
        "branch_heads",
        sa.Column("branch_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_branch_heads_branch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_branch_heads_version_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_branch_heads")),
    )
    with op.batch_alter_table("branch_heads", schema=None) as batch_op:
        batch_op.create_index("ix_branch_heads_version_id", ["version_id"], unique=False)


def _branch_versions() -> None:
    op.create_table(
        "branch_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("auto_created", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name=op.f("fk_branch_versions_branch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_branch_versions_version_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch_versions")),
        sa.UniqueConstraint("branch_id", "version_id", name=op.f("uq_branch_versions_branch_id_version_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("branch_versions", schema=None) as batch_op:
        batch_op.create_index("ix_branch_versions_version_id", ["version_id"], unique=False)


def _deck_results() -> None:
    op.create_table(
        "deck_results",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("saga", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("provider_version_id", sa.Integer(), nullable=False),
        sa.Column("derivation", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("build_url", sa.Text(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("obligations", sa.Text(), nullable=False),
        sa.Column("histories", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_version_id"], ["versions.id"], name=op.f("fk_deck_results_provider_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deck_results")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("deck_results", schema=None) as batch_op:
        batch_op.create_index("ix_deck_results_provider_version_id", ["provider_version_id"], unique=False)
        batch_op.create_index(
            "ix_deck_results_sha_step_provider_version_id", ["sha", "step", "provider_version_id"], unique=False
        )


def _deployed_versions() -> None:
    op.create_table(
        "deployed_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("pacticipant_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=True),
        sa.Column("auto_created", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.Column("undeployed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_deployed_versions_environment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pacticipant_id"], ["pacticipants.id"], name=op.f("fk_deployed_versions_pacticipant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_deployed_versions_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployed_versions")),
        sa.UniqueConstraint("uuid", name=op.f("uq_deployed_versions_uuid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("deployed_versions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deployed_versions_environment_id_pacticipant_id", ["environment_id", "pacticipant_id"], unique=False
        )
        batch_op.create_index(
            "ix_deployed_versions_current",
            ["pacticipant_id", "environment_id"],
            unique=False,
            sqlite_where=sa.text("undeployed_at IS NULL"),
            postgresql_where=sa.text("undeployed_at IS NULL"),
        )
        batch_op.create_index("ix_deployed_versions_pacticipant_id", ["pacticipant_id"], unique=False)
        batch_op.create_index("ix_deployed_versions_version_id", ["version_id"], unique=False)


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("consumer_id", sa.Integer(), nullable=False),
        sa.Column("consumer_version_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("is_latest", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_id"], ["pacticipants.id"], name=op.f("fk_publications_consumer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["consumer_version_id"], ["versions.id"], name=op.f("fk_publications_consumer_version_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_publications_content_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["pacticipants.id"], name=op.f("fk_publications_provider_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint(
            "consumer_version_id",
            "provider_id",
            "revision",
            name=op.f("uq_publications_consumer_version_id_provider_id_revision"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("publications", schema=None) as batch_op:
        batch_op.create_index("ix_publications_consumer_id", ["consumer_id"], unique=False)
        batch_op.create_index("ix_publications_content_id", ["content_id"], unique=False)
        batch_op.create_index(
            "ix_publications_latest",
            ["provider_id", "consumer_id", "consumer_version_id"],
            unique=True,
            sqlite_where=sa.text("is_latest = 1"),
            postgresql_where=sa.text("is_latest"),
        )
        batch_op.create_index("ix_publications_pair_created_at", ["provider_id", "consumer_id", "created_at", "id"], unique=False)


def _released_versions() -> None:
    op.create_table(
        "released_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("pacticipant_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.Column("support_ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_released_versions_environment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pacticipant_id"], ["pacticipants.id"], name=op.f("fk_released_versions_pacticipant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_released_versions_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_released_versions")),
        sa.UniqueConstraint("uuid", name=op.f("uq_released_versions_uuid")),
        sa.UniqueConstraint("version_id", "environment_id", name=op.f("uq_released_versions_version_id_environment_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("released_versions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_released_versions_environment_id_pacticipant_id", ["environment_id", "pacticipant_id"], unique=False
        )
        batch_op.create_index("ix_released_versions_pacticipant_id", ["pacticipant_id"], unique=False)


def _saga_versions() -> None:
    op.create_table(
        "saga_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("saga", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("owner_version_id", sa.Integer(), nullable=False),
        sa.Column("executor_version_id", sa.Integer(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("build_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["executor_version_id"], ["versions.id"], name=op.f("fk_saga_versions_executor_version_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_version_id"], ["versions.id"], name=op.f("fk_saga_versions_owner_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saga_versions")),
        sa.UniqueConstraint("saga", "number", name=op.f("uq_saga_versions_saga_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("saga_versions", schema=None) as batch_op:
        batch_op.create_index("ix_saga_versions_executor_version_id", ["executor_version_id"], unique=False)
        batch_op.create_index("ix_saga_versions_owner_version_id", ["owner_version_id"], unique=False)


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pacticipant_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["pacticipant_id"], ["pacticipants.id"], name=op.f("fk_tags_pacticipant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_tags_version_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("version_id", "name", name=op.f("uq_tags_version_id_name")),
    )
    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.create_index("ix_tags_pacticipant_id_name_version_id", ["pacticipant_id", "name", "version_id"], unique=False)


def _verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("consumer_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("provider_version_id", sa.Integer(), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("wip", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("pact_pending", sa.Boolean(), nullable=True),
        sa.Column("consumer_version_numbers", sa.Text(), nullable=True),
        sa.Column("build_url", sa.Text(), nullable=True),
        sa.Column("test_results", sa.Text(), nullable=True),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_id"], ["pacticipants.id"], name=op.f("fk_verifications_consumer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_verifications_content_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["pacticipants.id"], name=op.f("fk_verifications_provider_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["provider_version_id"], ["versions.id"], name=op.f("fk_verifications_provider_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("verifications", schema=None) as batch_op:
        batch_op.create_index("ix_verifications_consumer_id", ["consumer_id"], unique=False)
        batch_op.create_index(
            "ix_verifications_content_id_provider_version_id_id", ["content_id", "provider_version_id", "id"], unique=False
        )
        batch_op.create_index("ix_verifications_provider_id_consumer_id_id", ["provider_id", "consumer_id", "id"], unique=False)
        batch_op.create_index("ix_verifications_provider_version_id", ["provider_version_id"], unique=False)


def _saga_steps() -> None:
    op.create_table(
        "saga_steps",
        sa.Column("saga_version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("participant", sa.Text(), nullable=False),
        sa.Column("step_class", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saga_version_id"], ["saga_versions.id"], name=op.f("fk_saga_steps_saga_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("saga_version_id", "position", name=op.f("pk_saga_steps")),
    )
    with op.batch_alter_table("saga_steps", schema=None) as batch_op:
        batch_op.create_index("ix_saga_steps_participant", ["participant"], unique=False)


def _verification_tags() -> None:
    op.create_table(
        "verification_tags",
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_verification_tags_verification_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("verification_id", "tag", name=op.f("pk_verification_tags")),
    )


def _first_environments() -> None:
    table = sa.table("environments", *(sa.column(name) for name in ("uuid", "name", "display_name", "production", "created_at")))
    made_at = datetime.now(UTC).replace(tzinfo=None)
    rows = (("test", "Test", False), ("production", "Production", True))
    op.bulk_insert(
        table,
        [
            {"uuid": str(uuid4()), "name": name, "display_name": shown, "production": production, "created_at": made_at}
            for name, shown, production in rows
        ],
    )


# What ANALYZE finds on 50,000 versions with 1,000,000 results: the number of rows, then the rows for each value of the index's
# first column, of its first two columns, and so on.
_STATISTICS = (
    ("branch_heads", "ix_branch_heads_version_id", "5200 1"),
    ("branch_versions", "ix_branch_versions_version_id", "50440 1"),
    ("branch_versions", "sqlite_autoindex_branch_versions_1", "50440 10 1"),
    ("branches", "sqlite_autoindex_branches_1", "5200 26 1"),
    ("contents", "ix_contents_provider_id", "20760 208"),
    ("contents", "sqlite_autoindex_contents_1", "20760 208 42 1"),
    ("deployed_versions", "ix_deployed_versions_current", "400 2 1"),
    ("deployed_versions", "ix_deployed_versions_environment_id_pacticipant_id", "8000 4000 20"),
    ("deployed_versions", "ix_deployed_versions_pacticipant_id", "8000 40"),
    ("deployed_versions", "ix_deployed_versions_version_id", "8000 2"),
    ("deployed_versions", "sqlite_autoindex_deployed_versions_1", "8000 1"),
    ("integrations", "ix_integrations_provider_id", "500 5"),
    ("integrations", "sqlite_autoindex_integrations_1", "500 5 1"),
    ("pacticipants", "sqlite_autoindex_pacticipants_1", "200 1"),
    ("publications", "ix_publications_consumer_id", "125660 1257"),
    ("publications", "ix_publications_content_id", "125660 7"),
    ("publications", "ix_publications_latest", "125660 1257 252 1"),
    ("publications", "ix_publications_pair_created_at", "125660 1257 252 1 1"),
    ("publications", "sqlite_autoindex_publications_1", "125660 5 1 1"),
    ("released_versions", "ix_released_versions_environment_id_pacticipant_id", "8000 4000 20"),
    ("released_versions", "ix_released_versions_pacticipant_id", "8000 40"),
    ("released_versions", "sqlite_autoindex_released_versions_2", "8000 2 1"),
    ("tags", "ix_tags_pacticipant_id_name_version_id", "5625 225 225 1"),
    ("tags", "sqlite_autoindex_tags_1", "5625 1 1"),
    ("verification_tags", "sqlite_autoindex_verification_tags_1", "100000 1 1"),
    ("verifications", "ix_verifications_consumer_id", "1015000 10150"),
    ("verifications", "ix_verifications_content_id_provider_version_id_id", "1015000 51 1 1"),
    ("verifications", "ix_verifications_provider_id_consumer_id_id", "1015000 10150 2030 1"),
    ("verifications", "ix_verifications_provider_version_id", "1015000 41"),
    ("versions", "ix_versions_pacticipant_id_id", "50660 254 1"),
    ("versions", "sqlite_autoindex_versions_1", "50660 254 1"),
)


def _assume_a_long_history() -> None:
    """Let SQLite plan as for a long history from the first day on; without figures it takes every index for equally good.

    PostgreSQL gathers its own figures.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # makes the table of figures
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", list(_STATISTICS))
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # reads it
