"""A database that goes away, and comes back: 503 with a hint meanwhile, and no restart afterwards."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from postgres import Cluster, new_cluster
from saga_broker.http.outages import BUSY, FULL, GONE, SLOW, outage_of
from saga_broker.http.patience import BusyError, SlowError

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that this test may stop."""
    made = new_cluster()
    yield made
    made.close()


@pytest.mark.slow
def test_a_postgresql_that_stops_and_starts_again_needs_no_restart(start: Any, own_cluster: Cluster) -> None:
    url = own_cluster.database("broker")
    broker = start(url)
    broker.http.put("/pacticipants/Foo/versions/1", json={}).raise_for_status()

    with own_cluster.down():
        for reply in (broker.http.get("/pacticipants"), broker.http.put("/pacticipants/Foo/versions/2", json={})):
            assert_unavailable(reply)
        assert_unavailable(broker.http.get("/diagnostic/status/dependencies"))
        assert broker.http.get("/diagnostic/status/heartbeat").json()["ok"] is True

    assert broker.http.get("/pacticipants/Foo/versions/1").status_code == 200, broker.log.read_text()
    assert broker.http.put("/pacticipants/Foo/versions/2", json={}).status_code == 201
    assert broker.http.get("/diagnostic/status/dependencies").status_code == 200
    logged = [line for line in broker.lines if "the database cannot be used" in line["message"]]
    assert len(logged) == 3
    assert all(line["level"] == "error" and line["request_id"] for line in logged)


def test_a_sqlite_file_that_is_broken_is_told_and_mended_without_a_restart(start: Any, tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite"
    broker = start(f"sqlite:///{path}")
    broker.http.put("/pacticipants/Foo/versions/1", json={}).raise_for_status()
    kept = tmp_path / "kept"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    connection.close()
    shutil.copy(path, kept)
    size = path.stat().st_size

    with path.open("r+b") as broken:
        broken.seek(0)
        broken.write(os.urandom(size))
    assert_unavailable(broker.http.get("/pacticipants"))

    with path.open("r+b") as mended:
        mended.write(kept.read_bytes())
    assert broker.http.get("/pacticipants/Foo/versions/1").status_code == 200, broker.log.read_text()


@on_sqlite
def test_a_sqlite_file_that_another_program_holds_for_long_is_told(serve: Any, database_url: str) -> None:
    broker = serve(wait_s=0.2)
    holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    reply = broker.http.put("/pacticipants/Foo/versions/1", json={})
    reading = broker.http.get("/pacticipants")
    holder.execute("ROLLBACK")
    holder.close()

    assert_unavailable(reply)
    assert reading.status_code == 200
    broker.put("/pacticipants/Foo/versions/1", {})


@on_sqlite
def test_an_outage_is_told_as_problem_details_to_those_who_ask(serve: Any, database_url: str) -> None:
    broker = serve()
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TABLE labels")
    connection.close()
    reply = broker.http.get("/labels", headers={"Accept": "application/hal+json, application/problem+json"})
    assert (reply.status_code, reply.headers["Content-Type"]) == (503, "application/problem+json;charset=utf-8")
    assert (reply.json()["title"], reply.json()["status"]) == ("Service Unavailable", 503)


def assert_unavailable(reply: Any) -> None:
    assert reply.status_code == 503, reply.text
    assert reply.headers["Retry-After"] == "5"
    assert reply.headers["X-Request-Id"]
    assert "Send it again later" in reply.json()["error"]


def _sqlite(code: int, kind: type[Exception] = sqlite3.OperationalError) -> Exception:
    error = kind("x")
    error.sqlite_errorcode = code  # type: ignore[attr-defined]
    return error


def test_each_error_of_the_database_is_judged_by_its_kind() -> None:
    for error, outage in (
        (OperationalError("q", {}, _sqlite(sqlite3.SQLITE_FULL)), FULL),
        (OperationalError("q", {}, _sqlite(sqlite3.SQLITE_IOERR)), GONE),
        (OperationalError("q", {}, _sqlite(sqlite3.SQLITE_BUSY)), BUSY),
        (OperationalError("q", {}, _sqlite(sqlite3.SQLITE_INTERRUPT)), SLOW),
        (OperationalError("q", {}, psycopg.errors.LockNotAvailable("x")), BUSY),
        (OperationalError("q", {}, psycopg.errors.QueryCanceled("x")), SLOW),
        (BusyError(), BUSY),
        (SlowError(), SLOW),
        (ProgrammingError("q", {}, _sqlite(sqlite3.SQLITE_NOTADB, sqlite3.DatabaseError)), GONE),
        (IntegrityError("q", {}, _sqlite(sqlite3.SQLITE_CONSTRAINT, sqlite3.IntegrityError)), None),
        (OperationalError("q", {}, psycopg.errors.DiskFull("x")), FULL),
        (OperationalError("q", {}, psycopg.errors.AdminShutdown("x")), GONE),
        (DataError("q", {}, psycopg.errors.NumericValueOutOfRange("x")), None),
        (ProgrammingError("q", {}, psycopg.errors.UndefinedTable("x")), None),
        (PoolTimeoutError("x"), BUSY),
        (ValueError("x"), None),
    ):
        assert outage_of(error) is outage, error
