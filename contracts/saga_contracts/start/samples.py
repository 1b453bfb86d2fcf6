"""Schemas of documents as a saga file may hold them, and an example value for each (pure).

A schema is written out: its references (into the same document only) stand in it, as deep and as long as is readable. What is
cut, and what the saga file's closed schemas do not take, is told.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import rstr

from saga_contracts.declare import schemas
from saga_contracts.declare.schemas import formats
from saga_contracts.start.told import Field

DEEPEST = 5
MOST = 300
_TRIES = 20
_KEPT = (
    *("type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum"),
    *("exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "required"),
)
_SCHEMAS = ("items", "additionalProperties", "not")
_LISTS = ("allOf", "anyOf", "oneOf")
_BY_FORMAT: Mapping[str, Any] = {
    "uuid": "3f2c8a52-6f0e-4f0c-9d3b-5a1f0c7e2b11",
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "somebody@example.org",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
}


@dataclass(slots=True)
class Written:
    """A schema written out.

    Attributes:
        schema: A closed JSON Schema.
        cut: What was left out of it, in words.
    """

    schema: dict[str, Any]
    cut: list[str]


@dataclass(slots=True)
class _Writer:
    resolve: Callable[[Mapping[str, Any]], Any]
    hidden: str
    cut: list[str] = field(default_factory=list)
    count: int = 0

    def written(self, schema: Any, where: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
        self.count += 1
        if not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in seen or len(seen) >= DEEPEST:
                self.cut.append(f"{where} (circular or too deep: {reference[:80]})")
                return {}
            return self.written(self.resolve(schema), where, (*seen, reference))
        if self.count > MOST:
            self.cut.append(f"{where} (the schema is too long)")
            return {}
        return self._plain(schema, where, seen)

    def _plain(self, schema: Mapping[str, Any], where: str, seen: tuple[str, ...]) -> dict[str, Any]:
        found = {name: schema[name] for name in _KEPT if name in schema}
        if found.get("format") not in formats.known():
            found.pop("format", None)
        _modern(schema, found)
        for name in _SCHEMAS:
            if isinstance(schema.get(name), Mapping):
                found[name] = self.written(schema[name], f"{where}.{name}" if where else name, seen)
            elif isinstance(schema.get(name), bool) and name != "items":
                found[name] = schema[name]
        for name in _LISTS:
            if isinstance(schema.get(name), list) and schema[name]:
                found[name] = [self.written(one, where, seen) for one in schema[name]]
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            found["properties"] = {
                str(name): self.written(one, f"{where}.{name}" if where else str(name), seen)
                for name, one in properties.items()
                if not (isinstance(one, Mapping) and one.get(self.hidden) is True)
            }
            needed = found.get("required")
            found["required"] = [name for name in found["properties"] if isinstance(needed, list) and name in needed]
        return _merged({name: value for name, value in found.items() if value != [] or name != "required"})


def written(schema: Any, where: str, resolve: Callable[[Mapping[str, Any]], Any], *, answered: bool = False) -> Written:
    """Write a schema out.

    Args:
        schema: A schema of OpenAPI or JSON Schema.
        where: What it is of, for what is told.
        resolve: Gives what a `$ref` leads to inside the document, or `{}`.
        answered: Is it the schema of an answer, which has what is only read and not what is only written?
    """
    writer = _Writer(resolve, "writeOnly" if answered else "readOnly")
    found = writer.written(schema, where)
    faulty = schemas.faults(found)
    if faulty:
        writer.cut.append(f"{where} ({faulty[0].what})")
        kind = found.get("type")
        found = {"type": kind} if isinstance(kind, str) and not schemas.faults({"type": kind}) else {}
    return Written(found, writer.cut)


def sample(schema: dict[str, Any], told: Any = None) -> Field:
    """Give a field with an example: the one that was told, when it fits, or one that is made up.

    Args:
        schema: A schema that was written out.
        told: An example of the document; None for none.
    """
    if told is not None and not schemas.faults_of(schema, told):
        return Field(schema, told, made_up=False)
    for value in _values(schema):
        if not schemas.faults_of(schema, value):
            return Field(schema, value)
    return Field({}, next(iter(_values(schema)), "example"))


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """Put the parts of `allOf` into one, where each only names fields, and no two the same one."""
    parts = [schema, *schema.get("allOf", ())]
    names = [name for one in parts for name in one.get("properties", ())]
    plain = all(set(one) <= {"type", "properties", "required"} and one.get("type", "object") == "object" for one in parts[1:])
    if len(parts) == 1 or not plain or not names or len(set(names)) < len(names):
        return schema
    needed = [name for one in parts for name in one.get("required", ())]
    found = {name: value for name, value in schema.items() if name != "allOf"} | {"type": "object"}
    found["properties"] = {name: value for one in parts for name, value in one.get("properties", {}).items()}
    return found | ({"required": list(dict.fromkeys(needed))} if needed else {})


def _modern(schema: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Say in JSON Schema what OpenAPI 3.0 says in its own words."""
    for bound, own in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(own), bool):
            exclusive = found.pop(own)
            if exclusive and bound in found:
                found[own] = found.pop(bound)
    if schema.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]


def _values(schema: Mapping[str, Any]) -> Iterator[Any]:
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("enum") or ()
    for name in _LISTS:
        for one in schema.get(name) or ():
            yield from _values(one)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    for one in kind if isinstance(kind, list) else [kind]:
        yield from _of_kind(one, schema)


def _of_kind(kind: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if kind == "string":
        yield from _texts(schema)
    elif kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        step = schema.get("multipleOf", 1)
        yield from (1, low, low + 1, step, schema.get("maximum", 0))
    elif kind == "boolean":
        yield True
    elif kind == "array":
        item = sample(schema.get("items") or {}).example
        yield [item] * max(1, min(schema.get("minItems", 1), 20))
    elif kind == "object":
        properties = schema.get("properties") or {}
        needed = schema.get("required") or list(properties)
        yield {name: sample(properties.get(name) or {}).example for name in needed}
    elif kind == "null":
        yield None


def _texts(schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("format") in _BY_FORMAT:
        yield _BY_FORMAT[schema["format"]]
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        yield from _by_pattern(pattern)
    yield "text"
    yield "x" * min(max(schema.get("minLength", 1), 1), 1000)
    yield "x" * min(schema.get("maxLength", 1), 1000)


def _by_pattern(pattern: str) -> Iterator[str]:
    """Try texts of a pattern; always the same ones, so that a draft is made the same way again."""
    try:
        schemas.compiled(pattern)  # so that no repetition in it fills the memory
        generator = rstr.Rstr(random.Random(pattern))  # noqa: S311  (an example is no secret)
        for _ in range(_TRIES):
            yield str(generator.xeger(pattern.removeprefix("^").removesuffix("$")))
    except (schemas.PatternError, re.error, ValueError, KeyError, RecursionError):
        return
