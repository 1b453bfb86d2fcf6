"""What is sent in a body and what an answer holds, by the schemas and examples of an OpenAPI document (pure)."""

from typing import Any

from saga_contracts.declare.templates import LIKE
from saga_contracts.start import samples
from saga_contracts.start.formats.openapi.document import Document
from saga_contracts.start.told import literals, small
from saga_contracts.wire import bodies

MOST_FIELDS = 12
"""A body without required fields is sent with so many of its fields."""
MOST_ANSWERED = 6
"""A reply declares so many fields: a contract asks for what is read, not for all that there is."""
TELLING = ("id", "state", "status", "error", "code")
"""Fields that are declared before others, since later calls or the caller's judgement need them, by custom."""
_MOST_NESTED = 3


def fields_sent(schema: dict[str, Any], is_form: bool) -> list[str]:  # noqa: FBT001
    """Give the names of the fields that a body is sent with: those that are required, or else the first ones."""
    properties = schema.get("properties", {})
    plain = [name for name in properties if not (is_form and properties[name].get("type") in ("object", "array"))]
    needed = [name for name in plain if name in schema.get("required", ())]
    return needed or plain[:MOST_FIELDS]


def reply_body(schema: dict[str, Any], example: Any) -> tuple[Any, dict[str, Any]]:
    """Give what a reply declares of its body, and the fields that are left out.

    A field has its literal value where there is one only, else any value of the type.
    """
    properties = schema.get("properties")
    if not properties:
        return {LIKE: literals(small(samples.sample(schema, example).example, _MOST_NESTED))} if schema else None, {}
    needed = [name for name in properties if name in schema.get("required", ())] or list(properties)
    first = [name for name in (*TELLING, *needed) if name in properties and not name.startswith("$")]
    names = [name for name in properties if name in list(dict.fromkeys(first))[:MOST_ANSWERED]]
    told = example if isinstance(example, dict) else {}
    declared = {name: _one(one, told.get(name)) for name, one in properties.items() if not name.startswith("$")}
    return {name: declared[name] for name in names}, {name: one for name, one in declared.items() if name not in names}


def _one(schema: dict[str, Any], example: Any) -> Any:
    single = schema.get("enum", [schema["const"]] if "const" in schema else [])
    value = literals(small(samples.sample(schema, example).example, _MOST_NESTED))
    return value if len(single) == 1 else {LIKE: value}


def example_of(media: dict[str, Any], document: Document) -> Any:
    """Give the example of a body that the document tells: of the body, of its schema, or of single fields; None for none."""
    if "example" in media:
        return media["example"]
    examples = media.get("examples")
    first = next(iter(examples.values()), None) if isinstance(examples, dict) else None
    if isinstance(first, dict):
        return document.mapping(first).get("value")
    schema = document.resolve(media.get("schema") or {})
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    single = (
        {name: one["example"] for name, one in properties.items() if isinstance(one, dict) and "example" in one}
        if (isinstance(properties, dict))
        else {}
    )
    return schema.get("example", single or None)


def answered(response: Any, document: Document) -> dict[str, Any] | None:
    """Give what an answer holds as JSON, as version 3 says it; None when it is nothing, or something else."""
    if document.is_old:
        return {"schema": response["schema"]} if isinstance(response, dict) and isinstance(response.get("schema"), dict) else None
    content = response.get("content") if isinstance(response, dict) else None
    found = next((one for kind, one in content.items() if bodies.is_json(kind)), None) if isinstance(content, dict) else None
    return found if isinstance(found, dict) else None


def old_body(
    parameters: list[dict[str, Any]], operation: dict[str, Any], document: Document
) -> tuple[str, dict[str, Any] | None]:
    """Give the body of OpenAPI 2.0 as version 3 says it."""
    body = next((one for one in parameters if one["in"] == "body"), None)
    if body is not None:
        declared = operation.get("consumes") or document.content.get("consumes")
        kinds = [str(one) for one in declared] if isinstance(declared, list) and declared else [bodies.JSON]
        return next((one for one in kinds if bodies.is_json(one)), kinds[0]), {"schema": body.get("schema")}
    fields = [one for one in parameters if one["in"] == "formData"]
    if not fields:
        return "", None
    properties = {one["name"]: {name: value for name, value in one.items() if name != "required"} for one in fields}
    needed = [one["name"] for one in fields if one.get("required")]
    return bodies.FORM, {"schema": {"type": "object", "properties": properties, "required": needed}}
