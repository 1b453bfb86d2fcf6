"""A participant with an outbox of callbacks, for tests: `python telling_participant.py PORT DATABASE [HABIT]`.

It bakes in a moment, remembers in SQLite, and tells of it by a callback that it repeats until it is taken. A habit says what it
does in its own way, rightly or wrongly.
"""

import http.client
import json
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SAGA = """
format: 1
saga: bakery
owner: shop
payload: {schema: {type: object}, example: {cake: cake-1}, fresh: [cake]}
steps:
  - step: bake
    participant: oven
    class: compensatable
    completion: callback
    callback_timeout_ms: 20000
    key: path
    tries: 2
    given:
      enough: [{state: flour, params: {cake: "{payload.cake}", there: true}}]
      refusing: [{state: flour, params: {cake: "{payload.cake}", there: false}}]
    forward:
      request: {method: PUT, path: "/cakes/{key}", body: {cake: "{payload.cake}", callback_url: "{callback_url}"}}
      replies:
        in_progress: {status: 202}
        done_again: {status: 200}
        refused: {status: 422, body: {error: no_flour}}
        suspended: {status: 409}
        misused: {status: 422, body: {error: misused}}
      outputs: {shelf: {body: /shelf, of: callback}}
    callback:
      request: {method: POST, path: "{callback_url}", body: {key: "{key}"}}
      outcomes: {done: {outcome: done, shelf: {$like: s-1}}, refused: {outcome: refused}}
      replies: {done: {status: 204}}
    compensate: {request: {method: DELETE, path: "/cakes/{key}"}, replies: {done: {status: 200}}}
    status:
      request: {method: GET, path: "/cakes/{key}"}
      replies:
        in_progress: {status: 200, body: {state: at work}}
        applied: {status: 200, body: {state: baked}}
        refused: {status: 200, body: {state: refused}}
        compensated: {status: 200, body: {state: gone}}
        absent: {status: 404}
    probe: {request: {method: GET, path: "/shelf/{payload.cake}"}, reads: {before: {cakes: 0}, applied: {cakes: 1}}}
"""
SCHEMA = """
CREATE TABLE IF NOT EXISTS flour (cake TEXT PRIMARY KEY, there INT);
CREATE TABLE IF NOT EXISTS cakes (
  key TEXT PRIMARY KEY, cake TEXT, state TEXT, cakes INT, url TEXT, headers TEXT, tries INT, due REAL
);
"""
WORK_S, PAUSE_S, LONGEST_PAUSE_S, TIMEOUT_S = 0.05, 0.1, 1.0, 0.4
MOST_TRIES = 3


class Oven:
    """Cakes and their outbox: a row whose `due` is not null has something to be done then."""

    def __init__(self, path: str, habit: str) -> None:
        self.habit = habit
        memory = habit == "keeps everything in memory"
        self._database = sqlite3.connect(":memory:" if memory else path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(SCHEMA)
        self._lock, self._busy = threading.Lock(), set[str]()
        if habit == "forgets what is to be told over a restart":
            self.ask("UPDATE cakes SET due = NULL WHERE state != 'at work'")

    def ask(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def row(self, key: str) -> sqlite3.Row | None:
        return next(iter(self.ask("SELECT * FROM cakes WHERE key = ?", key)), None)

    def work(self) -> None:
        """Do what is due, for ever."""
        while True:
            for row in self.ask("SELECT * FROM cakes WHERE due <= ?", time.time()):
                if row["key"] in self._busy:
                    continue
                self._busy.add(row["key"])
                if self.habit in ("one after the other", "ends its courier at the first failure"):
                    self._do(row)
                else:
                    threading.Thread(target=self._do, args=(row,), daemon=True).start()
            time.sleep(0.002 if self.habit == "repeats without a pause" else 0.01)

    def _do(self, row: sqlite3.Row) -> None:
        if row["state"] == "at work":
            self._bake(row)
        else:
            self._tell(row)
        self._busy.discard(row["key"])

    def _bake(self, row: sqlite3.Row) -> None:
        there = self.ask("SELECT there FROM flour WHERE cake = ?", row["cake"])
        baked = bool(there and there[0]["there"])
        state = "baked" if baked else "refused"
        end = "UPDATE cakes SET state = ?, cakes = ?, due = 0 WHERE key = ? AND state = 'at work'"
        self.ask(end, state, int(baked), row["key"])

    def _tell(self, row: sqlite3.Row) -> None:
        if self.habit == "bakes again with each try" and row["tries"]:
            self.ask("UPDATE cakes SET cakes = cakes + 1 WHERE key = ?", row["key"])
        taken = self._sent(row)
        if self.habit == "ends its courier at the first failure" and not taken:
            sys.exit()  # this thread
        tries = row["tries"] + 1
        given_up = {"tells once": 1, "gives up after three tries": MOST_TRIES}.get(self.habit, tries + 1) <= tries
        again = self.habit == "tells it twice" and tries == 1
        pause_s = 0 if self.habit == "repeats without a pause" else min(PAUSE_S * 2 ** row["tries"], LONGEST_PAUSE_S)
        due = None if (taken and not again) or given_up else time.time() + pause_s
        self.ask("UPDATE cakes SET tries = ?, due = ? WHERE key = ? AND due IS NOT NULL", tries, due, row["key"])

    def _sent(self, row: sqlite3.Row) -> bool:
        url = urlsplit(row["url"])
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT_S)
        headers = json.loads(row["headers"]) | {"Content-Type": "application/json"}
        if self.habit == "drops the correlation later" and row["tries"]:
            headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", url.path, json.dumps(self._told(row)), headers)
            status = connection.getresponse().status
        except TimeoutError:
            return self.habit == "takes a time-out for yes"
        except (OSError, http.client.HTTPException):
            return self.habit == "takes no answer for yes"
        finally:
            connection.close()
        return status < 300 or self.habit == "takes any answer for yes" or (self.habit == "takes 503 for yes" and status == 503)

    def _told(self, row: sqlite3.Row) -> dict[str, Any]:
        other = bool(row["tries"])
        told = {"key": row["key"], "outcome": "done" if row["state"] == "baked" else "refused"}
        if self.habit == "tells another outcome later" and other:
            told["outcome"] = "refused" if told["outcome"] == "done" else "done"
        if self.habit == "never tells anything declared" or (self.habit == "tells no declared outcome later" and other):
            return {"id": row["key"], "result": told["outcome"]}
        number = row["tries"] if self.habit == "tells another shelf later" else 1
        return told | ({"shelf": f"s-{number}"} if told["outcome"] == "done" else {})


class Handler(BaseHTTPRequestHandler):
    """HTTP in front of `Oven`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    oven: Oven

    def do_POST(self) -> None:
        params = self._body().get("params", {})
        if params:
            self.oven.ask("INSERT OR REPLACE INTO flour VALUES (?, ?)", params["cake"], params["there"])
        self._answer(200)

    def do_PUT(self) -> None:
        key, body = self.path.rpartition("/")[2], self._body()
        row = self.oven.row(key)
        if row is not None:
            self._answer(*_again(row, body))
            return
        there = self.oven.ask("SELECT there FROM flour WHERE cake = ?", body["cake"])
        if self.oven.habit == "refuses at once" and not (there and there[0]["there"]):
            self._insert(key, body, "refused", None)
            self._answer(422, {"error": "no_flour"})
            return
        self._insert(key, body, "at work", time.time() + WORK_S)
        self._answer(202)

    def _insert(self, key: str, body: dict[str, Any], state: str, due: float | None) -> None:
        headers = json.dumps({name: self.headers.get(name, "") for name in ("Saga-Id", "Saga-Step")})
        values = (key, body["cake"], state, 0, body["callback_url"], headers, 0, due)
        self.oven.ask("INSERT INTO cakes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values)

    def do_DELETE(self) -> None:
        key = self.path.rpartition("/")[2]
        self.oven.ask("INSERT OR IGNORE INTO cakes VALUES (?, NULL, 'gone', 0, NULL, NULL, 0, NULL)", key)
        self.oven.ask("UPDATE cakes SET state = 'gone', cakes = 0, due = NULL WHERE key = ?", key)
        self._answer(200)

    def do_GET(self) -> None:
        last = self.path.rpartition("/")[2]
        if self.path.startswith("/shelf/"):
            (found,) = self.oven.ask("SELECT sum(cakes) AS cakes FROM cakes WHERE cake = ?", last)
            self._answer(200, {"cakes": found["cakes"] or 0})
        elif self.path == "/health":
            self._answer(200)
        else:
            row = self.oven.row(last)
            self._answer(404) if row is None else self._answer(200, {"state": row["state"]})

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, status: int, body: dict[str, Any] | None = None) -> None:
        content = json.dumps(body or {}).encode()
        self.send_response(status)
        for name in ("Saga-Id", "Saga-Step"):
            self.send_header(name, self.headers.get(name, ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


def _again(row: sqlite3.Row, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if row["state"] == "gone":
        return 409, {}
    if row["cake"] != body["cake"]:
        return 422, {"error": "misused"}
    return {"at work": (202, {}), "refused": (422, {"error": "no_flour"})}.get(row["state"], (200, {}))


def main() -> None:
    """Serve in the foreground."""
    oven = Oven(sys.argv[2], " ".join(sys.argv[3:]))
    threading.Thread(target=oven.work, daemon=True).start()
    handler = type("BoundHandler", (Handler,), {"oven": oven})
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()


if __name__ == "__main__":
    main()
