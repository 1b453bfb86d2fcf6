"""Every purchase as text in one SQLite table: what is saved here survives the process."""

import sqlite3
from pathlib import Path


class Store:
    """The table of purchases.

    Args:
        path: The database's file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=wal")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS purchases "
            "(purchase TEXT PRIMARY KEY, request_id TEXT UNIQUE, ended INTEGER, instance TEXT)"
        )

    def add(self, purchase: str, request_id: str, instance: str) -> str:
        """Keep a new purchase; give the id of the one that this request has begun, which may be an older one."""
        values = (purchase, request_id, instance)
        self._database.execute("INSERT INTO purchases VALUES (?, ?, 0, ?) ON CONFLICT (request_id) DO NOTHING", values)
        return str(self._one("SELECT purchase FROM purchases WHERE request_id = ?", request_id))

    def save(self, purchase: str, instance: str, *, ended: bool) -> None:
        """Keep where a purchase stands."""
        values = (instance, int(ended), purchase)
        self._database.execute("UPDATE purchases SET instance = ?, ended = ? WHERE purchase = ?", values)

    def read(self, purchase: str) -> str | None:
        """Give where a purchase stands; None when there is none of this id."""
        found = self._one("SELECT instance FROM purchases WHERE purchase = ?", purchase)
        return None if found is None else str(found)

    def unfinished(self) -> list[tuple[str, str]]:
        """Give every purchase that has not ended: id and where it stands."""
        return self._database.execute("SELECT purchase, instance FROM purchases WHERE ended = 0").fetchall()

    def _one(self, query: str, value: str) -> object:
        row = self._database.execute(query, (value,)).fetchone()
        return None if row is None else row[0]
