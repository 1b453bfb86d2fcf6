"""A participant that has each of its charges paid by a payment service of others: right, or wrong in one named way.

PAYMENTS_URL=http://… python paying_participant.py PORT FILE [WRONG]

WRONG: `new key each time`; `remembers only what was paid`; `says paid before it pays`; `says refunded before it refunds`;
`refuses` (right: when the payment service fails for sure), `refuses whatever happens`, `pays nobody`.
"""

import http.client
import json
import os
import sqlite3
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SAGA = """
format: 1
saga: charging
owner: shop
correlation: none
payload: {schema: {type: object}, example: {order: order-1, amount: 3}, fresh: [order]}
steps:
  - step: charge
    participant: till
    class: compensatable
    tries: 2
    timeout_ms: 5000
    key: header
    given: {enough: [], refusing_payload: {amount: 1000}}
    forward:
      request:
        {method: POST, path: /charges, headers: {Key: "{key}"}, body: {order: "{payload.order}", amount: "{payload.amount}"}}
      replies: {done: {status: 201}, refused: {status: 402}, suspended: {status: 409}, misused: {status: 422}}
    compensate: {request: {method: POST, path: /refunds, headers: {Key: "{key}"}}, replies: {done: {status: 200}}}
    status:
      request: {method: GET, path: /charges, headers: {Key: "{key}"}}
      replies:
        applied: {status: 200, body: {state: paid}}
        refused: {status: 200, body: {state: refused}}
        compensated: {status: 200, body: {state: back}}
        absent: {status: 404}
    probe: {request: {method: GET, path: "/orders/{payload.order}"}, reads: {before: {paid: false}, applied: {paid: true}}}
  - step: ship
    participant: carrier
    class: retriable
    after: [charge]
    forward: {request: {method: POST, path: /ship, headers: {Key: "{key}"}}, replies: {done: {status: 201}}}
"""
REPLIES = [
    {"method": "POST", "path": "/payments", "status": 201, "body": {"id": "p-1"}, "does": "payment",
     "once_per": "header.Idempotency-Key"},
    {"method": "POST", "path": "/refunds/{key}", "undoes": "payment", "once_per": "path", "after": "payment"},
    {"method": "POST", "path": "/refunds/{key}", "status": 404},
]  # fmt: skip
"""The contract of the payment service: a payment once per key, and its refund."""

MOST = 1000
lock = threading.Lock()


class Till(BaseHTTPRequestHandler):
    """Charges orders."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    database: sqlite3.Connection
    payments: str
    wrong: str
    keys: dict[str, threading.Lock]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        key = self.headers.get("Key", "")
        if self.path == "/_states":
            self.answer(200)
        elif self.path == "/charges":
            with self.alone(key):
                status = self.charge(key, body["order"], body["amount"])
            self.answer(status)
        else:
            with self.alone(key):
                status = self.refund(key)
            self.answer(status)

    def alone(self, key: str) -> threading.Lock:
        """Let one call of a key in at a time."""
        with lock:
            return self.keys.setdefault(key, threading.Lock())

    def do_GET(self) -> None:
        if self.path == "/charges":
            row = self.row(self.headers.get("Key", ""))
            state = row and {"paying": None}.get(row[1], row[1])
            self.answer(200 if state else 404, {"state": state})
        elif self.path.startswith("/orders/"):
            order = self.path.rpartition("/")[2]
            found = self.ask("SELECT 1 FROM charges WHERE order_id LIKE ? AND state = 'paid'", f"{order} %")
            self.answer(200, {"paid": bool(found)})
        else:
            self.answer(200)

    def charge(self, key: str, order: str, amount: int) -> int:
        row = self.row(key)
        if row is not None and row[0] not in ("", f"{order} {amount}"):
            return 422
        if row is not None and row[1] != "paying":
            return {"paid": 201, "back": 409, "refused": 402}[row[1]]
        if amount >= MOST:
            self.write(key, f"{order} {amount}", "refused")
            return 402
        order = f"{order} {amount}"
        early = "paid" if self.wrong == "says paid before it pays" else "paying"
        if self.wrong != "remembers only what was paid":
            self.write(key, order, early)
        asked = uuid.uuid4().hex if self.wrong == "new key each time" else key
        status = self.outside("/payments", {"Idempotency-Key": asked}) if self.wrong != "pays nobody" else 201
        if status == 201:
            self.write(key, order, "paid")
            return 201
        if self.wrong == "refuses whatever happens" or (self.wrong == "refuses" and status is not None):
            self.write(key, order, "refused")
            return 402
        return 503

    def refund(self, key: str) -> int:
        row = self.row(key)
        if row is not None and row[1] in ("paying", "paid") and self.wrong != "pays nobody":
            if self.wrong == "says refunded before it refunds":
                self.write(key, row[0], "back")
            if self.outside(f"/refunds/{key}", {}) not in (200, 404):
                return 503
        self.write(key, row[0] if row else "", "back")
        return 200

    def outside(self, path: str, headers: dict[str, str]) -> int | None:
        """Call the payment service; None: nobody knows what came of it."""
        connection = http.client.HTTPConnection(urlsplit(self.payments).netloc, timeout=0.5)
        try:
            connection.request("POST", path, b"{}", headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def row(self, key: str) -> tuple[str, str] | None:
        found = self.ask("SELECT order_id, state FROM charges WHERE key = ?", key)
        return found[0] if found else None

    def write(self, key: str, order: str, state: str) -> None:
        self.ask("INSERT OR REPLACE INTO charges VALUES (?, ?, ?)", key, order, state)

    def ask(self, statement: str, *values: str) -> list[Any]:
        with lock:
            return self.database.execute(statement, values).fetchall()

    def answer(self, status: int, body: object = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


def main() -> None:
    """Serve in the foreground."""
    port, file, *wrong = sys.argv[1:]
    database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    database.execute("CREATE TABLE IF NOT EXISTS charges (key TEXT PRIMARY KEY, order_id TEXT, state TEXT)")
    own = {"database": database, "payments": os.environ.get("PAYMENTS_URL", ""), "wrong": " ".join(wrong), "keys": {}}
    ThreadingHTTPServer(("127.0.0.1", int(port)), type("Bound", (Till,), own)).serve_forever()


if __name__ == "__main__":
    main()
