"""The words in which JSON Schemas are written here: few, so that a schema reads like the document that it describes. Pure.

A member whose name ends in `?` may be absent; a relation that ends in `[]` holds a list of links.
"""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ANY: Schema = {}
ADDRESS: Schema = {"type": "string", "format": "uri"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
SHA1: Schema = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def ref(name: str) -> Schema:
    """Name a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(items: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": items}


def table(values: Schema) -> Schema:
    """Describe an object whose keys are free."""
    return {"type": "object", "additionalProperties": values}


def or_null(schema: Schema) -> Schema:
    """Let a value be null, too."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*values: str) -> Schema:
    """Describe one of some words."""
    return {"type": "string", "enum": list(values)}


def closed(members: Mapping[str, Schema]) -> Schema:
    """Describe an object that has these members and no others: what the broker answers."""
    return {**open_(members), "additionalProperties": False}


def open_(members: Mapping[str, Schema]) -> Schema:
    """Describe an object that may have more members than these: what the broker takes."""
    required = [name for name in members if not name.endswith("?")]
    properties = {name.removesuffix("?"): schema for name, schema in members.items()}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def links(*relations: str, extra: Mapping[str, Schema] | None = None) -> Schema:
    """Describe `_links`; `extra` holds relations whose links have more members than others."""
    members: dict[str, Schema] = dict(extra or {})
    for relation in relations:
        may_lack = relation.endswith("?")
        name = relation.removesuffix("?")
        target = many(ref("Link")) if name.endswith("[]") else ref("Link")
        members[name.removesuffix("[]") + ("?" if may_lack else "")] = target
    return closed(members)


def each(schema: Schema, *names: str) -> dict[str, Schema]:
    """Give members that are all alike."""
    return dict.fromkeys(names, schema)


def embedded(members: Mapping[str, Schema]) -> dict[str, Schema]:
    """Give the member `_embedded` with these members."""
    return {"_embedded": closed(members)}
