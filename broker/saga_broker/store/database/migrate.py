"""Brings a database to the schema of this version, at start, under a lock so that several brokers may start at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
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
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        shown = database.url.render_as_string(hide_password=True)
        msg = (
            f"Cannot use the database {shown}: a newer version of Sagapact has changed its tables ({error}). Run that "
            "version, or restore a back-up from before."
        )
        raise DatabaseError(msg) from error
    except (DBAPIError, PoolTimeoutError) as error:
        raise DatabaseError(unreachable(database.url, error)) from error
