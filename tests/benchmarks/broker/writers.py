"""Writes rows into the tables of SQLite or PostgreSQL, many at once, by the quickest way that each has."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

import psycopg
from sqlalchemy import make_url
from tests.benchmarks.broker.history import ENVIRONMENTS

Values = dict[str, Any]
BATCH = 20_000


class Writer(ABC):
    """Collects rows and writes them table by table at the end; within a table many at once."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Values]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, table: str, row: Values) -> None:
        """Take a row; foreign keys are looked at when all is written."""
        rows = self._rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= BATCH:
            self.flush(table)

    def flush(self, table: str) -> None:
        """Write the rows of a table that are waiting."""
        rows = self._rows.pop(table, [])
        if rows:
            columns = list(rows[0])
            self.insert(table, columns, (tuple(row[column] for column in columns) for row in rows))

    def finish(self) -> None:
        """Write all that is waiting."""
        for table in list(self._rows):
            self.flush(table)
        self.commit()

    def environments(self) -> dict[str, int]:
        """Give the ids of the environments by name."""
        names = {name for name, _ in ENVIRONMENTS}
        return {name: key for key, name in self.rows("SELECT id, name FROM environments") if name in names}

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Write rows of a table."""

    @abstractmethod
    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read rows."""

    @abstractmethod
    def commit(self) -> None:
        """Make what was written last."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""


class _Sqlite(Writer):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("synchronous=off", "cache_size=-262144", "foreign_keys=off"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN IMMEDIATE")

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  (names of our own)
        self._connection.executemany(statement, (tuple(_for_sqlite(value) for value in row) for row in rows))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def _for_sqlite(value: Any) -> Any:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds") if isinstance(value, datetime) else value


class _Postgres(Writer):
    def __init__(self, address: str) -> None:
        super().__init__()
        self._connection = psycopg.connect(address)
        self._connection.execute("SET session_replication_role = replica")  # rows come in any order, so keys are not looked at

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row([value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in row])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement.encode()).fetchall()

    def commit(self) -> None:
        """Let ids go on after those that were written, commit, and do what PostgreSQL's own housekeeping does a minute later."""
        statement = "SELECT table_name, pg_get_serial_sequence(table_name, 'id') FROM information_schema.columns"
        for table, sequence in self.rows(f"{statement} WHERE table_schema = 'public' AND column_name = 'id'"):
            if sequence is not None:
                self.rows(f"SELECT setval('{sequence}', (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)")  # noqa: S608
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM (ANALYZE)")

    def close(self) -> None:
        self._connection.close()


def writer_to(database_url: str) -> Writer:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _Sqlite(str(url.database))
    return _Postgres(url.set(drivername="postgresql").render_as_string(hide_password=False))
