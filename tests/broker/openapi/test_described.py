"""The watch over all answers sees what differs from the description."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from described import Interface

PATH = "/pacticipants/saga_service/versions/1"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def answer(broker: Any) -> httpx.Response:
    reply = broker.http.get(PATH)
    assert reply.status_code == 200
    return httpx.Response(200, headers=reply.headers, content=reply.content)


@pytest.fixture
def interface(broker: Any) -> Interface:
    return Interface(broker.http.get("/openapi.json").json())


def faults(interface: Interface, reply: httpx.Response, document: Any = None, **changed: Any) -> list[str]:
    headers = {name.lower(): value for name, value in reply.headers.items()} | changed.pop("headers", {})
    given = {"method": "GET", "raw_path": PATH, "status": 200, "headers": headers, "body": reply.content, **changed}
    if document is not None:
        given["body"] = json.dumps(document).encode()
    return interface.faults(**given)


def test_a_right_answer_has_no_fault(interface: Interface, answer: httpx.Response) -> None:
    assert faults(interface, answer) == []
    assert faults(interface, answer, raw_path=PATH + "/") == []
    assert faults(interface, answer, raw_path=PATH + ".json") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda document: document.update(more=1), "more"),
        (lambda document: document.pop("createdAt"), "createdAt"),
        (lambda document: document.update(number=1), "number"),
        (lambda document: document["_links"].pop("self"), "self"),
        (lambda document: document["_links"]["self"].update(href=None), "href"),
        (lambda document: document["_links"].update(other={"href": "x"}), "other"),
        (lambda document: document["_embedded"]["tags"][0].pop("name"), "name"),
    ],
)
def test_a_wrong_body_is_a_fault(interface: Interface, answer: httpx.Response, change: Change, told: str) -> None:
    document = answer.json()
    change(document)
    found = faults(interface, answer, document)
    assert told in "".join(found)


def test_everything_else_that_is_wrong_is_a_fault(interface: Interface, answer: httpx.Response) -> None:
    assert "202 is not described" in faults(interface, answer, status=202)[0]
    assert "media type 'text/html'" in faults(interface, answer, headers={"content-type": "text/html"})[0]
    assert "no JSON" in faults(interface, answer, body=b"{")[0]
    assert "without a description" in faults(interface, answer, raw_path="/nothing/here")[0]
    assert "405 has a body" in faults(interface, answer, status=405)[0]
    assert "there is a body" in faults(interface, answer, status=406)[0]
    bare = httpx.Response(200, headers={"content-type": "application/hal+json"}, content=answer.content)
    assert "header Vary is missing" in " ".join(faults(interface, bare))


def test_a_difference_is_told_by_the_watch(broker: Any) -> None:
    replies = broker.watch._interface.document["paths"]["/labels"]["get"]["responses"]
    described = replies.pop("200")
    broker.get("/labels")
    replies["200"] = described
    assert "GET /labels: 200 is not described" in broker.watch.faults.pop()


def test_every_operation_says_what_it_is_for(broker: Any) -> None:
    document = broker.http.get("/openapi.json").json()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert all(operation["summary"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_every_schema_is_one(broker: Any) -> None:
    document = broker.http.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    named = set(re.findall(r'"#/components/schemas/([A-Za-z]+)"', json.dumps(document)))
    assert named == set(schemas)
