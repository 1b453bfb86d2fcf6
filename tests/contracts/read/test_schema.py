"""The published JSON Schema of the saga file: current, right about the reference saga, and useful in an editor."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from saga_contracts import sagafile
from saga_contracts.read import positions

FILE = Path(__file__).parents[3] / "contracts" / "saga.schema.json"


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_the_published_schema_is_current() -> None:
    """When this fails: `sagapact contracts schema > contracts/saga.schema.json`."""
    assert FILE.read_text(encoding="utf-8") == sagafile.schema_text()


def test_the_published_schema_is_a_schema(schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "Saga file, format 1"


def test_every_reference_saga_fits_the_schema(schema: Any) -> None:
    files = sorted(FILE.parent.glob("sagas/*/saga.yaml"))
    assert files
    for file in files:
        document = positions.read(file.read_text(encoding="utf-8"), str(file)).data
        assert list(jsonschema.Draft202012Validator(schema).iter_errors(document)) == [], file


def test_a_misspelt_field_does_not_fit(schema: Any) -> None:
    errors = jsonschema.Draft202012Validator(schema).iter_errors({"format": 1, "sagga": "x"})
    assert {error.validator for error in errors} >= {"required", "additionalProperties"}


def test_fields_explain_themselves_in_an_editor(schema: Any) -> None:
    described = [name for name, field in schema["$defs"]["Step"]["properties"].items() if "description" in field]
    assert {"after", "tries", "key_fields"} <= set(described)


@pytest.mark.parametrize("correlation", ["none", {"echo": "none"}, {"headers": {}}, {"echo": {"headers": {}}}])
def test_the_schema_knows_the_word_none_for_correlation(schema: Any, vas_file: Path, correlation: Any) -> None:
    document = positions.read(vas_file.read_text(encoding="utf-8"), "x").data | {"correlation": correlation}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document)) == []
