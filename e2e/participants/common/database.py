"""One database by URL: SQLite or PostgreSQL. The only place that knows which of the two it is.

`writing` is for transactions that change something, `reading` for those that only look. SQLite lets one writer in at a time,
from the transaction's first statement on; PostgreSQL needs (and gets, from the statements themselves) row locks and unique
constraints. On neither does a call wait for ever: not for a lock, not for a server that is gone. A connection that a restart of
the server has broken is replaced before it is used.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, literal, make_url, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

BUSY_TIMEOUT_MS = 10_000  # how long a statement waits for another transaction
CONNECT_TIMEOUT_S = 5
SERVER_THREADS = 40  # FastAPI runs sync endpoints in at most so many threads
KEPT_CONNECTIONS = 8
NO_ANSWER = (OperationalError, InterfaceError, PoolTimeoutError)
"""What is raised when the database does not answer: the same call may succeed later."""


class Database:
    """A participant's own database, with its tables made.

    Args:
        url: An SQLAlchemy URL such as `sqlite:///billing.sqlite` or `postgresql://user@host/billing`.
        metadata: The tables that must be there.
    """

    def __init__(self, url: str, metadata: MetaData) -> None:
        self._engine = _open(url)
        self._writer = self._engine.execution_options(writes=True)
        if self._engine.dialect.name == "sqlite":
            self._reader = self._engine
            # SQLite makes writers that wait look again now and then; taking turns within the process is quicker, and fair.
            self._turn: AbstractContextManager[object] = Lock()
        else:
            # Without this, each statement of a transaction would see what others have committed meanwhile.
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._turn = nullcontext()
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
        with self._reader.connect() as connection:
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


def in_one_line(failure: Exception) -> str:
    """Say what the database's driver said, without the statement and its values."""
    said = str(getattr(failure, "orig", failure)).strip().partition("\n")[0]
    return f"{type(failure).__name__}: {said}"


def _open(url: str) -> Engine:
    parsed = _with_driver(make_url(url))
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, pool_size=KEPT_CONNECTIONS, max_overflow=SERVER_THREADS)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(parsed, pool_size=KEPT_CONNECTIONS, max_overflow=SERVER_THREADS, pool_pre_ping=True)
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _with_driver(url: URL) -> URL:
    """Name the driver of PostgreSQL where the URL does not, and bound the time to connect where it does not."""
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT_S)})
    return url


def _set_up_postgresql(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.commit()


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own; `_begin_sqlite` does
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: two transactions that both read before they write would otherwise fail instead of wait.
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
