"""Connections that are ready for the next transaction.

A pool of SQLAlchemy's looks after a connection each time it is lent and each time it comes back, which costs as much as two
statements. Here a connection whose transaction ended well is kept as it is; any other goes back to the pool, which mends it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

LOOK_AFTER_S = 1.0


class Leases:
    """Lends connections of one kind.

    Args:
        engine: Makes them.
        kept: How many are kept ready.
        prepare: Makes a connection one of this kind.
    """

    def __init__(self, engine: Engine, kept: int, prepare: Callable[[Connection], None]) -> None:
        self._engine, self._kept, self._prepare = engine, kept, prepare
        self._ready: list[tuple[float, Connection]] = []
        self._generation = 0

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """Lend a connection; no transaction is open on it, and none must be afterwards."""
        generation = self._generation
        connection = self._taken()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if generation == self._generation and len(self._ready) < self._kept:
            self._ready.append((time.monotonic(), connection))
        else:
            connection.close()

    @property
    def ready(self) -> int:
        """How many wait for the next transaction."""
        return len(self._ready)

    def close(self) -> None:
        """Give up all that are ready, and those that are lent when they come back."""
        self._generation += 1
        while self._ready:
            self._ready.pop()[1].close()

    def _taken(self) -> Connection:
        while True:
            try:
                since, connection = self._ready.pop()
            except IndexError:
                return self._new()
            if time.monotonic() - since < LOOK_AFTER_S or self._lives(connection):
                return connection
            connection.invalidate()
            connection.close()

    def _new(self) -> Connection:
        connection = self._engine.connect()
        self._prepare(connection)
        return connection

    def _lives(self, connection: Connection) -> bool:
        """Look whether a connection that was not used for a while still leads to the database."""
        dialect = connection.dialect
        try:
            return bool(dialect.do_ping(connection.connection.dbapi_connection))  # type: ignore[arg-type]
        except (dialect.loaded_dbapi.Error, DBAPIError):
            return False
