"""Indexes for what was read row by row: the newest results of all pairs of a pacticipant, and the outcomes that figures count."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MADE = {
    "ix_verifications_consumer_id_id": (["consumer_id", "id"], "1015000 10150 1"),
    "ix_verifications_provider_id_id": (["provider_id", "id"], "1015000 10150 1"),
    "ix_verifications_outcomes": (["content_id", "provider_version_id", "id", "success"], "1015000 51 1 1 1"),
}


def upgrade() -> None:
    """Make what is missing."""
    for name in ("ix_verifications_consumer_id", "ix_verifications_content_id_provider_version_id_id"):
        op.drop_index(name, "verifications")
    for name, (columns, _) in _MADE.items():
        op.create_index(name, "verifications", columns)
    _assume_a_long_history()


def _assume_a_long_history() -> None:
    """Tell SQLite what the new indexes find, as the first migration did of all others."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    figures = [("verifications", name, stat) for name, (_, stat) in _MADE.items()]
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", figures)
    connection.exec_driver_sql("ANALYZE sqlite_schema")
