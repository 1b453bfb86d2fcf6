"""The schemas within a schema: where the words of JSON Schema hold further ones (pure)."""

from collections.abc import Iterator
from typing import Any

from saga_contracts.declare.problems import Path

_ONE = frozenset({
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_LIST = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_MAP = frozenset({"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"})


def subschemas(schema: Any) -> Iterator[tuple[Path, Any]]:
    """Give the schemas directly within one, each with the way to it."""
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        if keyword in _ONE and isinstance(value, dict | bool):
            yield (keyword,), value
        elif keyword in _LIST and isinstance(value, list):
            yield from (((keyword, index), member) for index, member in enumerate(value))
        elif keyword in _MAP and isinstance(value, dict):
            yield from (((keyword, name), member) for name, member in value.items() if isinstance(member, dict | bool))


def parts(document: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Give a schema and every schema within it that is no mere true or false, from the top down."""
    todo: list[tuple[Path, Any]] = [((), document)]
    for path, schema in todo:  # grows while it is gone through
        if isinstance(schema, dict):
            yield path, schema
            todo += [((*path, *way), one) for way, one in subschemas(schema)]
