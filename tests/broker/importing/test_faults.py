"""A source that refuses, fails, hangs or answers nonsense: one clear message, and the import can be started again."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from patience import PATIENCE_S
from saga_broker.importing import Source, import_all, source
from saga_broker.importing.source import SourceError
from saga_broker.store.database.engine import Database
from saga_contracts.errors import UsageError

CANARY = "hunter2"
NOT_A_BROKER = [
    (200, b"<html>hello</html>", "is not what a Pact Broker answers"),
    (200, b"[]", "is not what a Pact Broker answers"),
    (200, b"{}", "is not what a Pact Broker answers"),
    (200, b'{"_links": {}}', "its index names no pacticipants"),
    (200, b"\xff\xfe", "is not what a Pact Broker answers"),
    (404, b"nothing", "answered 404"),
    (401, b"", "SAGAPACT_IMPORT_TOKEN"),
    (403, b"", "SAGAPACT_IMPORT_TOKEN"),
    (500, b"broken inside", "answered 500 to GET /: broken inside"),
    (503, b"", "importing again continues"),
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FIRST_PAUSE_S", 0.001)


def copy(url: str, database: Database, **options: Any) -> Any:
    with Source(url, **options) as there:
        return import_all(there, database)


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_what_is_no_pact_broker_is_told_in_one_message(between: Any, database: Database) -> None:
    for status, body, told in NOT_A_BROKER:
        between.instead = lambda _number, _path, answer=(status, body): answer
        with pytest.raises(SourceError, match=r"^Cannot import: ") as refused:
            copy(between.url, database)
        assert told in str(refused.value), (status, body)
        assert between.url in str(refused.value)
        assert refused.value.exit_status == 4


@pytest.mark.slow
@on_sqlite
def test_nonsense_in_the_middle_is_told_with_its_address(between: Any, database: Database) -> None:
    pact = "/pacts/provider/Bar/consumer/Foo/version/1"
    for path in ("/environments", "/pacticipants/Foo", "/pacticipants/Foo/versions", pact, "/matrix"):
        for body in (b"[1]", b'{"_embedded": []}', b'{"_links": 7, "matrix": [{}]}', b"[" * 100_000):
            between.instead = lambda _number, asked, path=path, body=body: (
                (200, body) if asked.partition("?")[0] == path else None
            )
            with pytest.raises(SourceError, match="is not what a Pact Broker answers") as refused:
                copy(between.url, database)
            assert f"GET {path}" in str(refused.value)
            assert len(str(refused.value)) < 1500


@on_sqlite
def test_short_failures_are_waited_out(between: Any, database: Database) -> None:
    between.instead = lambda number, _path: (503, b"busy") if number % 3 == 0 else None
    assert copy(between.url, database).pacts == 5


@on_sqlite
def test_a_source_that_does_not_answer_in_time_is_told(between: Any, database: Database) -> None:
    end = threading.Event()

    def hang(_number: int, path: str) -> None:
        if path.startswith("/matrix"):
            end.wait(PATIENCE_S)

    between.instead = hang
    with pytest.raises(SourceError, match="did not answer within"):
        copy(between.url, database, timeout_s=0.2)
    end.set()


@pytest.mark.slow
def test_an_import_that_was_interrupted_anywhere_ends_equal(
    between: Any, database: Database, database_url: str, rows: Any
) -> None:
    """Broken off after ever more requests, and started again each time."""
    limit = 10
    while limit:
        between.asked = 0
        between.instead = lambda number, _path, limit=limit: (401, b"") if number > limit else None
        try:
            copy(between.url, database)
        except SourceError:
            limit += 10
        else:
            break
    interrupted = rows(database_url)
    between.instead = lambda _number, _path: None

    assert limit >= 40
    assert copy(between.url, database).pacts == 0
    assert rows(database_url) == interrupted
    assert [len(interrupted[name]) for name in ("publications", "verifications", "deployed_versions")] == [5, 5, 5]
    assert [row["number"] for row in interrupted["versions"] if row["number"] in {"0", "1", "2"}] == ["1", "2", "0"]


@pytest.mark.parametrize("url", ["broker.example", "ftp://x", "http://", "http://x?y=1", "http://[::1", f"x://u:{CANARY}@h"])
def test_what_is_no_address_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="Correct --from") as refused:
        Source(url)
    assert CANARY not in str(refused.value)


@on_sqlite
def test_credentials_reach_the_source_and_no_message(between: Any, database: Database) -> None:
    between.instead = lambda _number, _path: (401, b"")
    with_user = between.url.replace("http://", f"http://me:{CANARY}@")
    for url, options in (
        (between.url, {"token": CANARY}),
        (with_user, {}),
        (between.url, {"username": "me", "password": CANARY}),
    ):
        with pytest.raises(SourceError) as refused:
            copy(url, database, **options)
        assert CANARY not in str(refused.value)
    assert between.seen == [f"Bearer {CANARY}", "Basic bWU6aHVudGVyMg==", "Basic bWU6aHVudGVyMg=="]


@on_sqlite
def test_credentials_are_sent_to_no_address_that_an_answer_names(between: Any, database: Database) -> None:
    """Links of a broker behind a proxy often name another host."""
    elsewhere = b"http://127.0.0.1:1"

    def renamed(_number: int, path: str) -> tuple[int, bytes]:
        reply = between.http.get(path)
        return reply.status_code, reply.content.replace(between.upstream.encode(), elsewhere)

    between.instead = renamed
    assert copy(between.url, database, token=CANARY).pacts == 5
