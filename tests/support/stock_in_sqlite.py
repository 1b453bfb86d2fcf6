"""The small participant with its stock in a database, and no call that shows it.

python stock_in_sqlite.py PORT FILE [WRONG]
"""

import sqlite3
import sys
from http.server import ThreadingHTTPServer
from typing import Any

from small_participant import SAGA, Handler, Stock

PROBED = '      request: {method: GET, path: "/items/{payload.item}"}\n'
SAGA_WITHOUT_A_LOOK = SAGA.replace(PROBED, "")
"""The saga of the small participant, whose probe says what must be read and not how."""


class Shelves(dict[str, int]):
    """What is left of each item, in the database as well."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE TABLE shelves (item TEXT PRIMARY KEY, free INTEGER)")

    def __setitem__(self, item: str, free: int) -> None:
        super().__setitem__(item, free)
        self._database.execute("INSERT OR REPLACE INTO shelves VALUES (?, ?)", (item, free))


class Hidden(Handler):
    """Shows no item."""

    def _answer(self, answer: tuple[int, dict[str, Any]]) -> None:
        super()._answer((404, {}) if self.path.startswith("/items/") else answer)


def main() -> None:
    """Serve in the foreground."""
    stock = Stock(" ".join(sys.argv[3:]))
    stock.left = Shelves(sys.argv[2])
    handler = type("BoundHandler", (Hidden,), {"stock": stock})
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()


if __name__ == "__main__":
    main()
