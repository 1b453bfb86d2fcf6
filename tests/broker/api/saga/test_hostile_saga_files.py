"""A saga file is data: the broker reads nothing because it names it, and neither a pattern nor a size stops the broker."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from small_sagas import saga_text, step

PATH = "/sagas/sale/versions/1"


def with_field(schema: Any, example: Any) -> str:
    """Give a saga file whose payload has one more field."""
    properties = {"order_id": {"type": "string"}, "amount": {"type": "integer"}, "more": schema}
    payload = {
        "schema": {"type": "object", "properties": properties},
        "example": {"order_id": "order-1", "amount": 5, "more": example},
        "fresh": ["order_id"],
    }
    return saga_text(step(), payload=payload)


def refused(broker: Any, content: str) -> list[str]:
    answer = broker.put(PATH, {"content": content, "contentType": "application/yaml"}, 400)
    faults: list[str] = answer["errors"]["content"]
    broker.get(PATH, 404)
    return faults


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server that notes what it is asked for."""
    seen: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "string"}')

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/schema.json", seen
        server.shutdown()


def test_a_schema_that_names_an_address_is_a_located_fault_and_nothing_is_asked(broker: Any, asked: Any) -> None:
    url, seen = asked
    (fault,) = refused(broker, with_field({"$ref": url}, "a"))
    assert "payload.schema.properties.more.$ref" in fault
    assert seen == []


def test_a_schema_that_names_a_file_is_a_located_fault_and_nothing_of_it_is_told(broker: Any, tmp_path: Path) -> None:
    file = tmp_path / "secret.json"
    file.write_text(json.dumps({"const": "hunter2"}))
    (fault,) = refused(broker, with_field({"$ref": file.as_uri()}, "a"))
    assert "payload.schema.properties.more.$ref" in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("schema", "example", "where"),
    [
        ({"$ref": "#/properties/more"}, "a", "payload.schema.properties.more.$ref"),
        ({"$ref": "#/nowhere"}, "a", "payload.schema.properties.more.$ref"),
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 40 + "!", "payload.example.more"),
        ({"type": "string", "pattern": "^(a|a?)+$"}, "a" * 40 + "!", "payload.example.more"),
        ({"type": "string", "pattern": "("}, "a", "payload.schema.properties.more.pattern"),
    ],
    ids=["circular", "nowhere", "catastrophic", "catastrophic too", "no pattern"],
)
def test_a_schema_that_could_stop_the_broker_is_a_located_fault(broker: Any, schema: Any, example: Any, where: str) -> None:
    faults = refused(broker, with_field(schema, example))
    assert any(where in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "alias"),
        ("[" * 100_000, "nested deeper"),
        ("!!python/object/apply:os.system ['true']", "not allowed"),
        ("x: " + "a" * 2_000_000, "larger than"),
        ("\n".join(f"k{number}: 1" for number in range(200_000)), ""),
    ],
    ids=["aliases", "depth", "tag", "size", "number of values"],
)
def test_yaml_that_could_stop_the_broker_is_refused(broker: Any, content: str, told: str) -> None:
    assert told in refused(broker, content)[0]


def test_a_body_that_is_too_large_is_not_read(serve: Any) -> None:
    broker = serve(max_body_bytes=100_000)
    body = {"content": "x" * 200_000, "contentType": "application/yaml"}
    assert broker.http.put(PATH, json=body).status_code == 413


def test_a_saga_of_as_many_steps_as_may_be_is_published(broker: Any) -> None:
    steps = [step(f"s{number}", after=[f"s{number - 1}"] if number else []) for number in range(200)]
    made = broker.put(PATH, {"content": saga_text(*steps), "contentType": "application/json"})
    assert len(made["steps"]) == 200
