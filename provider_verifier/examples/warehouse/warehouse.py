"""The participant `warehouse` of the starting saga `sale`, with nothing but Python's standard library and SQLite."""

import json
import os
import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, pieces INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reservation (key TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
"""
Reply = tuple[int, dict[str, Any]]


class Warehouse:
    """Keeps one row for each step key, also for one whose compensation came first or that was refused."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(TABLES)

    def reserve(self, key: str, body: dict[str, Any]) -> Reply:
        """Reserve goods, once for each key."""
        state, known = self._row(key)
        if state == "reserved":
            return (200, {"state": "reserved"}) if known == body else (422, {"error": "key_reused"})
        if state == "released":
            return 410, {"error": "released"}
        if state == "refused" or not self._take(body["sku"], body["pieces"]):
            self._keep(key, "refused", body)
            return 409, {"error": "out_of_stock"}
        self._keep(key, "reserved", body)
        return 201, {"state": "reserved"}

    def release(self, key: str) -> Reply:
        """Undo; where nothing was done, remember that nothing may come any more."""
        state, body = self._row(key)
        if state == "reserved":
            self._db.execute("UPDATE stock SET pieces = pieces + ? WHERE sku = ?", (body["pieces"], body["sku"]))
        self._keep(key, "released", body)
        return 200, {"state": "released"}

    def status(self, key: str) -> Reply:
        """Tell what is durably true."""
        state, _ = self._row(key)
        return (200, {"state": state}) if state else (404, {})

    def state_change(self, body: dict[str, Any]) -> Reply:
        """Put so many pieces in stock, as the verifier asks; never in production."""
        if body["state"] == "pieces are in stock" and body.get("action") != "teardown":
            self._db.execute("INSERT OR REPLACE INTO stock VALUES (:sku, :pieces)", body["params"])
        return 200, {}

    def _take(self, sku: str, pieces: int) -> bool:
        taken = self._db.execute("UPDATE stock SET pieces = pieces - ? WHERE sku = ? AND pieces >= ?", (pieces, sku, pieces))
        return taken.rowcount == 1

    def _row(self, key: str) -> tuple[str, dict[str, Any]]:
        found = self._db.execute("SELECT state, body FROM reservation WHERE key = ?", (key,)).fetchone()
        return (found[0], json.loads(found[1])) if found else ("", {})

    def _keep(self, key: str, state: str, body: dict[str, Any]) -> None:
        self._db.execute("INSERT OR REPLACE INTO reservation VALUES (?, ?, ?)", (key, state, json.dumps(body)))


class Handler(BaseHTTPRequestHandler):
    """Reads a call and writes the reply; correlation headers are given back as they came."""

    warehouse = Warehouse(os.environ.get("DATABASE", ":memory:"))
    one_at_a_time = Lock()

    def do_GET(self) -> None:
        """Answer the status call and the health check."""
        self._answer({})

    def do_POST(self) -> None:
        """Answer the forward call, the compensation and state changes."""
        length = int(self.headers.get("Content-Length") or 0)
        self._answer(json.loads(self.rfile.read(length) or b"{}"))

    def _reply(self, key: str, body: dict[str, Any]) -> Reply:
        match self.command, self.path:
            case "GET", "/health":
                return 200, {}
            case "POST", "/_states":
                return self.warehouse.state_change(body)
            case "POST", "/reservations":
                return self.warehouse.reserve(key, body)
            case "POST", "/reservations/release":
                return self.warehouse.release(key)
            case "GET", "/reservations/status":
                return self.warehouse.status(key)
        return 404, {}

    def _answer(self, body: dict[str, Any]) -> None:
        with self.one_at_a_time:
            status, reply = self._reply(self.headers.get("Idempotency-Key", ""), body)
        content = json.dumps(reply).encode()
        self.send_response(status)
        for name in ("Saga-Id", "Saga-Step"):
            if name in self.headers:
                self.send_header(name, self.headers[name])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
