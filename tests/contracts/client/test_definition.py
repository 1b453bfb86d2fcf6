"""Reading a saga definition that comes as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.client import DefinitionError, load_definition, payload_faults
from saga_contracts.sagafile import load_saga

REFERENCE = Path(__file__).parents[3] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"


def test_the_reference_saga_survives_the_way_over_json() -> None:
    saga = load_saga(REFERENCE)
    assert load_definition(json.loads(json.dumps(saga.as_json()))) == saga


def test_faults_of_shape_are_told_with_their_place(definition: dict[str, Any]) -> None:
    del definition["steps"][0]["participant"]
    definition["steps"][1]["class"] = "optional"
    with pytest.raises(DefinitionError) as error:
        load_definition(definition)
    assert [fault.partition(":")[0] for fault in error.value.faults] == ["steps.0.participant", "steps.1.class"]


def test_faults_across_fields_are_told_with_their_place(definition: dict[str, Any]) -> None:
    definition["steps"][1]["after"] = ["boo"]
    with pytest.raises(DefinitionError, match=r"steps\.1\.after\.0: There is no step `boo`\. Did you mean `book`\?"):
        load_definition(definition)


def test_a_payload_is_judged_by_the_schema_without_telling_its_values(definition: dict[str, Any]) -> None:
    definition["payload"]["schema"] = {"type": "object", "required": ["user"], "properties": {"user": {"type": "string"}}}
    saga = load_definition(definition)
    assert payload_faults(saga, {"user": "u"}) == []
    assert payload_faults(saga, {}) == ["(top): breaks the rule `required`."]
    assert payload_faults(saga, {"user": 90210}) == ["user: breaks the rule `type`."]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: list[tuple[str, Any, Any, str]] = [
    ("a payload that is too deep", {}, {"user": nested(5000)}, "nested too deep"),
    ("a number beyond all", {}, {"user": 10**5000}, "no number that every system reads"),
    ("half a character", {}, {"user": "\ud800"}, "no text"),
    (
        "a slow pattern",
        {"properties": {"user": {"pattern": "^([a-z0-9-]+)+$"}}},
        {"user": "a" * 5000 + "!"},
        "breaks the rule `pattern`",
    ),
    (
        "a tree that doubles",
        {"items": {"oneOf": [{"$ref": "#"}] * 9}, "properties": {"user": {"$ref": "#"}}},
        {"user": nested(45)},
        "too long",
    ),
]


@pytest.mark.parametrize(("schema", "payload", "what"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_no_payload_stops_who_judges_it(schema: Any, payload: Any, what: str, definition: dict[str, Any]) -> None:
    definition["payload"]["schema"] = schema
    assert what in str(payload_faults(load_definition(definition), payload))


@pytest.mark.parametrize("schema", [{"$ref": "file:///etc/hosts"}, {"$ref": "#"}, {"pattern": "(?=a)"}, {"const": nested(5000)}])
def test_a_definition_with_an_unusable_schema_is_refused(schema: Any, definition: dict[str, Any]) -> None:
    definition["payload"]["schema"] = schema
    with pytest.raises(DefinitionError, match=r"payload\.schema"):
        load_definition(definition)


def test_a_definition_may_speak_a_dialect_as_a_saga_file_may(definition: dict[str, Any]) -> None:
    spoken = definition["steps"][0]
    spoken["dialect"] = {"ietf": {"path": "/book"}}
    del spoken["forward"]["request"]["method"]
    assert load_definition(definition).steps[0].forward.request.method == "POST"
    spoken["dialect"] = "ieft"
    with pytest.raises(DefinitionError, match=r"steps\.0\.dialect: This is no dialect\. Did you mean `ietf`\?"):
        load_definition(definition)
