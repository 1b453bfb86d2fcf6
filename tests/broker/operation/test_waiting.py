"""Requests that wait for one another, or work for long: the others go on, waits end, and nobody works for a client that left.

The locks are real ones, held by another program; the question that never ends is one that the database itself never finishes.
"""

import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from patience import PATIENCE_S
from saga_broker.http.lanes import READERS, WRITERS
from saga_broker.store.database.engine import WRITE_LOCK

MANY = 24
ENDLESS = """CREATE VIEW labels AS WITH RECURSIVE endless(step) AS
(SELECT CAST(1 AS BIGINT) UNION ALL SELECT step + 1 FROM endless)
SELECT 1 AS id, 1 AS pacticipant_id, 'x' AS name FROM endless WHERE step < 0"""
Hold = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def writing_elsewhere(database_url: str) -> Hold:
    """Another program that writes as long as the block lasts."""

    @contextmanager
    def held() -> Iterator[None]:
        if database_url.startswith("sqlite"):
            holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
            holder.close()
        else:
            with psycopg.connect(database_url) as connection:
                connection.execute(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})".encode())
                yield

    return held


@pytest.fixture
def endless_labels(database_url: str) -> None:
    """Labels that the database reads for ever."""
    statements = ("DROP TABLE labels", ENDLESS)
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
            for statement in statements:
                file.execute(statement)
        file.close()
    else:
        with psycopg.connect(database_url) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def test_reads_and_heartbeat_go_on_while_many_writers_wait(serve: Any, writing_elsewhere: Hold, until: Any) -> None:
    broker = serve(wait_s=PATIENCE_S)
    broker.put("/pacticipants/Foo/versions/0", {})
    with ThreadPoolExecutor(MANY) as pool:
        with writing_elsewhere():
            writers = [pool.submit(_put_version, broker, number) for number in range(1, MANY + 1)]
            until(lambda: broker.lanes.writes.waiting == MANY - WRITERS)
            assert broker.get("/diagnostic/status/heartbeat")["ok"] is True
            assert broker.get("/diagnostic/status/dependencies")["database"]["ok"] is True
            assert broker.get("/pacticipants/Foo/versions/0")["number"] == "0"
            assert not any(writer.done() for writer in writers)
        assert [status for status, _ in _results(writers)] == [201] * MANY
    assert len(broker.get("/pacticipants/Foo/versions")["_embedded"]["versions"]) == MANY + 1


def test_a_writer_whose_wait_is_over_is_told_when_to_come_again(serve: Any, writing_elsewhere: Hold) -> None:
    broker = serve(wait_s=0.2)
    with ThreadPoolExecutor(MANY) as pool, writing_elsewhere():
        answers = _results([pool.submit(_put_version, broker, number) for number in range(MANY)])
    assert {(status, wait) for status, wait in answers} == {(503, "5")}
    assert broker.get("/pacticipants")["_embedded"]["pacticipants"] == []
    broker.put("/pacticipants/Foo/versions/1", {})


def test_a_question_that_takes_too_long_is_stopped_and_told(serve: Any, endless_labels: None) -> None:
    broker = serve(wait_s=0.1, work_s=0.2)
    reply = broker.http.get("/labels")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "30")
    assert "too long" in reply.json()["error"]
    assert broker.get("/integrations")["_embedded"]["integrations"] == []


def test_questions_of_clients_that_go_away_are_stopped(serve: Any, endless_labels: None, until: Any) -> None:
    broker = serve(wait_s=PATIENCE_S, work_s=PATIENCE_S)
    asking = [_begun(broker, "GET", "/labels") for _ in range(READERS + 2)]
    until(lambda: (broker.lanes.reads.at_work, broker.lanes.reads.waiting) == (READERS, 2))
    assert broker.get("/diagnostic/status/heartbeat")["ok"] is True
    for one in asking:
        one.close()
    until(lambda: (broker.lanes.reads.at_work, broker.lanes.reads.waiting) == (0, 0))
    assert broker.get("/integrations")["_embedded"]["integrations"] == []


def test_a_writer_whose_client_goes_away_waits_no_more_and_stores_nothing(
    serve: Any, writing_elsewhere: Hold, until: Any
) -> None:
    broker = serve(wait_s=PATIENCE_S)
    with writing_elsewhere():
        asking = _begun(broker, "PUT", "/pacticipants/Foo/versions/1")
        until(lambda: broker.lanes.writes.at_work == 1)
        asking.close()
        until(lambda: broker.lanes.writes.at_work == 0)
    assert broker.get("/pacticipants")["_embedded"]["pacticipants"] == []
    broker.put("/pacticipants/Foo/versions/1", {})


def _put_version(broker: Any, number: int) -> tuple[int, str | None]:
    reply = broker.http.put(f"/pacticipants/Foo/versions/{number}", json={})
    return reply.status_code, reply.headers.get("Retry-After")


def _results(futures: list[Future[tuple[int, str | None]]]) -> list[tuple[int, str | None]]:
    return [future.result(PATIENCE_S) for future in futures]


def _begun(broker: Any, method: str, path: str) -> socket.socket:
    """Send a request and do not wait for its answer."""
    body = json.dumps({})
    lines = [f"{method} {path} HTTP/1.1", "Host: broker", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    address = urlsplit(broker.url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE_S)
    connection.sendall("\r\n".join([*lines, "", body]).encode())
    return connection
