"""The broker's log: one JSON object a line, with what an operator needs and without secrets."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from saga_broker.http.logs import REQUEST_ID, JsonLines, redacted, shown_path, shown_query, write_logs

CANARY = "hunter2"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Let the log of this process go into a text, and put everything back afterwards."""
    root, own = logging.getLogger(), logging.getLogger("saga_broker")
    before = (root.handlers[:], root.level, own.level, logging.raiseExceptions)
    stream = io.StringIO()
    write_logs("info", stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
    logging.raiseExceptions = before[3]


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://broker:{CANARY}@db/x is down",
        f"https://{CANARY}@ci.example/1",
        f"Authorization: Bearer {CANARY}",
        f"authorization: basic {CANARY}==",
        f"password={CANARY}&x=1",
        f'{{"token": "{CANARY}"}}',
        f"PGPASSWORD={CANARY}",
        f"api_key: {CANARY}",
        f"connection failed: password='{CANARY}' host=db",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    assert CANARY not in redacted(text)
    assert "***" in redacted(text)


@pytest.mark.parametrize(
    "text", ["GET /pacticipants/a@b", "no pact of Foo (1)", "http://ci.example/build?x=1", "the token was refused"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_paths_and_queries_are_shown_as_they_came_but_for_secrets() -> None:
    assert shown_path("/pacticipants/a%2Fb%20c") == "/pacticipants/a%2Fb%20c"
    assert CANARY not in shown_path(f"/pacts/http%3A%2F%2Fme%3A{CANARY}%40x/latest")
    assert shown_query("q[][pacticipant]=a%2Fb&latest=true") == "q[][pacticipant]=a%2Fb&latest=true"
    assert shown_query(f"access_token={CANARY}&page=2") == "access_token=***&page=2"
    assert CANARY not in shown_query(f"url=https%3A%2F%2Fme%3A{CANARY}%40ci.example")
    assert shown_query(f"q[][secret]={CANARY}") == "q[][secret]=***"


def test_an_exception_stands_in_one_line_with_its_request(written: io.StringIO) -> None:
    token = REQUEST_ID.set("abc")
    try:
        fail()
    except ValueError:
        logging.getLogger("saga_broker").exception("error reference %s", "x1")
    REQUEST_ID.reset(token)
    (line,) = written.getvalue().splitlines()
    told = json.loads(line)
    assert (told["level"], told["request_id"], told["message"]) == ("error", "abc", "error reference x1")
    assert "ValueError: cannot reach postgresql://***@h" in told["exception"]
    assert CANARY not in line


def fail() -> None:
    msg = f"cannot reach postgresql://u:{CANARY}@h"
    raise ValueError(msg)


def test_a_text_that_is_no_unicode_is_logged_nevertheless() -> None:
    record = logging.LogRecord("saga_broker", logging.WARNING, __file__, 1, "cannot read %s", ("file-\udcff",), None)
    assert json.loads(JsonLines().format(record))["message"] == "cannot read file-\udcff"


def test_what_other_libraries_chat_is_left_out(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("saga_broker").debug("small")
    assert written.getvalue() == ""


def test_each_request_has_a_line_and_an_id_that_the_client_gets(start: Any, tmp_path: Path) -> None:
    broker = start(f"sqlite:///{tmp_path}/b.sqlite")
    named = broker.http.get("/pacticipants?page=1", headers={"X-Request-Id": "from-the-proxy.1"})
    unnamed = broker.http.post(
        f"/pacticipants?token={CANARY}",
        json={"name": CANARY},
        headers={"Authorization": f"Bearer {CANARY}", "X-Request-Id": "two\twords"},
    )
    missing = broker.http.get("/nothing/here")
    broker.stop()

    lines = [line for line in broker.lines if line["message"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("GET", "/pacticipants", 200),
        ("POST", "/pacticipants", 201),
        ("GET", "/nothing/here", 404),
    ]
    replies = (named, unnamed, missing)
    assert [line["request_id"] for line in lines] == [reply.headers["X-Request-Id"] for reply in replies]
    assert lines[0]["request_id"] == "from-the-proxy.1"
    assert lines[0]["query"] == "page=1"
    assert all(line["ms"] > 0 and line["client"] == "127.0.0.1" and line["time"].endswith("+00:00") for line in lines)
    assert lines[0]["bytes"] == len(named.content)
    assert CANARY not in broker.log.read_text()


def test_a_log_level_leaves_out_the_requests(start: Any, tmp_path: Path) -> None:
    broker = start(f"sqlite:///{tmp_path}/b.sqlite", "--log-level", "warning")
    broker.http.get("/")
    broker.stop()
    assert broker.log.read_text() == ""


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_error_that_nobody_foresaw_has_a_reference_that_the_log_has_too(start: Any, database_url: str) -> None:
    broker = start(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE pacticipants RENAME COLUMN display_name TO shown")
    reply = broker.http.post("/pacticipants", json={"name": "Foo", "displayName": CANARY})
    problem = broker.http.post("/pacticipants", json={"name": "Foo"}, headers={"Accept": "application/problem+json"}).json()
    told = reply.json()["error"]
    broker.stop()
    line, _ = [line for line in broker.lines if "exception" in line]
    assert reply.status_code == 500
    assert told["reference"] in told["message"]
    assert told["reference"] in line["message"]
    assert line["request_id"] == reply.headers["X-Request-Id"]
    assert "Traceback" not in reply.text
    assert (problem["status"], problem["type"]) == (500, f"{broker.url}/problems/server-error")
    assert CANARY not in broker.log.read_text()
