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
