"""The errors that many operations share: each is answered where the description names it, and nowhere else."""

import re
from typing import Any
from urllib.parse import quote

import pytest

JSON = "application/json"


@pytest.fixture
def narrow(serve: Any) -> Any:
    """A broker that takes small bodies only."""
    return serve(max_body_bytes=1000)


def test_an_accept_header_that_names_nothing_offered_is_406(narrow: Any, world: Any) -> None:
    for name, path, described in operations(narrow, world):
        reply = narrow.http.request(
            name, path, headers={"Accept": "application/x-nothing", **typed(described)}, content=sent(described)
        )
        assert (reply.status_code, "406" in described["responses"]) == (406, True), (name, path)


def test_a_body_of_a_type_that_is_not_taken_is_415(narrow: Any, world: Any) -> None:
    for name, path, described in operations(narrow, world):
        if name == "GET" or "requestBody" not in described:
            assert "415" not in described["responses"]
            continue
        reply = narrow.http.request(name, path, headers={"Content-Type": "application/x-nothing"}, content=b"{}")
        assert (reply.status_code, "415" in described["responses"]) == (415, True), (name, path)


def test_a_body_that_is_too_large_is_413(narrow: Any, world: Any) -> None:
    for name, path, described in operations(narrow, world):
        if name == "GET":
            assert "413" not in described["responses"]
            continue
        reply = narrow.http.request(name, path, headers=typed(described), content=b" " * 2000)
        assert (reply.status_code, "413" in described["responses"]) == (413, True), (name, path)


@pytest.mark.parametrize(("name_in_path", "status"), [("a%09b", 422), ("a%0Ab", 422), ("a%00b", 422), ("x" * 5000, 414)])
def test_a_name_that_cannot_be_is_refused_everywhere(narrow: Any, world: Any, name_in_path: str, status: int) -> None:
    for method, template, described in templates(narrow):
        if "{" not in template:
            assert not {"414", "422"} & described["responses"].keys()
            continue
        path = re.sub(r"\{[^}]+\}", "x", re.sub(r"\{(?!meta)[^}]+\}", name_in_path, template, count=1))
        reply = narrow.http.request(method, path, headers=typed(described), content=sent(described))
        assert (reply.status_code, str(status) in described["responses"]) == (status, True), (method, path[:100])


def test_a_body_that_is_no_json_is_400_where_a_body_is_read(narrow: Any, world: Any) -> None:
    for name, path, described in operations(narrow, world):
        taken = described.get("requestBody", {}).get("content", {})
        if not any(content["schema"] for media_type, content in taken.items() if media_type.endswith("json")):
            continue
        reply = narrow.http.request(name, path, headers=typed(described), content=b'{"a":')
        assert (reply.status_code, "400" in described["responses"]) == (400, True), (name, path)


def templates(broker: Any) -> list[tuple[str, str, Any]]:
    paths = broker.http.get("/openapi.json").json()["paths"]
    return [(method.upper(), path, described) for path, item in paths.items() for method, described in item.items()]


def operations(broker: Any, world: Any) -> list[tuple[str, str, Any]]:
    """Give every operation with an address that means something."""
    found = []
    for method, template, described in templates(broker):
        names = {key: quote(value, safe="") for key, value in world.names_for(f"{method} {template}").items()}
        found.append((method, template.format(**names), described))
    return found


def typed(described: Any) -> dict[str, str]:
    content = described.get("requestBody", {}).get("content", {JSON: None})
    return {"Content-Type": next(iter(content))}


def sent(described: Any) -> bytes | None:
    return b"{}" if "requestBody" in described else None
