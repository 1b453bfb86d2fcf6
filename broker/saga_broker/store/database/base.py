"""What every table has in common: one register, and the columns that most of them bear."""

from sqlalchemy import Column, ForeignKey, Integer, MetaData

from saga_broker.store.database.types import UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)


def id_column() -> Column[int]:
    """Make the number that a row is known by."""
    return Column("id", Integer, primary_key=True, autoincrement=True)


def times() -> tuple[Column[object], Column[object]]:
    """Make the columns of when a row was made and changed."""
    return Column("created_at", UtcDateTime, nullable=False), Column("updated_at", UtcDateTime)


def to(table: str, name: str, *, null: bool = False) -> Column[int]:
    """Make a column that points to another table's row and goes with it."""
    return Column(name, Integer, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=null)
