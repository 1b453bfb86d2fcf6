"""Groups, integrations and labels: answered as the recorded original does, but for what stands in `OTHERWISE`."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
HAL = "application/hal+json"
# What is done otherwise on purpose: part of the request, the part of the answer, and why.
OTHERWISE = (
    ("GET /integrations */*", "status", "the original fails with 500"),
    ("GET /integrations */*", "type", "the original fails with 500"),
    ("GET /integrations */*", "body", "the original fails with 500"),
    ("DELETE /integrations", "status", "who deletes is not asked for a media type"),
    ("DELETE /integrations", "type", "who deletes is not asked for a media type"),
    ("DELETE /integrations", "body", "who deletes is not asked for a media type"),
    ("GET /pacticipants application", "body", "the recorded broker held more"),
    ("GET /pacticipants application", "links", "the recorded broker held more"),
    ("OPTIONS", "methods", "HEAD is told, too"),
    ("POST /pacticipants", "location", "the original misspells the address"),
    ("/integrations", "links", "the original writes the matrix without the broker's address"),
    ("text/vnd.graphviz", "body", "the original writes names with quotes, spaces and the like as no dot program reads them"),
    ("/integrations  ", "body", "as above: without an Accept header it is the same text"),
)


def steps_of(file: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    recording = json.loads(file.read_text(encoding="utf-8"))
    base = recording["broker"].rpartition(" ")[2]
    for step in recording["steps"]:
        text = json.dumps(step["response"]).replace(base, "{base}")
        request = step["request"]
        yield f"{request['method']} {request['path']} {request['headers'].get('Accept', ' ')}", request, json.loads(text)


def network(broker: Any, make_pact: Any) -> None:
    """Make what the recordings are about, in the order that they show."""
    pairs = [("Foo", "Bar"), ('quote"s \\ & ü', "Pro vider/é"), ("N1", "N2"), ("N2", "N3"), ("N4", "N2"), ("N2", "N2")]
    for consumer, provider in [*pairs, ("N8", "N9"), ('N, "q"', "N3")]:
        broker.publish(consumer, "1", (provider, make_pact(consumer, provider, provider)))


def people(broker: Any, _make_pact: Any) -> None:
    for name, labels in (("Lab One", ()), ("Lab/Two ü", ()), ("Lab3", ("lab1", "lab2")), ("Bar", ())):
        broker.post("/pacticipants", {"name": name}, 201)
        for label in labels:
            broker.put(f"/pacticipants/{quote(name, safe='')}/labels/{label}", {})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "made"), [("groups-and-network", network), ("integrations", network), ("labels", people)])
def test_the_broker_answers_as_recorded(broker: Any, recordings: Path, make_pact: Any, name: str, made: Any) -> None:
    made(broker, make_pact)
    differing = []
    for text, request, recorded in steps_of(recordings / "other" / f"{name}.json"):
        theirs, ours = aspects(recorded), aspects(answer(broker, request))
        for aspect, value in theirs.items():
            wanted = any(part in text and aspect == one for part, one, _ in OTHERWISE)
            if value != ours.get(aspect) and not wanted:
                differing.append(f"{text}: {aspect}\nthere {value}\nhere  {ours.get(aspect)}")
    assert differing == [], "\n".join(differing)


def answer(broker: Any, request: dict[str, Any]) -> dict[str, Any]:
    content = None if request.get("body") is None else json.dumps(request["body"]).encode()
    with httpx.Client(base_url=broker.url, trust_env=False, timeout=60) as http:
        http.headers.pop("Accept")
        made = http.build_request(request["method"], request["path"], headers=request["headers"], content=content)
        reply = http.send(made)
    text = reply.text.replace(broker.url, "{base}")
    headers = {key.lower(): value.replace(broker.url, "{base}") for key, value in reply.headers.items()}
    is_json = text and "json" in headers.get("content-type", "")
    return {"status": reply.status_code, "headers": headers, "body": json.loads(text) if is_json else text}


def aspects(reply: dict[str, Any]) -> dict[str, Any]:
    """Split an answer into what is compared by itself; moments and numbers of pacticipants are told alike."""
    headers = reply["headers"]
    body = reply["body"]
    kind = headers.get("content-type") if body else None
    links: list[Any] = []
    if isinstance(body, dict):
        body = json.loads(MOMENT.sub("{moment}", json.dumps(body)))
        body = without_links(body, links)
    elif "csv" in (kind or ""):
        body = numbered(body)
    return {
        "status": reply["status"],
        "type": kind,
        "location": headers.get("location"),
        "methods": headers.get("access-control-allow-methods"),
        "body": body or None,
        "links": sorted(json.dumps(one, sort_keys=True) for one in links),
    }


def without_links(value: Any, links: list[Any]) -> Any:
    if isinstance(value, dict):
        links += [value["_links"]] if "_links" in value else []
        return {key: without_links(one, links) for key, one in value.items() if key != "_links"}
    return [without_links(one, links) for one in value] if isinstance(value, list) else value


def numbered(text: str) -> list[str]:
    """Write the numbers of pacticipants by their place."""
    lines = list(csv.reader(text.splitlines()))
    places = {line[0]: f"#{place}" for place, line in enumerate(lines)}
    return [str([places[line[0]], *line[1:6], *(places.get(cell, cell) for cell in line[6:])]) for line in lines]
