"""Loans: a bank that decides later and calls nobody, as a WSGI application on `wsgiref`: `python loans.py PORT`.

PUT    /loans/KEY      applies for a loan: 202, decided a moment later
GET    /loans/KEY      how the application stands
DELETE /loans/KEY      withdraws it, now or before it comes
GET    /customers/ID   how much a customer may still borrow
"""

import json
import os
import sys
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Lock, Timer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

Answer = tuple[str, dict[str, Any] | None]
MUTANT = os.environ.get("MUTANT", "")
EXAMINED_S = 0.05
limit_of: dict[str, int] = {}
loans: dict[str, dict[str, Any]] = {}
lock = Lock()


def apply(key: str, asked: dict[str, Any]) -> Answer:
    loan = loans.get(key)
    if loan is not None and loan["state"] == "withdrawn":
        return "410 Gone", None
    if loan is not None:
        return ("202 Accepted", None) if loan["asked"] == asked else ("409 Conflict", None)
    loans[key] = {"state": "examined", "asked": asked}
    Timer(EXAMINED_S, decide, [key]).start()
    return "202 Accepted", None


def decide(key: str) -> None:
    with lock:
        loan = loans[key]
        if loan["state"] != "examined" or MUTANT == "never-decides":
            return
        customer, amount = loan["asked"]["customer"], loan["asked"]["amount"]
        if limit_of.get(customer, 0) < amount or MUTANT == "declines":
            loan["state"] = "declined"
            return
        limit_of[customer] -= amount
        loan |= {"state": "granted", "contract": {"number": len(loans)}}


def withdraw(key: str) -> Answer:
    loan = loans.setdefault(key, {"state": "withdrawn", "asked": None})
    if loan["state"] == "granted":
        limit_of[loan["asked"]["customer"]] += loan["asked"]["amount"]
    loan["state"] = "withdrawn"
    return "204 No Content", None


def tell(key: str) -> Answer:
    loan = loans.get(key)
    if loan is None or (MUTANT == "hides-examined" and loan["state"] == "examined"):
        return "404 Not Found", None
    return "200 OK", {name: value for name, value in loan.items() if name != "asked"}


def answer(method: str, path: str, body: Any) -> Answer:
    name = path.rpartition("/")[2]
    if path == "/test/states":
        limit_of[body["params"]["customer"]] = body["params"]["limit"]
        return "200 OK", {}
    if path.startswith("/customers/"):
        return "200 OK", {"limit": limit_of.get(name, 0)}
    if path.startswith("/loans/"):
        return {"PUT": lambda: apply(name, body), "DELETE": lambda: withdraw(name), "GET": lambda: tell(name)}[method]()
    return "200 OK", {}


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    with lock:
        status, body = answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], json.loads(raw) if raw else None)
        content = b"" if body is None else json.dumps(body).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


class Threads(ThreadingMixIn, WSGIServer):
    """A thread for each call."""


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), application, Threads, Quiet).serve_forever()
