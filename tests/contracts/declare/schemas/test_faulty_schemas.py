"""A payload's schema is closed: whatever it names, nothing is read, and what makes it unusable is told at its place."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare import schemas
from saga_contracts.errors import FaultyFileError
from saga_contracts.sagafile import parse_saga

CHAIN: dict[str, Any] = {f"a{number}": {"$ref": f"#/$defs/a{number + 1}"} for number in range(300)} | {"a300": {}}
DOUBLED: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(30)} | {"a30": {}}
DRAFT7 = "http://json-schema.org/draft-07/schema#"

FAULTY: list[tuple[str, Any, str, str]] = [
    ("a file", {"properties": {"a": {"$ref": "file:///etc/hosts"}}}, "properties.a.$ref", "nothing is read because"),
    ("a file beside it", {"$ref": "other.json"}, "$ref", "outside of this file"),
    ("an address", {"$defs": {"a": {"$ref": "http://127.0.0.1:9/a.json#/x"}}}, "$defs.a.$ref", "nothing is read because"),
    ("no address at all", {"$ref": "http://[/x"}, "$ref", "nothing is read because"),
    ("an address by an identifier", {"$id": "http://127.0.0.1:9/", "$ref": "a.json"}, "$ref", "nothing is read because"),
    ("an identifier that is none", {"$id": "http://["}, "$id", "no address"),
    ("a definition that is not there", {"$defs": {"money": {}}, "$ref": "#/$defs/mony"}, "$ref", "There is no `#/$defs/mony`"),
    ("an anchor that is not there", {"$ref": "#money"}, "$ref", "There is no `#money`"),
    ("a dynamic anchor that is not there", {"$dynamicRef": "#money"}, "$dynamicRef", "There is no `#money`"),
    ("in a definition that nothing reaches", {"$defs": {"a": {"not": {"$ref": "#/b"}}}}, "$defs.a.not.$ref", "There is no `#/b`"),
    ("a place in a list", {"allOf": [{}], "$ref": "#/allOf/x"}, "$ref", "There is no"),
    ("a letter", {"description": "abc", "$ref": "#/description/0"}, "$ref", "no schema"),
    ("a number", {"x": 3, "$ref": "#/x"}, "$ref", "no schema"),
    ("what is none", {"x": {"type": 3}, "$ref": "#/x"}, "$ref", "no schema"),
    ("itself", {"$ref": "#"}, "$ref", "refers back to itself"),
    ("one another", {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "$ref", "refers back to itself"),
    ("itself under a condition", {"anyOf": [{"type": "string"}, {"$ref": "#"}]}, "anyOf.1.$ref", "refers back to itself"),
    ("itself by a dynamic anchor", {"$dynamicAnchor": "a", "$dynamicRef": "#a"}, "$dynamicRef", "refers back to itself"),
    (
        "a value within itself",
        {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}},
        "$ref",
        "No value ever fits",
    ),
    ("a list of itself", {"type": "array", "minItems": 1, "items": {"$ref": "#"}}, "$ref", "No value ever fits"),
    (
        "one within the other, never reached",
        {
            "$defs": {
                "a": {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/$defs/b"}}},
                "b": {"allOf": [{"type": "array", "contains": {"$ref": "#/$defs/a"}}]},
            }
        },
        "$ref",
        "No value ever fits",
    ),
    ("a chain of 300", {"$defs": CHAIN}, "$defs.a250", "more than 50 schemas"),
    ("a doubling of thirty", {"$defs": DOUBLED}, "$defs.a", "more than 5000 schemas"),
    ("a dialect that is none", {"$schema": "https://example.com/dialect"}, "$schema", "dialect"),
    ("a dialect that is no text", {"$schema": 3}, "$schema", "dialect"),
    ("another dialect inside", {"properties": {"a": {"$schema": DRAFT7}}}, "properties.a.$schema", "one dialect"),
    ("a format with a slip", {"properties": {"a": {"format": "uuid4"}}}, "properties.a.format", "`uuid4` is not known"),
    ("a format that nothing checks", {"$defs": {"a": {"format": "iban"}}}, "$defs.a.format", "nothing would check it"),
    ("a look-ahead", {"properties": {"a": {"pattern": "^(?=a)b"}}}, "properties.a.pattern", "look-ahead"),
    ("a look-behind among names", {"patternProperties": {"(?<!a)b": {}}}, "patternProperties.(?<!a)b", "look-behind"),
    ("a back-reference", {"$defs": {"a": {"pattern": r"(a)\1"}}}, "$defs.a.pattern", "back-reference"),
    ("a pattern that is none", {"pattern": "(a"}, "pattern", "not closed"),
    ("a pattern of another language", {"pattern": r"\Aa\Z"}, "pattern", r"`\A` is not known"),
    ("a pattern that is too large", {"pattern": "((a{99}){99}){99}"}, "pattern", "too large"),
    ("a type with a slip", {"properties": {"a": {"type": "strin"}}}, "properties.a.type", "`strin` is no type"),
    ("a list", [1], "", "Not a JSON Schema"),
    ("nothing", None, "", "Not a JSON Schema"),
    ("patterns beside unevaluated", {"patternProperties": {"a": {}}, "unevaluatedProperties": False}, "unevaluated", "not work"),
    ("a number without end", {"maximum": float("inf")}, "maximum", "no number"),
    ("half a character", {"const": "\ud800"}, "const", "no text"),
]


@pytest.mark.parametrize(("schema", "place", "what"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_what_makes_a_schema_unusable_is_told_at_its_place(schema: Any, place: str, what: str) -> None:
    found = schemas.faults(schema)
    fitting = [one for one in found if place in ".".join(map(str, one.path)) and what in one.what]
    assert fitting, found
    assert fitting[0].mend


@pytest.mark.parametrize("schema", [row[1] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_no_value_is_accepted_by_a_faulty_schema_and_none_makes_it_fall_over(schema: Any) -> None:
    assert schemas.faults_of(schema, {"a": "b"})


def test_all_faults_of_a_schema_come_at_once() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/b"}, "c": {"format": "iban"}, "d": {"pattern": "("}},
        "$defs": {"e": {"$ref": "#/$defs/e"}},
    }
    places = {".".join(map(str, one.path)) for one in schemas.faults(schema)}
    assert places == {"properties.a.$ref", "properties.c.format", "properties.d.pattern", "$defs.e.$ref"}


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server that notes what it is asked for."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$id", "$schema"])
def test_no_address_is_asked_because_a_schema_names_it(keyword: str, asked: tuple[str, list[str]]) -> None:
    address, seen = asked
    schema = {"properties": {"a": {keyword: f"{address}/schema.json"}, "b": {"$ref": f"{address}/other.json#/c"}}}
    schemas.faults(schema)
    schemas.faults_of(schema, {"a": 1, "b": 2})
    assert seen == []


def test_no_file_is_read_because_a_schema_names_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"const": "the secret"}', encoding="utf-8")
    for reference in (secret.as_uri(), str(secret), secret.name):
        told = str(schemas.faults({"$ref": reference}) + schemas.faults_of({"$ref": reference}, 1))
        assert "the secret" not in told
        assert "nothing is read" in told


def test_a_saga_file_shows_the_fault_with_its_line() -> None:
    text = json.dumps(
        {"format": 1, "saga": "s", "owner": "o", "payload": {"schema": {"$ref": "file:///etc/hosts"}, "example": {}}, "steps": []}
    )
    with pytest.raises(FaultyFileError) as raised:
        parse_saga(text, "s.json")
    assert raised.value.exit_status == 2


WORDS = (
    "$ref",
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$defs",
    "allOf",
    "items",
    "properties",
    "pattern",
    "type",
    "x",
)
TEXTS = st.sampled_from(
    ["#", "#/", "#a", "#/$defs/x", "a", "http://[", "object", "(", "^a+$", "string", "urn:x", "../a#/b", "%", "#%"]
)


@given(
    st.recursive(
        st.one_of(st.booleans(), st.none(), st.integers(-2, 2), TEXTS),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)),
        max_leaves=12,
    ),
    st.sampled_from(["text", 3, None, [], {"x": {"x": []}}, [[["a"]]]]),
)
def test_anything_given_as_a_schema_is_either_faulty_or_checks_a_value(schema: Any, value: Any) -> None:
    found = schemas.faults(schema)
    broken = schemas.faults_of(schema, value)
    assert broken or not found
