"""What a payload's JSON Schema says of one field: its part of the schema, how many values it allows (pure)."""

from collections.abc import Mapping
from typing import Any

from saga_contracts.declare import schemas

_DEEPEST = 20


class SchemaView:
    """A schema that was found right, looked at field by field.

    Args:
        schema: A JSON Schema.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._validator = schemas.validator(schema)

    def allows(self, value: Any) -> bool:
        """Does a whole payload fit?"""
        return self._validator.accepts(value)

    def at(self, dotted: str) -> Mapping[str, Any]:
        """Give the part of the schema that speaks of a field, with what its references and `allOf` add; empty when none does."""
        current = self._whole(self._schema)
        for part in dotted.split("."):
            if part.isdecimal() and "properties" not in current:
                current = self._whole(current.get("items", {}))
                continue
            properties = current.get("properties", {})
            current = self._whole(properties[part]) if isinstance(properties, Mapping) and part in properties else {}
        return current

    def few_values(self, dotted: str, enough: int) -> int | None:
        """Give the number of values that a field may have when that is below `enough`; None: more, or nobody knows."""
        found = self.at(dotted)
        if "const" in found:
            return 1
        if isinstance(found.get("enum"), list):
            return len(found["enum"])
        low, high = found.get("minimum"), found.get("maximum")
        if found.get("type") == "integer" and isinstance(low, int | float) and isinstance(high, int | float):
            number = (high - low) // found.get("multipleOf", 1) + 1
            return int(number) if number < enough else None
        return None

    def _whole(self, part: Any, depth: int = 0) -> dict[str, Any]:
        if not isinstance(part, Mapping) or depth > _DEEPEST:
            return {}
        found = {name: value for name, value in part.items() if name not in ("$ref", "allOf")}
        others = [self._referred(part["$ref"])] if isinstance(part.get("$ref"), str) else []
        for other in (*others, *(part.get("allOf") or ())):
            more = self._whole(other, depth + 1)
            properties = {**more.get("properties", {}), **found.get("properties", {})}
            found = {**more, **found, **({"properties": properties} if properties else {})}
        return found

    def _referred(self, reference: str) -> Any:
        """Follow a reference into this document; any other leads nowhere."""
        current: Any = self._schema
        for raw in reference.removeprefix("#").split("/")[1:] if reference.startswith("#") else ("nowhere",):
            current = current.get(raw.replace("~1", "/").replace("~0", "~")) if isinstance(current, Mapping) else None
        return current
