"""Reservations, their key in a header, on Starlette and SQLite: `participant.py PORT DATABASE`.

POST /reservations           reserves; 422 when too little is left, or for a key that came with another body; 409 once released
POST /reservations/release   gives back, by the key of the reservation; an unknown key can reserve no more
GET  /reservations/status    reserved, refused or released; 404 for a key that never came
GET  /items/ITEM             what is left of it

The variable FAULT plants one fault; each stands at the one line where it differs. It knows nothing of what judges it.
"""

import http.client
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Answer = tuple[int, dict[str, Any]]
Row = dict[str, Any]
CARRIER = urlsplit(os.environ.get("CARRIER_URL", "")).netloc
TABLES = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS items (item TEXT PRIMARY KEY, left_over INT, exclusive INT, held_by TEXT);
CREATE TABLE IF NOT EXISTS reservations (
  key TEXT PRIMARY KEY, state TEXT, item TEXT, amount INT, ticket TEXT, before INT, at REAL
);
"""


class Warehouse:
    """The rules, and their database."""

    def __init__(self, database: str, fault: str = "") -> None:
        self.database, self.fault = database, fault
        self.ahead_s = 0
        self.memory: dict[str, Row] = {}
        self.unwritten: sqlite3.Connection | None = None
        self.one_by_one = threading.Lock()
        db = self.connect()
        apart = "apart." if fault == "keeps its keys in a database apart" else ""
        db.executescript(TABLES.replace("EXISTS reservations", f"EXISTS {apart}reservations"))
        if fault == "forgets its keys at the start":
            db.execute("DELETE FROM reservations")
        db.close()

    def connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.database, timeout=20, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        if self.fault == "keeps its keys in a database apart":
            db.execute("ATTACH ? AS apart", (f"{self.database}.apart",))
        db.execute("PRAGMA synchronous=OFF")  # what is lost with the machine is not looked at here
        return db

    def now(self) -> float:
        return time.time() + self.ahead_s

    @contextmanager
    def transaction(self, *, guarded: bool = True) -> Iterator[sqlite3.Connection]:
        with self.one_by_one:
            if self.unwritten is not None:
                self.unwritten.commit()
                self.unwritten.close()
                self.unwritten = None
        db = self.connect()
        if guarded:
            db.execute("BEGIN IMMEDIATE")
        yield db
        if self.fault == "answers before it commits":
            self.unwritten = db
            return
        if guarded:
            db.commit()
        db.close()

    def find(self, db: sqlite3.Connection, key: str) -> Row | None:
        row = db.execute("SELECT * FROM reservations WHERE key = ?", (key,)).fetchone()
        if row and self.fault == "forgets its keys after an hour" and self.now() - row["at"] > 3600:
            return None
        return self.memory.get(key) or (dict(row) if row else None)

    def keep(self, db: sqlite3.Connection, row: Row) -> None:
        null = row["state"] == "released" and row["item"] is None
        if self.fault == "keeps its keys in memory" or (null and self.fault == "keeps null compensations in memory"):
            self.memory[row["key"]] = row
            return
        values = [row[name] for name in ("key", "state", "item", "amount", "ticket", "before")]
        db.execute("INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?)", [*values, self.now()])

    def take(self, db: sqlite3.Connection, item: str, amount: int) -> None:
        db.execute("UPDATE items SET left_over = left_over - ? WHERE item = ?", (amount, item))

    def outside(self, method: str, key: str) -> bool:
        """Order or cancel what the carrier has under a key, where there is a carrier; is it so?"""
        if not CARRIER:
            return True
        connection = http.client.HTTPConnection(CARRIER, timeout=0.5)
        try:
            connection.request(method, f"/pickups/{quote(key, safe='')}")
            return connection.getresponse().status in (201, 204, 404)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def reserve(self, key: str, body: dict[str, Any]) -> Answer:
        if self.fault == "answers too late":
            time.sleep(0.5)
        with self.transaction(guarded=self.fault != "checks, then acts") as db:
            row = self.find(db, key)
            if self.fault == "checks, then acts" and row is None:
                time.sleep(0.1)
            if row is None:
                return self.first(db, key, body)
            if row["state"] == "released":
                return self.suspended(db, row, body)
            if (row["item"], row["amount"]) != (body["item"], body["amount"]) and self.fault != "takes any body":
                return 422, {"error": "key_reused"}
            return self.again(db, row, body)

    def first(self, db: sqlite3.Connection, key: str, body: dict[str, Any]) -> Answer:
        item, amount = body["item"], body["amount"]
        found = db.execute("SELECT * FROM items WHERE item = ?", (item,)).fetchone()
        left = found["left_over"] if found else 0
        held = bool(found and found["exclusive"] and found["held_by"] not in (None, key)) and self.fault != "holds nothing"
        if left < amount or held:
            self.take(db, item, amount if self.fault == "takes what it refuses" else 0)
            self.keep(db, {"key": key, "state": "refused", "item": item, "amount": amount, "ticket": None, "before": left})
            return 422, {"error": "sold_out"}
        if not self.outside("POST", key):
            return 503, {}
        self.take(db, item, 2 * amount if self.fault == "takes twice" else amount)
        db.execute("UPDATE items SET held_by = ? WHERE item = ?", (key, item))
        ticket = f"ticket-{key}"
        self.keep(db, {"key": key, "state": "reserved", "item": item, "amount": amount, "ticket": ticket, "before": left})
        name = "status" if self.fault == "renames a field" else "state"
        return 202 if self.fault == "changes a status" else 201, {name: "reserved", "ticket": ticket}

    def again(self, db: sqlite3.Connection, row: Row, body: dict[str, Any]) -> Answer:
        if row["state"] == "refused":
            if self.fault == "tries refused keys again":
                return self.first(db, row["key"], body)
            return 422, {"error": "sold_out"}
        found = db.execute("SELECT left_over FROM items WHERE item = ?", (row["item"],)).fetchone()
        if self.fault == "checks the stock before the key" and found["left_over"] < row["amount"]:
            return 422, {"error": "sold_out"}
        self.take(db, row["item"], row["amount"] if self.fault == "takes again" else 0)
        ticket = f"ticket-{time.time_ns()}" if self.fault == "gives a new ticket" else row["ticket"]
        return 200, {"state": "reserved", "ticket": ticket}

    def suspended(self, db: sqlite3.Connection, row: Row, body: dict[str, Any]) -> Answer:
        if self.fault == ("reserves after a null release" if row["item"] is None else "reserves again after its release"):
            return self.first(db, row["key"], body)
        return 409, {"error": "released"}

    def release(self, key: str) -> Answer:
        with self.transaction(guarded=self.fault != "releases beside") as db:
            row = self.find(db, key)
            if self.fault == "releases beside" and row is None:
                time.sleep(0.1)
            if row is None and self.fault == "answers 404 to a null release":
                return 404, {"error": "unknown"}
            if row is None and self.fault == "forgets a null release":
                return 200, {"state": "released"}
            if (row is not None or self.fault != "forgets what it did outside") and not self.outside("DELETE", key):
                return 503, {}
            row = row or {"key": key, "state": "", "item": None, "amount": 0, "ticket": None, "before": 0}
            if row["state"] == "reserved" and self.fault == "refuses to release":
                return 409, {"error": "too_late"}
            faulty = {"released": "gives back twice", "refused": "gives back what it refused"}.get(row["state"], "nothing")
            if row["state"] == "reserved" or self.fault == faulty:
                self.give_back(db, row)
            self.keep(db, {**row, "state": "released"})
            return 200, {"state": "released"}

    def give_back(self, db: sqlite3.Connection, row: Row) -> None:
        if self.fault == "gives nothing back":
            return
        amount = row["amount"] - 1 if self.fault == "gives back a part" else row["amount"]
        if self.fault == "gives back by a snapshot":
            db.execute("UPDATE items SET left_over = ? WHERE item = ?", (row["before"], row["item"]))
        else:
            self.take(db, row["item"], -amount)
        if self.fault != "never frees what it held":
            db.execute("UPDATE items SET held_by = NULL WHERE item = ? AND held_by = ?", (row["item"], row["key"]))

    def status(self, key: str) -> Answer:
        with self.transaction() as db:
            row = self.find(db, key)
            if row is not None and row["state"] == "reserved" and self.fault == "releases when it is asked":
                self.give_back(db, row)
                self.keep(db, {**row, "state": "released"})
            if row is None:
                return 404, {"error": "unknown"}
            lies = row["state"] == "released" and self.fault == "tells reserved for released"
            return 200, {"state": "reserved" if lies else row["state"]}

    def stock(self, params: dict[str, Any]) -> Answer:
        with self.transaction() as db:
            values = (params["item"], params["left"], params.get("exclusive", False))
            db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, NULL)", values)
        return 200, {}

    def left(self, item: str) -> Answer:
        with self.transaction() as db:
            row = db.execute("SELECT left_over FROM items WHERE item = ?", (item,)).fetchone()
        return 200, {"left": row["left_over"] if row else 0}


def app(database: str, fault: str = "") -> Starlette:
    """Give the service."""
    warehouse = Warehouse(database, fault)

    async def answer(request: Request) -> JSONResponse:
        content = await request.body()
        body, key = json.loads(content or b"{}"), request.headers.get("Idempotency-Key", "")
        status, said = await run_in_threadpool(routed, request, key, body)
        names = () if fault == "drops the correlation" else ("Saga-Id", "Saga-Step")
        return JSONResponse(said, status, {name: request.headers.get(name, "") for name in names})

    def routed(request: Request, key: str, body: dict[str, Any]) -> Answer:
        match request.url.path.split("/")[1:]:
            case ["reservations"]:
                return warehouse.reserve(key, body)
            case ["reservations", "release"]:
                return warehouse.release(key)
            case ["reservations", "status"]:
                return warehouse.status(key)
            case ["items", item]:
                return warehouse.left(item)
            case ["_clock"]:
                warehouse.ahead_s = body["ahead_s"]
            case ["_states"] if body.get("action") != "teardown":
                return warehouse.stock(body["params"])
        return 200, {}

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


if __name__ == "__main__":
    uvicorn.run(app(sys.argv[2], os.environ.get("FAULT", "")), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
