"""Two tables, on PostgreSQL or SQLite. A worker takes a due row under a lock that the others skip, and keeps it by its name.

The column `told` is written by whoever takes a callback, all others of a leg only by the worker that has its transaction.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from typing import Any

import psycopg

from plain.settings import DATABASE_URL, FAULT, WORKER

ON_POSTGRESQL = DATABASE_URL.startswith("postgres")
LEASE_S = 30.0
NEVER = 1e12
_TABLES = (
    """CREATE TABLE IF NOT EXISTS txn (
         ref TEXT PRIMARY KEY, kind TEXT, token TEXT, data TEXT, phase TEXT, trail TEXT,
         due DOUBLE PRECISION, holder TEXT, UNIQUE (kind, token))""",
    """CREATE TABLE IF NOT EXISTS leg (
         ref TEXT, step TEXT, state TEXT, sending INT, tries INT, undo_tries INT, unclear INT,
         due DOUBLE PRECISION, outputs TEXT, news TEXT, told TEXT, PRIMARY KEY (ref, step))""",
)
_READ = "SELECT ref, kind, token, data, phase, trail FROM txn"
_TAKE = "SELECT ref FROM txn WHERE due <= ? ORDER BY due LIMIT 1"
_LOCKED = f"{_TAKE} FOR UPDATE SKIP LOCKED" if ON_POSTGRESQL else _TAKE


@dataclass
class Txn:
    """A business transaction: RUNNING, PARKED, UNDOING, then FINISHED, UNDONE or NEEDS_HELP."""

    ref: str
    kind: str
    token: str
    data: dict[str, Any]
    phase: str = "RUNNING"
    trail: list[str] = field(default_factory=lambda: ["RUNNING"])


@dataclass
class Leg:
    """One step: new, sent, accepted, asked, then ok, no, unsure or spent; undoing, then undone or stuck."""

    ref: str
    step: str
    state: str = "new"
    sending: int = 0  # 1 from before a call is sent until its answer is written down
    tries: int = 0
    undo_tries: int = 0
    unclear: int = 0  # was there ever a try without a clear answer?
    due: float = 0.0
    outputs: dict[str, Any] = field(default_factory=dict)
    news: str = ""  # what the owner has still to be told
    told: Any = None


class Database:
    """A connection inside a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, *values: Any) -> Any:
        """Run a statement."""
        return self._connection.execute(sql.replace("?", "%s") if ON_POSTGRESQL else sql, values)


@contextmanager
def database() -> Iterator[Database]:
    """Open a transaction; on SQLite, whoever comes to write first has the database until its end."""
    if ON_POSTGRESQL:
        with psycopg.connect("postgresql://" + DATABASE_URL.partition("://")[2]) as connection:
            yield Database(connection)
        return
    file = sqlite3.connect(DATABASE_URL.removeprefix("sqlite:///"), timeout=20, isolation_level=None)
    file.execute("PRAGMA synchronous=OFF")  # what is lost with the machine is not looked at here
    file.execute("BEGIN IMMEDIATE")
    try:
        yield Database(file)
        file.execute("COMMIT")
    finally:
        file.close()


def open_tables() -> None:
    """Make the tables, and take up what this worker had begun before it ended."""
    if not ON_POSTGRESQL:
        file = sqlite3.connect(DATABASE_URL.removeprefix("sqlite:///"))
        file.execute("PRAGMA journal_mode=WAL")
        file.close()
    with database() as db:
        for table in _TABLES:
            db.run(table)
        if FAULT == "keeps its transactions in memory":
            db.run("DELETE FROM txn")
        if FAULT == "forgets the undoing at a restart":
            db.run("UPDATE txn SET phase = 'UNDONE', trail = ? WHERE phase = 'UNDOING'", '["RUNNING", "UNDOING", "UNDONE"]')
        db.run("UPDATE txn SET due = 0, holder = '' WHERE holder = ?", WORKER)


def begun(txn: Txn, steps: list[str]) -> Txn:
    """Store a new transaction, or give the one that was begun with its token before."""
    if FAULT == "begins another for the same token":
        txn.token += txn.ref
    with database() as db:
        new = db.run(
            "INSERT INTO txn VALUES (?, ?, ?, ?, ?, ?, 0, '') ON CONFLICT DO NOTHING RETURNING ref",
            *(txn.ref, txn.kind, txn.token, json.dumps(txn.data), txn.phase, json.dumps(txn.trail)),
        ).fetchone()
        for step in steps if new else []:
            db.run("INSERT INTO leg VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *_row(Leg(txn.ref, step)))
        return _txn(db.run(f"{_READ} WHERE kind = ? AND token = ?", txn.kind, txn.token).fetchone())


def taken() -> str | None:
    """Take a due transaction that nobody else has; give its ref."""
    now = time.time()
    with database() as db:
        row = db.run(_LOCKED, now).fetchone()
        if row:
            db.run("UPDATE txn SET due = ?, holder = ? WHERE ref = ?", now + LEASE_S, WORKER, row[0])
        return row[0] if row else None


def given_back(ref: str, seen: int, due: float) -> None:
    """Give a transaction back until it is due again; at once when more callbacks came than were seen."""
    with database() as db:
        told = db.run("SELECT COUNT(told) FROM leg WHERE ref = ?", ref).fetchone()[0]
        db.run("UPDATE txn SET due = ?, holder = '' WHERE ref = ?", due if told == seen else 0.0, ref)


def found(ref: str) -> tuple[Txn, dict[str, Leg]] | None:
    """Read a transaction and its legs."""
    with database() as db:
        row = db.run(f"{_READ} WHERE ref = ?", ref).fetchone()
        legs = db.run("SELECT * FROM leg WHERE ref = ?", ref).fetchall()
    return (_txn(row), {one[1]: _leg(one) for one in legs}) if row else None


def saved(leg: Leg) -> None:
    """Write a leg, all but what was told of it."""
    _, _, *values, _ = _row(leg)
    with database() as db:
        db.run(
            "UPDATE leg SET state = ?, sending = ?, tries = ?, undo_tries = ?, unclear = ?, due = ?, outputs = ?, news = ? "
            "WHERE ref = ? AND step = ?",
            *(*values, leg.ref, leg.step),
        )


def moved(txn: Txn, phase: str) -> None:
    """Write a transaction's new phase."""
    txn.phase = phase
    txn.trail.append(phase)
    with database() as db:
        db.run("UPDATE txn SET phase = ?, trail = ? WHERE ref = ?", phase, json.dumps(txn.trail), txn.ref)


def heard(ref: str, step: str, body: Any) -> int:
    """Write what a callback told, the first time; give how many legs there are of this name."""
    with database() as db:
        count: int = db.run("SELECT COUNT(*) FROM leg WHERE ref = ? AND step = ?", ref, step).fetchone()[0]
        db.run("UPDATE leg SET told = ? WHERE ref = ? AND step = ? AND told IS NULL", json.dumps(body), ref, step)
        db.run("UPDATE txn SET due = 0 WHERE ref = ? AND holder = '' AND due < ?", ref, NEVER)
    return count


def _txn(row: Any) -> Txn:
    ref, kind, token, data, phase, trail = row
    return Txn(ref, kind, token, json.loads(data), phase, json.loads(trail))


def _leg(row: Any) -> Leg:
    leg = Leg(*row)
    leg.outputs, leg.told = json.loads(row[8]), json.loads(row[10]) if row[10] else None
    return leg


def _row(leg: Leg) -> tuple[Any, ...]:
    *plain, _, news, told = astuple(leg)
    return (*plain, json.dumps(leg.outputs), news, None if told is None else json.dumps(told))
