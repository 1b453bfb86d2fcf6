"""The JSON Schema of a saga file with dialects: where one is spoken, what it fills in need not be written (pure)."""

from collections.abc import Mapping
from typing import Any

from saga_contracts.declare.kinds import NONE
from saga_contracts.read.dialects.expanding import DIALECTS, FIELD

_REF = "#/$defs/"
_FILLED = (
    "Step", "Forward", "Request", "Reply", "ForwardReplies", "Compensate", "CompensateReplies", "Status", "StatusReplies",
)  # fmt: skip
"""What a dialect may fill in, so that a field of it that is always needed may be missing."""
_OWN = ("step", "participant", "class")
"""What no dialect fills in."""


def with_dialects(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Add the dialects to the JSON Schema of a saga written out.

    Args:
        schema: The schema that the models of a saga give.
    """
    definitions = {**schema["$defs"], **{_spoken(name): _filled(name, schema["$defs"][name]) for name in _FILLED}}
    steps = {name: value for name, value in schema["properties"]["steps"].items() if name != "items"}
    properties = {**schema["properties"], FIELD: {"$ref": f"{_REF}Dialect"}, "steps": steps}
    spoken = {"$ref": _REF + _spoken("Step")}
    either = {"if": {"required": [FIELD]}, "then": spoken, "else": schema["properties"]["steps"]["items"]}
    return {
        **schema,
        "$defs": {**definitions, "Dialect": _dialect()},
        "properties": properties,
        "if": {"required": [FIELD]},
        "then": _steps(spoken),
        "else": _steps(either),
    }


def _spoken(name: str) -> str:
    return f"Spoken{name}"


def _filled(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _led_to_filled(schema)
    found["required"] = [one for one in schema.get("required", ()) if name == "Step" and one in _OWN]
    if name == "Step":
        found["properties"] = {FIELD: {"$ref": f"{_REF}Dialect"}, **found["properties"]}
    return found


def _led_to_filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_led_to_filled(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    name = str(value.get("$ref", "")).removeprefix(_REF)
    if name in _FILLED:
        return {**value, "$ref": _REF + _spoken(name)}
    return {key: _led_to_filled(member) for key, member in value.items()}


def _dialect() -> dict[str, Any]:
    kinds = {name: kind.model_json_schema() for name, kind in DIALECTS.items()}
    paths = {"type": "object", "additionalProperties": False, "minProperties": 1, "maxProperties": 1, "properties": kinds}
    return {
        "title": "Dialect",
        "description": "A protocol that fills in calls and replies; what the step writes itself wins.",
        "anyOf": [{"enum": [*DIALECTS, NONE]}, paths],
    }


def _steps(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": {"steps": {"items": items}}}
