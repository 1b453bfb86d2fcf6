"""What holds for every resource when a request is wrong: method, media types, JSON, encodings, and the forms of errors."""

import gzip
import http.client
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from saga_broker.api import routers

ROUTES = [route for router in routers() for route in router.routes if isinstance(route, APIRoute)]
PATHS = sorted({re.sub(r"\{[^}]+\}", "x", route.path) for route in ROUTES})
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
JSON, MERGE, TEXT = "application/json", "application/merge-patch+json", "text/plain"
PROBLEMS = "application/hal+json, application/problem+json"
BODY_NOT_READ = ("/branches/x/versions/x", "/tags/x", "/labels/x", "/released-versions/environment/x")
NAMES = ("a/b", "a b", "a+b", "é ü 漢字", "%41", "a?b#c", "a;b=c", 'a"b', "a&b=c", "a\\b", "a.b", "~", "'")


@pytest.fixture
def database_url(tmp_path: Path, migrated: Path) -> str:
    """A fresh SQLite database: nothing here depends on its kind."""
    shutil.copy(migrated, tmp_path / "broker.sqlite")
    return f"sqlite:///{tmp_path}/broker.sqlite"


def with_body() -> list[tuple[str, str, str]]:
    """Give method, path and media type of each resource that reads a body."""
    found = []
    for route in ROUTES:
        for method in sorted((route.methods or set()) & {"PUT", "POST", "PATCH"}):
            takes = next((call.takes for call in calls_of(route) if call.takes), ())
            if takes:
                found.append((method, re.sub(r"\{[^}]+\}", "x", route.path), takes[0]))
    return found


def calls_of(route: APIRoute) -> list[Any]:
    return [dependency.call for dependency in route.dependant.dependencies if hasattr(dependency.call, "takes")]


def test_the_tables_hold_every_resource() -> None:
    assert len(PATHS) > 60
    assert len(with_body()) > 15
    assert {media_type for _, _, media_type in with_body()} == {JSON, MERGE, TEXT}


def test_a_method_that_a_resource_has_not_got_is_405_with_what_is_allowed(broker: Any) -> None:
    for path in PATHS:
        allowed = broker.http.options(path).headers["Access-Control-Allow-Methods"]
        for method in set(METHODS) - set(allowed.split(", ")):
            reply = broker.http.request(method, path, json={})
            assert (reply.status_code, reply.content) == (405, b""), f"{method} {path}"
            assert reply.headers["Allow"] == allowed, f"{method} {path}"


def test_options_tells_the_methods_of_each_resource_and_nothing_else(broker: Any) -> None:
    for path in PATHS:
        reply = broker.http.options(path, headers={"Accept": "text/nothing"})
        assert (reply.status_code, reply.content) == (200, b""), path
        assert {"OPTIONS"} < set(reply.headers["Access-Control-Allow-Methods"].split(", ")), path


def test_head_answers_as_get_does_without_a_body(broker: Any, make_pact: Any) -> None:
    broker.publish("x", "x", ("x", make_pact("x", "x", "a")), branch="x", tags=["x"])
    for path in PATHS:
        get, head = broker.http.get(path, follow_redirects=False), broker.http.head(path, follow_redirects=False)
        assert head.status_code == get.status_code, path
        assert head.content == b"", path
        assert head.headers.get("Content-Type") == get.headers.get("Content-Type"), path


def test_a_body_of_another_type_or_of_none_is_415(broker: Any) -> None:
    for method, path, takes in with_body():
        for given in (
            JSON if takes == TEXT else TEXT,
            "application/xml",
            "",
            MERGE if takes == JSON else "text/json",
            "jibberish",
        ):
            headers = {"Content-Type": given} if given else {}
            reply = broker.http.request(method, path, content=b'{"name": "x"}', headers=headers)
            others = [other for other in with_body() if other[:2] == (method, path)]
            if len(others) == 1 and not (takes == JSON and given == MERGE and method == "PATCH"):
                assert reply.status_code == 415, f"{method} {path} {given!r}: {reply.status_code}"
                assert reply.content == b"", f"{method} {path} {given!r}"


def test_the_charset_of_a_json_body_changes_nothing(broker: Any) -> None:
    for kind in ("application/json;charset=utf-8", "application/json; charset=UTF-8", "Application/JSON"):
        reply = broker.http.post("/pacticipants", content='{"name": "é"}'.encode(), headers={"Content-Type": kind})
        assert (reply.status_code, reply.json()["name"]) == (201, "é"), kind


MARKED = (b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00")
"""Objects behind a byte order mark: read where they are pacts, and nowhere else."""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[",
        b"nul",
        b"true",
        b'"x"',
        b"1e999999",
        *MARKED,
        b'{"a": "\xe9"}',
        gzip.compress(b'{"name": "x"}', mtime=0),
        b'{"a": 1} {"b": 2}',
        b'{"a": Infinity}',
        b"\x00",
    ],
)
def test_what_is_no_json_object_is_told_by_every_resource(broker: Any, content: bytes) -> None:
    for method, path, takes in with_body():
        if path.endswith(BODY_NOT_READ) or (
            content in MARKED and path.startswith("/pacts/provider/x/consumer/x/version") and method in {"PUT", "PATCH"}
        ):
            continue
        reply = broker.http.request(method, path, content=content, headers={"Content-Type": takes})
        assert reply.status_code in {400, 404}, f"{method} {path}: {reply.status_code} {reply.text}"
        assert set(reply.json()) in ({"error"}, {"errors"}), f"{method} {path}: {reply.text}"


def test_a_character_that_is_not_utf_8_is_named_with_its_place(broker: Any) -> None:
    reply = broker.http.post("/pacticipants", content=b'{"name": "abc\xe9"}', headers={"Content-Type": JSON})
    text = "Request body has a non UTF-8 character at char 14 and cannot be parsed as JSON. "
    text += 'Fragment preceding invalid character is: \'{"name": "abc\''
    assert (reply.status_code, reply.json()) == (400, {"error": text})


def test_an_answer_that_nobody_offers_is_406_without_a_body(broker: Any) -> None:
    everywhere = 0
    for route in ROUTES:
        if "GET" not in (route.methods or ()):
            continue
        path = re.sub(r"\{[^}]+\}", "x", route.path)
        reply = broker.http.get(path, headers={"Accept": "application/x-nothing"}, follow_redirects=False)
        assert (reply.status_code, reply.content) == (406, b""), f"{path}: {reply.status_code}"
        everywhere += 1
    assert everywhere > 40


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/hal+json;q=0.1", "text/nothing, application/hal+json", PROBLEMS]
)
def test_an_accept_header_that_lets_hal_in_is_given_hal(broker: Any, accept: str) -> None:
    reply = broker.http.get("/pacticipants", headers={"Accept": accept})
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/hal+json;charset=utf-8")


def test_names_may_hold_any_character_that_is_encoded(broker: Any) -> None:
    for name in NAMES:
        made = broker.http.put(f"/pacticipants/{quote(name, safe='')}/versions/{quote(name, safe='')}", json={})
        assert made.status_code == 201, name
        own = made.json()["_links"]["self"]["href"]
        assert own.endswith(f"/pacticipants/{quote(name, safe='')}/versions/{quote(name, safe='')}"), name
        assert raw(broker, "GET", own.removeprefix(broker.url))[0] == 200, name
    listed = [one["name"] for one in broker.get("/pacticipants")["_embedded"]["pacticipants"]]
    assert sorted(listed) == sorted(NAMES)


def test_a_slash_at_the_end_of_a_path_changes_nothing(broker: Any) -> None:
    assert broker.get("/pacticipants/") == broker.get("/pacticipants")


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/pacticipants//x", 404, "Empty path component found"),
        ("//", 404, "Empty path component found"),
        ("/pacticipants/a%0Ab", 422, "URL path cannot contain a new line character."),
        ("/pacticipants/a%09b", 422, "URL path cannot contain a tab character."),
        ("/pacticipants/a%00b", 422, "URL path cannot contain a NUL character."),
        ("/pacticipants/a%FFb", 422, "URL path is not valid UTF-8."),
        ("/pacticipants/" + "a" * 256, 414, "A name in the path cannot be longer than 255 characters."),
    ],
)
def test_a_path_that_no_name_can_have_is_told_as_problem_details(broker: Any, path: str, status: int, detail: str) -> None:
    for method in ("GET", "DELETE"):
        found, kind, body = raw(broker, method, path)
        assert (found, kind) == (status, "application/problem+json"), method
        assert detail.encode() in body, method


def test_each_error_has_the_form_that_the_client_asked_for(serve: Any, make_pact: Any) -> None:
    broker = serve(max_body_bytes=3000)
    broker.put("/pacts/provider/Bar/consumer/Foo/version/1", make_pact("Foo", "Bar", "a"))
    base, legacy = broker.url, "application/hal+json, application/json"
    conflict = make_pact("Foo", "Bar", "b")
    for method, path, body, status, kind in (
        ("POST", "/pacticipants", {}, 400, "/problems/validation-error"),
        ("GET", "/pacticipants/nobody", None, 404, "/problem/not-found"),
        ("GET", "/nothing/here", None, 404, "/problem/not-found"),
        ("POST", "/pacts/provider/nobody/for-verification", {}, 404, "/problem/not-found"),
        ("PUT", "/pacts/provider/Bar/consumer/Foo/version/1", conflict, 409, "/problem/conflict"),
        ("PUT", "/pacticipants/x", {"name": "x" * 4000}, 413, "/problem/content-too-large"),
    ):
        plain = broker.http.request(method, path, json=body, headers={"Accept": legacy})
        problem = broker.http.request(method, path, json=body, headers={"Accept": PROBLEMS})
        where = f"{method} {path}"
        assert (plain.status_code, problem.status_code) == (status, status), where
        assert {"error", "errors"} & set(plain.json()), where
        assert problem.headers["Content-Type"] == "application/problem+json;charset=utf-8", where
        told = problem.json()
        assert (told["status"], told["type"], told["instance"]) == (status, base + kind, "/"), where
        assert told["title"], where
        assert told.get("detail") or told.get("errors"), where


def test_what_is_not_there_is_told_in_the_words_that_clients_know(broker: Any) -> None:
    reply = broker.http.get("/nothing/here")
    assert reply.headers["Content-Type"] == "application/json;charset=utf-8"
    assert reply.json() == {"error": "The requested document was not found on this server."}
    named = broker.http.get("/pacts/provider/X/latest")
    assert named.headers["Content-Type"] == "application/hal+json;charset=utf-8"
    assert named.json() == {"error": "No provider with name 'X' found"}


def test_every_answer_has_the_headers_that_all_have(broker: Any) -> None:
    for method, path in (("GET", "/"), ("GET", "/nothing"), ("DELETE", "/"), ("OPTIONS", "/"), ("GET", "/pacticipants//x")):
        reply = broker.http.request(method, path)
        assert re.fullmatch(r"\d+\.\d+\.\d+", reply.headers["X-Pact-Broker-Version"]), path
        assert reply.headers["Vary"] == "Accept", path
        assert reply.headers["Cache-Control"] == "no-cache", path
        assert not {"ETag", "Last-Modified", "Access-Control-Allow-Origin"} & set(reply.headers), path


def raw(broker: Any, method: str, path: str) -> tuple[int, str | None, bytes]:
    """Send a path as it stands, which no client library does."""
    connection = http.client.HTTPConnection(broker.url.removeprefix("http://"))
    connection.request(method, path)
    reply = connection.getresponse()
    found = reply.status, reply.getheader("Content-Type"), reply.read()
    connection.close()
    return found
