"""The small participant on a database, each call in a thread and a transaction of its own: right, or wrong in one named way.

python racing_participant.py PORT DATABASE [HOW]

DATABASE: a file of SQLite, or a PostgreSQL address. HOW, of right ones: `a unique key` (who meets it looks again), `locks the
row`, `one at a time` (a server without threads), `says try again` (503 while the same key is under way), `pauses once` (before it
tells the status of a key of which two calls overlapped). Of wrong ones: `looks before it writes`, `keys in memory`, `undoes what
it has not seen`, `gives back twice`, `waits between` (looks, waits for somebody else, writes; in one thread).
"""

import asyncio
import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

import psycopg

from small_participant import Answer, Handler, Stock

_TABLES = (
    "CREATE TABLE IF NOT EXISTS stock (item TEXT PRIMARY KEY, free INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS takes (key TEXT{unique}, item TEXT, amount INTEGER, state TEXT NOT NULL, ticket TEXT)",
)
_LOOK = "SELECT item, amount, state, ticket FROM takes WHERE key = ?"
_TWICE = (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)


class Database:
    """A transaction for each use."""

    def __init__(self, address: str) -> None:
        self.address, self.is_postgres = address, address.startswith("postgresql")

    @contextmanager
    def begun(self) -> Iterator[Any]:
        """Give a connection whose statements are one transaction (SQLite: those that write)."""
        if self.is_postgres:
            with psycopg.connect(self.address.replace("+psycopg", "")) as served:
                yield served
            return
        connection = sqlite3.connect(self.address, timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def text(self, statement: str) -> str:
        """Give a statement as this database takes it."""
        return statement.replace("?", "%s") if self.is_postgres else statement


class Racing(Stock):
    """Remembers in the database."""

    def __init__(self, address: str, how: str) -> None:
        super().__init__(how)
        self.database, self.how = Database(address), how
        self.known: dict[str, dict[str, Any]] = {}
        self.under_way: set[str] = set()
        self.overlapped: set[str] = set()
        self.lock = threading.Lock()
        unique = "" if how in ("looks before it writes", "keys in memory", "waits between") else " PRIMARY KEY"
        with self.database.begun() as connection:
            for statement in _TABLES:
                connection.execute(statement.format(unique=unique))

    def _do(self, connection: Any, statement: str, *values: Any) -> Any:
        return connection.execute(self.database.text(statement), values)

    def _row(self, connection: Any, key: str) -> dict[str, Any] | None:
        if self.how == "keys in memory":
            return self.known.get(key)
        locks = self.how == "locks the row" and self.database.is_postgres
        found = self._do(connection, _LOOK + (" FOR UPDATE" if locks else ""), key).fetchone()
        return dict(zip(("item", "amount", "state", "ticket"), found, strict=True)) if found else None

    def _remember(self, connection: Any, key: str, body: dict[str, Any] | None, state: str) -> str:
        body = body or {"item": None, "amount": None}
        ticket = f"t-{threading.get_ident()}"
        self._do(connection, "INSERT INTO takes VALUES (?, ?, ?, ?, ?)", key, body["item"], body["amount"], state, ticket)
        self.known[key] = {**body, "state": state, "ticket": ticket}
        return ticket

    def set_left(self, item: str, left: int) -> None:
        """Put pieces there."""
        statement = "INSERT INTO stock VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET free = excluded.free"
        with self.database.begun() as connection:
            self._do(connection, statement, item, left)

    def read_left(self, item: str) -> int:
        """Give how many there are."""
        with self.database.begun() as connection:
            found = self._do(connection, "SELECT free FROM stock WHERE item = ?", item).fetchone()
            return int(found[0]) if found else 0

    def take(self, key: str, body: dict[str, Any]) -> Answer:
        with self.database.begun() as connection:
            return self.taken(connection, key, body, self.seen(connection, key))

    def seen(self, connection: Any, key: str) -> dict[str, Any] | None:
        """Begin as a right one does, and look."""
        if (
            self.how in ("a unique key", "one at a time", "says try again", "locks the row", "pauses once")
            and not self.database.is_postgres
        ):
            self._do(connection, "BEGIN IMMEDIATE")
        return self._row(connection, key)

    def taken(self, connection: Any, key: str, body: dict[str, Any], row: dict[str, Any] | None) -> Answer:
        """Answer by what was seen."""
        if row is not None:
            return self._answered(row, body)
        found = self._do(connection, "SELECT free FROM stock WHERE item = ?", body["item"]).fetchone()
        if (found[0] if found else 0) < body["amount"]:
            self._remember(connection, key, body, "refused")
            return 422, {"error": "sold_out"}
        ticket = self._remember(connection, key, body, "taken")
        self._do(connection, "UPDATE stock SET free = free - ? WHERE item = ?", body["amount"], body["item"])
        return 201, {"state": "taken", "ticket": ticket}

    def _answered(self, row: dict[str, Any], body: dict[str, Any]) -> Answer:
        if row["state"] == "back":
            return 409, {"error": "back"}
        if (row["item"], row["amount"]) != (body["item"], body["amount"]):
            return 422, {"error": "misused"}
        return (422, {"error": "sold_out"}) if row["state"] == "refused" else (200, {"state": "taken", "ticket": row["ticket"]})

    def back(self, key: str, body: dict[str, Any]) -> Answer:
        del body
        with self.database.begun() as connection:
            return self.given_back(connection, key, self.seen(connection, key))

    def given_back(self, connection: Any, key: str, row: dict[str, Any] | None) -> Answer:
        """Undo what was seen."""
        if row is None and self.how == "undoes what it has not seen":
            self._do(connection, "INSERT INTO takes VALUES (?, NULL, NULL, 'back', NULL) ON CONFLICT DO NOTHING", key)
        elif row is None:
            self._remember(connection, key, None, "back")
        else:
            self._undo(connection, key, row)
        return 200, {}

    def _undo(self, connection: Any, key: str, row: dict[str, Any]) -> None:
        was = (
            "" if self.how in ("gives back twice", "looks before it writes", "keys in memory", "waits between") else row["state"]
        )
        found = self._do(connection, "UPDATE takes SET state = 'back' WHERE key = ? AND (? = '' OR state = ?)", key, was, was)
        if row["state"] == "taken" and found.rowcount:
            self._do(connection, "UPDATE stock SET free = free + ? WHERE item = ?", row["amount"], row["item"])
        self.known[key] = {**row, "state": "back"}

    def status(self, key: str) -> Answer:
        if key in self.overlapped:
            self.stall("pauses once", 1.0)
        with self.database.begun() as connection:
            row = self._row(connection, key)
        return (200, {"state": row["state"]}) if row else (404, {})

    @contextmanager
    def alone(self, key: str) -> Iterator[bool]:
        """Is nobody else at work on this key, as far as this one looks at that?"""
        with self.lock:
            self.overlapped |= {key} & self.under_way
            is_first = self.how != "says try again" or key not in self.under_way
            self.under_way.add(key)
        try:
            yield is_first
        finally:
            if is_first:
                self.under_way.discard(key)


class InThreads(Handler, BaseHTTPRequestHandler):
    """HTTP in front of it."""

    stock: Racing

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path == "/_states":
            self.stock.set_left(body["params"]["item"], body["params"]["left"])
            self._answer((200, {}))
            return
        key, call = self.headers.get("Key", ""), self.stock.take if self.path == "/take" else self.stock.back
        with self.stock.alone(key) as is_first:
            self._answer(self._called(call, key, body) if is_first else (503, {}))

    def _called(self, call: Callable[[str, Any], Answer], key: str, body: Any) -> Answer:
        try:
            return call(key, body)
        except _TWICE:  # somebody was quicker: what he wrote is there now
            return call(key, body)

    def do_GET(self) -> None:
        if self.path.startswith("/items/"):
            self._answer((200, {"left": self.stock.read_left(self.path.rpartition("/")[2])}))
        else:
            super().do_GET()


class OneByOne(InThreads):
    """Closes each connection, so that the next one's turn comes."""

    protocol_version = "HTTP/1.0"


async def in_one_thread(stock: Racing, port: int) -> None:
    """Serve in one thread that waits for somebody else between looking and writing."""

    async def answer(method: str, path: str, key: str, body: Any) -> Answer:
        if path == "/_states":
            stock.set_left(body["params"]["item"], body["params"]["left"])
            return 200, {}
        if method == "GET" and path != "/status":
            is_item = path.startswith("/items/")
            return 200, {"left": stock.read_left(path.rpartition("/")[2])} if is_item else {}
        if method == "GET":
            return stock.status(key)
        with stock.database.begun() as connection:
            row = stock.seen(connection, key)
        await asyncio.sleep(0.003)
        with stock.database.begun() as connection:
            return stock.taken(connection, key, body, row) if path == "/take" else stock.given_back(connection, key, row)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            method, path, _ = head.decode().split(" ", 2)
            headers = {}
            while (line := (await reader.readline()).decode().strip()) != "":
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            content = await reader.readexactly(int(headers.get("content-length", 0)))
            status, told = await answer(method, path, headers.get("key", ""), json.loads(content or b"{}"))
            said = json.dumps(told)
            echoed = "".join(f"{name}: {headers.get(name, '')}\r\n" for name in ("saga-id", "saga-step"))
            reply = f"HTTP/1.1 {status} OK\r\n{echoed}Content-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n{said}"
            writer.write(reply.encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve in the foreground."""
    port, how = int(sys.argv[1]), " ".join(sys.argv[3:])
    stock = Racing(sys.argv[2], how)
    if how == "waits between":
        asyncio.run(in_one_thread(stock, port))
    base, server = (OneByOne, HTTPServer) if how == "one at a time" else (InThreads, ThreadingHTTPServer)
    server(("127.0.0.1", port), type("BoundHandler", (base,), {"stock": stock})).serve_forever()


if __name__ == "__main__":
    main()
