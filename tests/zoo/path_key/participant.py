"""Payments, their key in the path, on http.server and a ledger in SQLite: `participant.py PORT DATABASE`.

PUT    /payments/KEY      pays; 402 without the money, 409 for another payment under this key; once cancelled, nothing
DELETE /payments/KEY      pays back, and remembers a key that never came
GET    /payments/KEY      paid, refused or cancelled; 404 for a key that never came
GET    /accounts/ACCOUNT  the balance: the sum of its entries

The variable FAULT plants one fault; each stands at the one line where it differs. It knows nothing of what judges it.
"""

import http.client
import json
import os
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

Answer = tuple[int, dict[str, Any] | None]
CARRIER = urlsplit(os.environ.get("CARRIER_URL", "")).netloc


class Payment(NamedTuple):
    """What is known of a key; without an account it was cancelled before it came."""

    key: str
    account: str = ""
    amount: int = 0
    state: str = "cancelled"
    receipt: str = ""
    balance_before: int = 0
    at_s: float = 0


class Bank:
    """One connection for one call: whoever comes to write first has the database until its end."""

    def __init__(self, database: str, fault: str) -> None:
        self.database, self.fault = database, fault
        self.ahead_s = 0
        self.in_memory: dict[str, Payment] = {}
        self.late: sqlite3.Connection | None = None
        self.lock = threading.Lock()
        db = self.open()
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE IF NOT EXISTS entries (account TEXT, amount INT)")
        db.execute("CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, exclusive INT, used_by TEXT)")
        payments = "apart.payments" if fault == "keeps its keys in a database apart" else "payments"
        db.execute(
            f"CREATE TABLE IF NOT EXISTS {payments} "
            "(key TEXT PRIMARY KEY, a TEXT, m INT, state TEXT, receipt TEXT, b INT, at REAL)"
        )
        if fault == "forgets its keys at the start":
            db.execute("DELETE FROM payments")
        db.close()

    def open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.database, timeout=20, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA synchronous=OFF")  # what is lost with the machine is not looked at here
        if self.fault == "keeps its keys in a database apart":
            db.execute("ATTACH ? AS apart", (f"{self.database}.apart",))
        return db

    def answer(self, method: str, path: list[str], body: dict[str, Any]) -> Answer:
        with self.lock:
            if self.late is not None:
                self.late.execute("COMMIT")
                self.late.close()
                self.late = None
        db = self.open()
        unguarded = {"checks, then acts": "PUT", "cancels beside": "DELETE"}.get(self.fault)
        if method != unguarded:
            db.execute("BEGIN IMMEDIATE")
        said = self.act(db, method, path, body)
        if self.fault == "answers before it commits":
            self.late = db
            return said
        if db.in_transaction:
            db.execute("COMMIT")
        db.close()
        return said

    def act(self, db: sqlite3.Connection, method: str, path: list[str], body: dict[str, Any]) -> Answer:
        match method, path:
            case "PUT", ["payments", key]:
                return self.pay(db, key, body["account"], body["amount"])
            case "DELETE", ["payments", key]:
                return self.cancel(db, key)
            case "GET", ["payments", key]:
                return self.status(db, key)
            case "GET", ["accounts", account]:
                return 200, {"balance": self.balance(db, account)}
            case "POST", ["_clock"]:
                self.ahead_s = body["ahead_s"]
            case "POST", ["_states"] if body.get("action") != "teardown":
                return self.set_up(db, **body["params"])
        return 200, {}

    def known(self, db: sqlite3.Connection, key: str) -> Payment | None:
        row = db.execute("SELECT * FROM payments WHERE key = ?", (key,)).fetchone()
        if row and self.fault == "forgets its keys after an hour" and time.time() + self.ahead_s - row[-1] > 3600:
            return None
        return self.in_memory.get(key) or (Payment(*row) if row else None)

    def store(self, db: sqlite3.Connection, one: Payment) -> None:
        forgettable = self.fault == "keeps null compensations in memory" and not one.account
        if forgettable or self.fault == "keeps its keys in memory":
            self.in_memory[one.key] = one
        else:
            now = time.time() + self.ahead_s
            db.execute("INSERT OR REPLACE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?)", one._replace(at_s=now))

    def balance(self, db: sqlite3.Connection, account: str) -> int:
        total: int = db.execute("SELECT COALESCE(SUM(amount), 0) FROM entries WHERE account = ?", (account,)).fetchone()[0]
        return total

    def enter(self, db: sqlite3.Connection, account: str, amount: int) -> None:
        db.execute("INSERT INTO entries VALUES (?, ?)", (account, amount))

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

    def pay(self, db: sqlite3.Connection, key: str, account: str, amount: int) -> Answer:
        if self.fault == "answers too late":
            time.sleep(0.5)
        one = self.known(db, key)
        if one is None:
            if self.fault == "checks, then acts":
                time.sleep(0.1)
            return self.first(db, key, account, amount)
        if one.state == "cancelled":
            if self.fault == ("pays again after it was cancelled" if one.account else "pays after a null cancellation"):
                return self.first(db, key, account, amount)
            return 200, {"state": "cancelled"}
        if (one.account, one.amount) != (account, amount) and self.fault != "takes any body":
            return 409, {"error": "other_payment"}
        return self.again(db, one)

    def again(self, db: sqlite3.Connection, one: Payment) -> Answer:
        key, account, amount = one.key, one.account, one.amount
        if one.state == "refused" and self.fault != "tries refused keys again":
            return 402, {"error": "no_funds"}
        if one.state == "refused":
            return self.first(db, key, account, amount)
        if self.fault == "checks the balance before the key" and self.balance(db, account) < amount:
            return 402, {"error": "no_funds"}
        if self.fault == "pays again":
            self.enter(db, account, -amount)
        return 200, {"state": "paid", "receipt": key[::-1] if self.fault == "gives a new receipt" else one.receipt}

    def first(self, db: sqlite3.Connection, key: str, account: str, amount: int) -> Answer:
        has = self.balance(db, account)
        row = db.execute("SELECT exclusive, used_by FROM accounts WHERE account = ?", (account,)).fetchone()
        in_use = row is not None and row[0] and row[1] not in (None, key) and self.fault != "holds nothing"
        if has < amount or in_use:
            if self.fault == "takes what it refuses":
                self.enter(db, account, -amount)
            self.store(db, Payment(key, account, amount, "refused", "", has))
            return 402, {"error": "no_funds"}
        if not self.outside("POST", key):
            return 503, {}
        self.enter(db, account, -amount)
        if self.fault == "pays twice":
            self.enter(db, account, -amount)
        db.execute("UPDATE accounts SET used_by = ? WHERE account = ?", (key, account))
        self.store(db, Payment(key, account, amount, "paid", f"receipt of {key}", has))
        said = {"status" if self.fault == "renames a field" else "state": "paid", "receipt": f"receipt of {key}"}
        return (203 if self.fault == "changes a status" else 200), said

    def cancel(self, db: sqlite3.Connection, key: str) -> Answer:
        one = self.known(db, key)
        if (one is not None or self.fault != "forgets what it did outside") and not self.outside("DELETE", key):
            return 503, {}
        if one is None:
            if self.fault == "cancels beside":
                time.sleep(0.1)
            if self.fault == "answers 404 to a null cancellation":
                return 404, {"error": "unknown"}
            if self.fault != "forgets a null cancellation":
                self.store(db, Payment(key))
            return 204, None
        if one.state == "paid" and self.fault == "refuses to cancel":
            return 409, {"error": "settled"}
        if self.is_paid_back(one):
            self.pay_back(db, one)
        self.store(db, one._replace(state="cancelled"))
        return 204, None

    def is_paid_back(self, one: Payment) -> bool:
        if one.state == "cancelled":
            return bool(one.account) and self.fault == "pays back twice"
        return one.state == "paid" or self.fault == "pays back what it refused"

    def pay_back(self, db: sqlite3.Connection, one: Payment) -> None:
        amount = one.amount - 1 if self.fault == "pays back a part" else one.amount
        if self.fault == "pays back up to a snapshot":
            amount = one.balance_before - self.balance(db, one.account)
        self.enter(db, one.account, 0 if self.fault == "pays nothing back" else amount)
        if self.fault != "never frees what it held":
            db.execute("UPDATE accounts SET used_by = NULL WHERE account = ? AND used_by = ?", (one.account, one.key))

    def status(self, db: sqlite3.Connection, key: str) -> Answer:
        one = self.known(db, key)
        if one is None:
            return 404, {}
        if one.state == "paid" and self.fault == "cancels when it is asked":
            self.pay_back(db, one)
            self.store(db, one._replace(state="cancelled"))
        if one.state == "cancelled" and self.fault == "tells paid for cancelled":
            return 200, {"state": "paid"}
        return 200, {"state": one.state}

    def set_up(self, db: sqlite3.Connection, account: str, balance: int, *, exclusive: bool = False) -> Answer:
        db.execute("DELETE FROM entries WHERE account = ?", (account,))
        self.enter(db, account, balance)
        db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, NULL)", (account, exclusive))
        return 200, {}


class Handler(BaseHTTPRequestHandler):
    """HTTP in front of the bank."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    bank: Bank

    def respond(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path = [unquote(part) for part in self.path.split("/")[1:]]
        status, said = self.bank.answer(self.command, path, body)
        content = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        if said is not None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        for name in ("Saga-Id", "Saga-Step") if self.bank.fault != "drops the correlation" else ():
            self.send_header(name, self.headers.get(name, ""))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = respond  # noqa: N815  (the names of http.server)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


def server(port: int, database: str, fault: str = "") -> ThreadingHTTPServer:
    """Give the service; it listens, and does not serve yet."""
    return ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"bank": Bank(database, fault)}))


if __name__ == "__main__":
    server(int(sys.argv[1]), sys.argv[2], os.environ.get("FAULT", "")).serve_forever()
