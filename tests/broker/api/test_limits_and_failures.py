"""What the broker does with hostile requests, and when its database fails."""

import http.client
import sqlite3
from pathlib import Path
from typing import Any

import pytest

JSON = {"Content-Type": "application/json"}


def test_a_body_that_is_too_large_is_refused(serve: Any) -> None:
    broker = serve(max_body_bytes=1000)
    reply = broker.http.post("/pacticipants", content=b'{"name": "' + b"x" * 2000 + b'"}', headers=JSON)
    assert reply.status_code == 413


def test_a_body_that_grows_beyond_the_limit_is_refused(serve: Any) -> None:
    broker = serve(max_body_bytes=1000)
    reply = broker.http.post("/pacticipants", content=(b"x" * 100 for _ in range(50)), headers=JSON)
    assert reply.status_code == 413


@pytest.mark.parametrize("depth", [51, 5_000, 200_000])
def test_json_that_is_nested_too_deep_is_refused(broker: Any, depth: int) -> None:
    reply = broker.http.post("/pacticipants", content=b'{"a":' * depth + b"1" + b"}" * depth, headers=JSON)
    assert reply.status_code == 400
    assert "too deep" in reply.json()["error"]


@pytest.mark.parametrize("content", [b"", b"{", b"nul", b'"x"', b"12", b"\xff{}", b'{"a": NaN}', b'{"a": "\\ud800"}'])
@pytest.mark.parametrize("path", ["/environments", "/pacticipants", "/contracts/publish", "/pacts/provider/P/for-verification"])
def test_what_is_no_json_object_is_refused(broker: Any, path: str, content: bytes) -> None:
    reply = broker.http.post(path, content=content, headers=JSON)
    assert reply.status_code == 400, reply.text


def test_a_body_of_another_type_is_refused(broker: Any) -> None:
    reply = broker.http.put("/pacticipants/A/versions/1/tags/x", content=b"{}", headers={"Content-Type": "text/plain"})
    assert reply.status_code == 415


def test_an_answer_of_another_type_is_not_given(broker: Any) -> None:
    assert broker.http.get("/pacticipants", headers={"Accept": "application/json"}).status_code == 406


@pytest.mark.parametrize(
    ("path", "status"),
    [("/pacticipants//x", 404), ("/pacticipants/a%0Ab", 422), ("/pacticipants/a%09b", 422), ("/pacticipants/a%00b", 422)],
)
def test_strange_paths_are_refused_as_problem_details(broker: Any, path: str, status: int) -> None:
    connection = http.client.HTTPConnection(broker.url.removeprefix("http://"))
    connection.request("GET", path)
    reply = connection.getresponse()
    reply.read()
    assert (reply.status, reply.getheader("Content-Type")) == (status, "application/problem+json")
    connection.close()


def test_names_that_no_database_can_index_are_refused(broker: Any) -> None:
    broker.post("/pacticipants", {"name": "é" * 256}, 400)
    broker.get("/pacticipants/" + "é" * 256, 414)
    broker.post("/pacticipants", {"name": "é" * 255}, 201)


def test_every_resource_tells_its_methods(broker: Any) -> None:
    reply = broker.http.options("/pacticipants/a%2Fb")
    assert reply.status_code == 200
    assert reply.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert broker.http.options("/nothing/here").status_code == 404


def test_a_method_that_a_resource_has_not_got_is_not_allowed(broker: Any) -> None:
    assert broker.http.delete("/").status_code == 405


def test_head_answers_like_get_without_a_body(broker: Any) -> None:
    reply = broker.http.head("/pacticipants")
    assert (reply.status_code, reply.content) == (200, b"")
    assert int(reply.headers["Content-Length"]) > 0


def test_errors_are_problem_details_for_those_who_ask(broker: Any) -> None:
    reply = broker.http.post("/pacticipants", json={}, headers={"Accept": "application/hal+json, application/problem+json"})
    assert reply.headers["Content-Type"] == "application/problem+json;charset=utf-8"
    assert reply.json()["errors"][0]["pointer"] == "/name"


def test_links_start_with_the_configured_address(serve: Any) -> None:
    broker = serve(base_urls=("https://broker.example/path",))
    assert broker.get("/")["_links"]["pb:pacticipants"]["href"] == "https://broker.example/path/pacticipants"


def test_links_start_with_the_address_that_a_declared_proxy_tells(serve: Any) -> None:
    broker = serve(trusted_proxies=("127.0.0.1",))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "broker.example"}
    answer = broker.http.get("/", headers=headers).json()
    assert answer["_links"]["pb:pacticipants"]["href"] == "https://broker.example/pacticipants"
    stranger = serve()
    assert stranger.http.get("/", headers=headers).json()["_links"]["self"]["href"] == stranger.url


def test_a_database_that_is_gone_is_told_with_503(serve: Any, tmp_path: Path, migrated: Path) -> None:
    path = tmp_path / "own.sqlite"
    path.write_bytes(migrated.read_bytes())
    broker = serve(database_url=f"sqlite:///{path}")
    holder = sqlite3.connect(path)
    holder.execute("DROP TABLE labels")
    holder.commit()
    holder.close()

    reply = broker.http.get("/labels")

    assert reply.status_code == 503
    assert reply.headers["Retry-After"] == "5"
    assert "database" in reply.json()["error"]
    assert broker.http.get("/diagnostic/status/heartbeat").json()["ok"] is True
