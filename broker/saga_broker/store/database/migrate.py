"""Brings a database to the schema of this version, at start, under a lock so that several brokers may start at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from saga_broker.store.database.engine import Database, DatabaseError, unreachable

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


def migrate(database: Database, target: str = "head") -> None:
    """Apply every missing migration in one transaction.

    Args:
        database: The database; an empty one gets all tables.
        target: An Alembic revision.

    Raises:
        DatabaseError: The database cannot be reached or written.
    """
    try:
        with database.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, target)
    except (DBAPIError, PoolTimeoutError) as error:
        raise DatabaseError(unreachable(database.url, error)) from error
