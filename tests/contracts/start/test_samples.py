"""Schemas of documents are written out as a saga file takes them, with an example that fits."""

from typing import Any

import pytest

from saga_contracts.declare import schemas
from saga_contracts.start import samples
from saga_contracts.start.told import Field

COMPONENTS: dict[str, Any] = {
    "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid", "readOnly": True}}},
    "Secret": {"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}, "name": {"type": "string"}}},
    "Endless": {"type": "object", "properties": {"next": {"$ref": "Endless"}}},
    "Wide": {"type": "object", "properties": {f"n{number}": {"type": "string"} for number in range(1000)}},
}


def written(schema: Any, *, answered: bool = False) -> samples.Written:
    return samples.written(schema, "body", lambda node: COMPONENTS.get(node["$ref"], {}), answered=answered)


SCHEMAS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nullable": ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    "nullable words": ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
    "old bounds": ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
    "bounds that are not exclusive": ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
    "own words": ({"type": "string", "xml": {}, "x-own": 1, "discriminator": {}, "example": "a"}, {"type": "string"}),
    "an unknown format": ({"type": "string", "format": "money"}, {"type": "string"}),
    "a reference": ({"type": "object", "properties": {"a": {"$ref": "Nowhere"}}}, {"type": "object", "properties": {"a": {}}}),
    "parts put together": (
        {"allOf": [{"$ref": "Secret"}, {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}}]},
        {
            "type": "object",
            "properties": {"pin": {"type": "string"}, "name": {"type": "string"}, "to": {"type": "string"}},
            "required": ["to"],
        },
    ),
    "parts that rule one another": (
        {"allOf": [{"type": "string"}, {"minLength": 2}]},
        {"allOf": [{"type": "string"}, {"minLength": 2}]},
    ),
    "no schema": ("x", {}),
}


@pytest.mark.parametrize(("schema", "expected"), SCHEMAS.values(), ids=SCHEMAS.keys())
def test_a_schema_is_written_as_a_saga_file_takes_it(schema: Any, expected: dict[str, Any]) -> None:
    found = written(schema)
    assert found.schema == expected
    assert not schemas.faults(found.schema)


def test_what_is_only_read_is_not_sent_and_what_is_only_written_is_not_answered() -> None:
    assert written({"$ref": "Base"}).schema == {"type": "object", "properties": {}}
    assert "id" in written({"$ref": "Base"}, answered=True).schema["properties"]
    assert set(written({"$ref": "Secret"}, answered=True).schema["properties"]) == {"name"}


@pytest.mark.parametrize("name", ["Endless", "Wide"])
def test_what_has_no_end_is_cut_and_told(name: str) -> None:
    found = written({"$ref": name})
    assert found.cut
    assert not schemas.faults(found.schema)


def test_a_schema_that_a_saga_file_does_not_take_keeps_its_type_and_is_told() -> None:
    found = written({"type": "string", "pattern": "(?=a)a"})
    assert found.schema == {"type": "string"}
    assert "body" in found.cut[0]


EXAMPLES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "long text": {"type": "string", "minLength": 50},
    "short text": {"type": "string", "maxLength": 2},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
    "uuid": {"type": "string", "format": "uuid"},
    "day": {"type": "string", "format": "date"},
    "number between": {"type": "integer", "minimum": 100, "maximum": 110},
    "multiple": {"type": "integer", "multipleOf": 7},
    "words": {"enum": ["b", "a"]},
    "constant": {"const": 5},
    "list": {"type": "array", "minItems": 3, "items": {"type": "boolean"}},
    "choice": {"oneOf": [{"type": "integer"}, {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}]},
    "nothing": {"type": "null"},
    "object": {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}, "b": {"type": "string"}}},
}


@pytest.mark.parametrize("schema", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_an_example_is_made_up_that_fits_the_schema(schema: dict[str, Any]) -> None:
    found = samples.sample(schema)
    assert found.made_up
    assert found.schema == schema
    assert not schemas.faults_of(schema, found.example)
    assert samples.sample(schema) == found


def test_an_example_of_the_document_is_taken_when_it_fits() -> None:
    assert samples.sample({"type": "string"}, "mine") == Field({"type": "string"}, "mine", made_up=False)
    assert samples.sample({"type": "string"}, 5).made_up
