"""The small participant with all that it remembers in a SQLite file, and what it may forget: right, or wrong in one named way.

python lasting_participant.py PORT FILE [WRONG]

WRONG: `in memory`; `writes N ms after its reply` (or `its undoing N ms after its reply`); `null in memory`, `refusals in memory`;
`keys in memory` or `keys elsewhere` (in a file beside the database), while the effect is in the database; `does not start again`;
`forgets a key after N s`, on a clock that is as far ahead as CLOCK_AHEAD_S or POST /_clock say.
"""

import json
import os
import re
import sqlite3
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from small_participant import Answer, Handler, Stock

_LATE = re.compile(r"writes (\d+) ms after its reply")
_FORGETS = re.compile(r"forgets a key after (\d+) s")
_UNDOES_LATE = re.compile(r"its undoing (\d+) ms after its reply")


class Lasting(Stock):
    """Remembers in a file."""

    def __init__(self, file: Path, wrong: str) -> None:
        super().__init__(wrong)
        self.lock = threading.Lock()
        self.ahead_s = int(os.environ.get("CLOCK_AHEAD_S", "0"))
        if "does not start again" in wrong and file.exists():
            sys.exit("the lock of the last run is still there")
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("CREATE TABLE IF NOT EXISTS kept (what TEXT PRIMARY KEY, value TEXT NOT NULL)")
        for what, value in self._database.execute("SELECT what, value FROM kept"):
            setattr(self, what, json.loads(value))
        self._keys = file.with_suffix(".keys")
        if "keys elsewhere" in wrong and self._keys.exists():
            self.rows = json.loads(self._keys.read_text(encoding="utf-8"))

    def forget(self) -> None:
        """Forget the keys whose time is over."""
        found = _FORGETS.search(self.wrong)
        now = time.time() + self.ahead_s
        for key, row in list(self.rows.items()):
            if found and now - row.setdefault("at", now) > int(found[1]):
                del self.rows[key]

    def late_s(self, path: str) -> float:
        """Give how long after its reply a call is written; 0: before it."""
        found = _LATE.search(self.wrong) or (_UNDOES_LATE.search(self.wrong) if path == "/back" else None)
        return int(found[1]) / 1000 if found and path != "/_states" else 0

    def write(self) -> None:
        """Write all that lasts."""
        if "in memory" in self.wrong.split(", "):
            return
        kept = {key: row for key, row in self.rows.items() if self._lasts(row)}
        if "keys elsewhere" in self.wrong:
            self._keys.write_text(json.dumps(self.rows), encoding="utf-8")
        with self.lock:
            for what, value in (("left", self.left), ("rows", kept)):
                self._database.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (what, json.dumps(value)))

    def _lasts(self, row: dict[str, Any]) -> bool:
        forgotten = (
            ("keys in memory" in self.wrong or "keys elsewhere" in self.wrong)
            or ("null in memory" in self.wrong and row["body"] is None)
            or ("refusals in memory" in self.wrong and row["state"] == "refused")
        )
        return not forgotten


class Late(Handler):
    """Writes before it answers, or after."""

    stock: Lasting

    def parse_request(self) -> bool:
        """Look at the clock before each call."""
        self.stock.forget()
        return super().parse_request()

    def other(self, body: dict[str, Any]) -> Answer:
        """Take the clock as it is set."""
        if self.path != "/_clock":
            return super().other(body)
        self.stock.ahead_s = body["ahead_s"]
        return 200, {}

    def _answer(self, answer: Answer) -> None:
        late_s = self.stock.late_s(self.path) if self.command == "POST" else 0
        self.stock.forget()
        if self.command == "POST" and not late_s:
            self.stock.write()
        super()._answer(answer)
        if late_s:
            self.wfile.flush()
            threading.Timer(late_s, self.stock.write).start()


def main() -> None:
    """Serve in the foreground."""
    stock = Lasting(Path(sys.argv[2]), " ".join(sys.argv[3:]))
    handler = type("BoundHandler", (Late,), {"stock": stock})
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()


if __name__ == "__main__":
    main()
