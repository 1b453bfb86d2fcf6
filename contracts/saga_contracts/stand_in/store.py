"""Where a participant remembers: in memory, or in a SQLite file, written before anything is answered."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from saga_contracts.errors import UsageError
from saga_contracts.stand_in.book import Book, Post, Row

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sagapact_rows (
  step TEXT NOT NULL, identity TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (step, identity)
);
CREATE TABLE IF NOT EXISTS sagapact_posts (at INTEGER PRIMARY KEY, post TEXT NOT NULL);
"""
_KEEP = "INSERT INTO sagapact_rows VALUES (?, ?, ?) ON CONFLICT (step, identity) DO UPDATE SET row = excluded.row"


class Store:
    """In memory: nothing outlives the process."""

    def book(self) -> Book:
        """Give what is remembered."""
        return Book()

    def keep(self, row: Row) -> None:
        """Write a row."""

    def keep_post(self, post: Post) -> None:
        """Write a precondition."""

    def close(self) -> None:
        """Write nothing any more."""


class SqliteStore(Store):
    """In a file; calls come one after the other, from any thread.

    Args:
        path: The file; it is made when it is not there.

    Raises:
        UsageError: when it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise UsageError(
                f"The database {path} cannot be used: {error}. Name a file of its own in an existing folder."
            ) from None

    def book(self) -> Book:
        """Give what is remembered."""
        book = Book()
        with closing(self._database.execute("SELECT row FROM sagapact_rows")) as found:
            for (text,) in found:
                book.keep(Row.of_json(json.loads(text)))
        with closing(self._database.execute("SELECT post FROM sagapact_posts ORDER BY at")) as found:
            book.posts = [Post(**json.loads(text)) for (text,) in found]
        book.clock = max([0, *(row.touched for row in book.rows.values()), *(post.at for post in book.posts)])
        return book

    def keep(self, row: Row) -> None:
        """Write a row."""
        self._database.execute(_KEEP, (row.step, row.identity, json.dumps(row.as_json())))

    def keep_post(self, post: Post) -> None:
        """Write a precondition."""
        self._database.execute("INSERT INTO sagapact_posts VALUES (?, ?)", (post.at, json.dumps(post.as_json())))

    def close(self) -> None:
        """Write nothing any more."""
        self._database.close()
