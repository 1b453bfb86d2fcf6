"""The stock of the small saga with all that it knows in one SQLite file, in several versions, for several processes at a time.

python stock_of_versions.py PORT FILE [WRONG]      (WRONG: what is wrong with it, several with commas between)
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from small_participant import SAGA, Answer, Handler, Stock

SAGA_AT_4 = SAGA.replace("owner: shop\n", "owner: shop\nlevel: 4\n")
TABLES = """
CREATE TABLE IF NOT EXISTS shelves (item TEXT PRIMARY KEY, free INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS holds (key TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT, ticket TEXT);
"""
NEW_WORDS = {"taken": "HELD", "refused": "REFUSED", "back": "RELEASED"}


class Shelves(dict[str, Any]):
    """What is left of each item, read and written in the file."""

    def __init__(self, stock: "SharedStock") -> None:
        super().__init__()
        self._stock = stock

    def __getitem__(self, item: str) -> Any:
        return self.get(item, 0)

    def get(self, item: str, default: Any = 0) -> Any:
        with self._stock.transaction() as database:
            row = database.execute("SELECT free FROM shelves WHERE item = ?", (item,)).fetchone()
        return row[0] if row else default

    def __setitem__(self, item: str, free: int) -> None:
        with self._stock.transaction() as database:
            database.execute("INSERT OR REPLACE INTO shelves VALUES (?, ?)", (item, free))


class SharedStock(Stock):
    """The rules, with nothing in the process's own memory, unless that is what is wrong."""

    def __init__(self, file: str, wrong: str) -> None:
        super().__init__(wrong)
        self.file = file
        self.memory: dict[str, str] = {}
        self._migrate()
        self.left = Shelves(self)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the database; others wait meanwhile."""
        database = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        finally:
            database.close()

    def _migrate(self) -> None:
        database = sqlite3.connect(self.file, timeout=30)
        try:
            database.executescript(TABLES)
            if "renames a column" in self.wrong and self._column(database) == "state":
                database.execute("ALTER TABLE holds RENAME COLUMN state TO status")
            if "forgets old keys" in self.wrong and database.execute("PRAGMA application_id").fetchone()[0] != 2:
                database.execute("DELETE FROM holds")
                database.execute("PRAGMA application_id = 2")
            if "refuses a newer file" in self.wrong and database.execute("PRAGMA user_version").fetchone()[0] > 1:
                sys.exit("the file was written by a newer version")
            if "marks the file as newer" in self.wrong:
                database.execute("PRAGMA user_version = 2")
            database.commit()
        finally:
            database.close()

    @staticmethod
    def _column(database: sqlite3.Connection) -> str:
        return str(
            database.execute("SELECT name FROM pragma_table_info('holds') WHERE name IN ('state', 'status')").fetchone()[0]
        )

    def row_of(self, key: str) -> dict[str, Any] | None:
        """Give what is known of a key."""
        with self.transaction() as database:
            column = "status" if "renames a column" in self.wrong else "state"
            row = database.execute(f"SELECT {column}, body, ticket FROM holds WHERE key = ?", (key,)).fetchone()  # noqa: S608
        if row is None or ("dedup in memory" in self.wrong and key not in self.memory):
            return None
        body = None if row[1] is None else json.loads(row[1])
        return {"state": self._read(row[0]), "body": body, "ticket": row[2]}

    def _read(self, word: str) -> str:
        """Give the state that a stored word stands for."""
        if "stores new words" not in self.wrong:
            return word
        known = {value: name for name, value in NEW_WORDS.items()}
        return known.get(word, word if "reads both words" in self.wrong else "unknown")

    def keep(self, key: str, state: str, body: Any, ticket: str | None = None) -> None:
        """Write what is known of a key."""
        stored = NEW_WORDS[state] if "stores new words" in self.wrong else state
        self.memory[key] = state
        with self.transaction() as database:
            text = None if body is None else json.dumps(body)
            database.execute("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", (key, stored, text, ticket))

    def take(self, key: str, body: dict[str, Any]) -> Answer:
        row = self.row_of(key)
        if row is not None and row["body"] is None:
            return 409, {"error": "back"}
        if row is not None:
            self.rows[key] = row
            return self._again(key, row, body)
        item, amount = body["item"], body["amount"]
        if self.left.get(item) < amount:
            self.keep(key, "refused", body)
            return 422, {"error": "sold_out"}
        self.left[item] -= amount
        self.keep(key, "taken", body, f"t-{key}")
        return 201, {"state": "taken", "ticket": f"t-{key}"}

    def back(self, key: str, body: dict[str, Any]) -> Answer:  # noqa: ARG002  (the key says all)
        row = self.row_of(key)
        if "locks in memory" in self.wrong and row is not None and row["state"] == "taken" and key not in self.memory:
            return 409, {"error": "it is not locked"}
        if row is not None and row["state"] == "taken":
            self.left[row["body"]["item"]] += row["body"]["amount"]
        if row is None or row["state"] != "back":
            self.keep(key, "back", row["body"] if row else None, row["ticket"] if row else None)
        return 200, {}

    def status(self, key: str) -> Answer:
        row = self.row_of(key)
        if "status from a copy" in self.wrong and key in self.memory:
            return 200, {"state": self.memory[key]}
        return (404, {}) if row is None else (200, {"state": row["state"]})


def main() -> None:
    """Serve in the foreground."""
    stock = SharedStock(sys.argv[2], " ".join(sys.argv[3:]))
    handler = type("BoundHandler", (Handler,), {"stock": stock})
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()


if __name__ == "__main__":
    main()
