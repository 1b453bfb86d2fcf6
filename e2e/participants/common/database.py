"""One database by URL: SQLite or PostgreSQL. The only place that knows which of the two it is.

`writing` is for transactions that change something, `reading` for those that only look. SQLite lets one writer in at a time,
from the transaction's first statement on; PostgreSQL needs (and gets, from the statements themselves) row locks and unique
constraints.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, literal, select
from sqlalchemy.exc import DBAPIError

BUSY_TIMEOUT_MS = 10_000
SERVER_THREADS = 40  # FastAPI runs sync endpoints in at most so many threads
KEPT_CONNECTIONS = 8


class Database:
    """A participant's own database, with its tables made.

    Args:
        url: An SQLAlchemy URL such as `sqlite:///billing.sqlite` or `postgresql+psycopg://user@host/billing`.
        metadata: The tables that must be there.
    """

    def __init__(self, url: str, metadata: MetaData) -> None:
        self._engine = _open(url)
        self._writer = self._engine.execution_options(writes=True)
        # SQLite makes writers that wait look again now and then; taking turns within the process is quicker, and fair.
        self._turn = Lock() if self._engine.dialect.name == "sqlite" else nullcontext()
        self._metadata = metadata
        self._create_tables()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that is committed at the end, and rolled back when the block raises."""
        with self._turn, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a transaction that sees one state of the data and changes nothing."""
        with self._engine.connect() as connection:
            yield connection

    def check(self) -> None:
        """Return when the database answers and has its tables, raise SQLAlchemy's error when not."""
        with self.reading() as connection:
            for table in self._metadata.sorted_tables:
                connection.execute(select(literal(1)).select_from(table).limit(1))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _create_tables(self) -> None:
        try:
            with self.writing() as connection:
                self._metadata.create_all(connection)
        except DBAPIError:  # a second instance, started at the same moment, was quicker: now the tables are there
            with self.writing() as connection:
                self._metadata.create_all(connection)


def _open(url: str) -> Engine:
    engine = create_engine(url, pool_size=KEPT_CONNECTIONS, max_overflow=SERVER_THREADS)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own; `_begin_sqlite` does
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: two transactions that both read before they write would otherwise fail instead of wait.
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
