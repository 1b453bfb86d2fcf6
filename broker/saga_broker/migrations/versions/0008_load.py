"""Indexes for questions about all pairs of a pacticipant: its newest results are found without reading all of them."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is missing."""
    op.drop_index("ix_verifications_consumer_id", "verifications")
    op.create_index("ix_verifications_consumer_id_id", "verifications", ["consumer_id", "id"])
    op.create_index("ix_verifications_provider_id_id", "verifications", ["provider_id", "id"])
    _assume_a_long_history()


def _assume_a_long_history() -> None:
    """Tell SQLite how many results a pacticipant has, as the first migration did of all other indexes."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    figures = [("verifications", f"ix_verifications_{side}_id_id", "1000000 10000 1") for side in ("consumer", "provider")]
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", figures)
    connection.exec_driver_sql("ANALYZE sqlite_schema")
