"""Can what one version of an event writes be read by another (E2)? Decided by their schemas; unknown where it cannot be (pure).

A publisher writes only the fields that its schema names; a reader leaves out what its own does not name, unless it is closed.
So a field may be added as long as nobody must have it, and nothing may be removed, retyped or narrowed. Words of JSON Schema
whose meaning is not followed here (`not`, `if`, `patternProperties`, …) are unknown when they stand at the reader and not, in the
same form, at the writer; never a yes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from saga_contracts.declare import schemas
from saga_contracts.declare.choreography.events import Event

YES, NO, UNKNOWN = "yes", "no", "unknown"
Schema = Mapping[str, Any] | bool
_NOTES = frozenset(
    {"title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "$defs"}
    | {"definitions"}
)
_FOLLOWED = frozenset(
    {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "uniqueItems"}
    | {"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"anyOf", "oneOf", "$ref"}
)
_OF = {"properties": "object", "required": "object", "items": "array"}
_MOST = 100
_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands against reading one version by another.

    Attributes:
        verdict: `no` or `unknown`.
        where: The field, reached by dots; empty for the whole body.
        what: In one sentence without its subject.
    """

    verdict: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions of an event.

    Attributes:
        event: Its name.
        older: The label of one version, such as the file that it stands in.
        newer: That of a later one.
        backward: What stands against a new reader that meets an old message.
        forward: What stands against an old reader that meets a new message.
    """

    event: str
    older: str
    newer: str
    backward: tuple[Finding, ...]
    forward: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """No before unknown before yes."""
        every = {one.verdict for one in (*self.backward, *self.forward)}
        return NO if NO in every else UNKNOWN if UNKNOWN in every else YES


def compare(versions: Iterable[tuple[str, Mapping[str, Event]]]) -> list[Compared]:
    """Compare every two versions of every event.

    Args:
        versions: A label and the events of each version, the oldest first.
    """
    found = []
    for (older, before), (newer, after) in combinations(versions, 2):
        for name, event in before.items():
            found.append(_events(name, (older, event), (newer, after.get(name))))
    return found


def reads(writer: Schema, reader: Schema, *, gone_is_broken: bool = False) -> list[Finding]:
    """Give what stands against a reader that meets what a writer writes; nothing: it can read everything.

    Args:
        writer: The schema of what is written.
        reader: The schema that is read by.
        gone_is_broken: Is a field that the reader names, and nobody writes any more, missed?
    """
    found: list[Finding] = []
    for one in _Reading(writer, reader, gone_is_broken).fits(writer, reader, "", 0):
        if one not in found:
            found.append(one)
        if len(found) == _MOST:
            break
    return found


def _events(name: str, old: tuple[str, Event], new: tuple[str, Event | None]) -> Compared:
    (older, before), (newer, after) = old, new
    if after is None:
        gone = Finding(NO, "", "nobody publishes this event any more")
        return Compared(name, older, newer, (), (gone,))
    moved = tuple(_moved(before, after))
    schema_before, schema_after = before.json_schema or {}, after.json_schema or {}
    backward = reads(schema_before, schema_after)
    forward = reads(schema_after, schema_before, gone_is_broken=True)
    return Compared(name, older, newer, tuple(backward), (*moved, *forward))


def _moved(before: Event, after: Event) -> Iterator[Finding]:
    if before.channel != after.channel:
        yield Finding(NO, "", f"it travels on {after.channel.name}, and who hears {before.channel.name} hears nothing")
    if before.publisher != after.publisher:
        yield Finding(UNKNOWN, "", f"{after.publisher} publishes it instead of {before.publisher}")
    for word, one, other in (
        ("ordering key", before.ordering_key, after.ordering_key),
        ("business key", before.business_key, after.business_key),
    ):
        if one != other:
            yield Finding(NO, "", f"its {word} is another one, so that old and new messages of one run are not known as such")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One comparison, with the documents that `$ref` points into."""

    writers: Schema
    readers: Schema
    gone_is_broken: bool

    def fits(self, writer: Schema, reader: Schema, where: str, depth: int) -> Iterator[Finding]:
        writer, reader = _resolved(writer, self.writers), _resolved(reader, self.readers)
        if reader is True or writer is False or not _plain(reader) or self._is_same(writer, reader):
            return
        if depth > _DEPTH:
            yield Finding(UNKNOWN, where, "it is nested too deeply")
            return
        if isinstance(reader, bool) or isinstance(writer, bool):
            yield Finding(NO, where, "nothing may stand here for the reader" if reader is False else "anything may be written")
            return
        followed = _FOLLOWED | _NOTES
        if len(reader.keys() - _NOTES) > 1:  # beside other words, variants only narrow
            followed = followed - {"anyOf", "oneOf"}
        strange = [word for word in reader if word not in followed and writer.get(word) != reader[word]]
        if strange:
            yield Finding(UNKNOWN, where, f"`{strange[0]}` is not followed here")
            return
        values = _values(writer)
        if values is not None:
            yield from self._of_values(values, reader, where)
            return
        for alternative in _alternatives(writer, self.writers):
            yield from self._one(alternative, reader, where, depth)

    def _is_same(self, writer: Schema, reader: Schema) -> bool:
        one, other = _text(_plain(writer)), _text(_plain(reader))
        return one == other and ('"$ref"' not in one or _text(_parts(self.writers)) == _text(_parts(self.readers)))

    def _of_values(self, values: list[Any], reader: Mapping[str, Any], where: str) -> Iterator[Finding]:
        document = {**_parts(self.readers), **reader}
        for value in values:
            if schemas.faults_of(document, value):
                yield Finding(
                    NO, where, f"{json.dumps(value, ensure_ascii=False)} may be written, and the reader does not take it"
                )

    def _one(self, writer: Mapping[str, Any], reader: Mapping[str, Any], where: str, depth: int) -> Iterator[Finding]:
        """Judge one alternative of the writer."""
        choices = _alternatives(reader, self.readers)
        if len(choices) == 1:
            yield from self._plainly(writer, choices[0], where, depth)
            return
        kind = _type(writer)
        same = [one for one in choices if _may_be(kind, _type(one))]
        if not same:
            yield Finding(NO, where, f"{_named(kind)} may be written, and the reader does not take it")
            return
        found = [list(self._plainly(writer, one, where, depth)) for one in same]
        taken = sum(not one for one in found)
        if "oneOf" in reader and len(same) > 1:
            yield Finding(UNKNOWN, where, "the reader takes exactly one of several that may be alike")
        elif not taken and len(same) == 1:
            yield from found[0]
        elif not taken:
            yield Finding(UNKNOWN, where, "none of what the reader takes is wide enough by itself")

    def _plainly(self, writer: Mapping[str, Any], reader: Mapping[str, Any], where: str, depth: int) -> Iterator[Finding]:
        writer, reader = _mapping(_resolved(writer, self.writers)), _mapping(_resolved(reader, self.readers))
        if not _plain(reader) or self._is_same(writer, reader):
            return
        values = _values(writer)
        if values is not None:
            yield from self._of_values(values, reader, where)
            return
        if "enum" in reader or "const" in reader:
            yield Finding(NO, where, "the reader takes some values only")
            return
        kind, wanted = _type(writer), _type(reader)
        if wanted is not None and not _may_be(kind, wanted):
            yield Finding(NO, where, f"{_named(kind)} may be written, and the reader takes {_named(wanted)}")
            return
        yield from _numbers(writer, reader, where, whole=kind == "integer")
        yield from _texts(writer, reader, where)
        if kind == "array" or wanted == "array":
            yield from self._arrays(writer, reader, where, depth)
        if kind == "object" or wanted == "object":
            yield from self._objects(writer, reader, where, depth)

    def _arrays(self, writer: Mapping[str, Any], reader: Mapping[str, Any], where: str, depth: int) -> Iterator[Finding]:
        yield from _bound(writer, reader, where, "minItems", "fewer elements may be written than the reader takes", lower=True)
        yield from _bound(writer, reader, where, "maxItems", "more elements may be written than the reader takes", lower=False)
        if reader.get("uniqueItems") and not writer.get("uniqueItems") and writer.get("maxItems", 2) > 1:
            yield Finding(NO, where, "equal elements may be written, and the reader takes none")
        if "items" in reader:
            yield from self.fits(writer.get("items", True), reader["items"], f"{where}[]", depth + 1)

    def _objects(self, writer: Mapping[str, Any], reader: Mapping[str, Any], where: str, depth: int) -> Iterator[Finding]:
        written, read = writer.get("properties", {}), reader.get("properties", {})
        always = set(writer.get("required", ()))
        for name in reader.get("required", ()):
            if name not in always:
                yield Finding(NO, _join(where, name), "the reader must have it, and it may be missing")
        rest = reader.get("additionalProperties", True)
        for name, schema in written.items():
            wanted = read.get(name, rest)
            if wanted is False:
                yield Finding(NO, _join(where, name), "it is written, and the reader takes no field that it does not name")
            elif wanted is not True:
                yield from self.fits(schema, wanted, _join(where, name), depth + 1)
        if self.gone_is_broken:
            for name in read:
                if name not in written and name not in reader.get("required", ()):
                    yield Finding(NO, _join(where, name), "nobody writes it any more, and the reader may use it")


def _numbers(writer: Mapping[str, Any], reader: Mapping[str, Any], where: str, *, whole: bool) -> Iterator[Finding]:
    writer, reader = (_inclusive(writer), _inclusive(reader)) if whole else (writer, reader)
    yield from _bound(writer, reader, where, "minimum", "smaller numbers may be written than the reader takes", lower=True)
    yield from _bound(writer, reader, where, "maximum", "greater numbers may be written than the reader takes", lower=False)
    yield from _exclusive(writer, reader, where)
    step = reader.get("multipleOf")
    if step is not None and ("multipleOf" not in writer or writer["multipleOf"] % step):
        yield Finding(NO, where, f"numbers may be written that are no multiple of {step}")


def _exclusive(writer: Mapping[str, Any], reader: Mapping[str, Any], where: str) -> Iterator[Finding]:
    for word, other, sign in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
        bound = reader.get(word)
        if bound is None:
            continue
        strict, loose = writer.get(word), writer.get(other)
        is_kept = (strict is not None and sign * strict >= sign * bound) or (loose is not None and sign * loose > sign * bound)
        if not is_kept:
            yield Finding(NO, where, f"numbers may be written that are not {'greater' if sign > 0 else 'smaller'} than {bound}")


def _inclusive(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Write bounds of whole numbers as ones that may be reached."""
    found = dict(schema)
    low, high = found.pop("exclusiveMinimum", None), found.pop("exclusiveMaximum", None)
    if isinstance(low, int):
        found["minimum"] = max(low + 1, found.get("minimum", low + 1))
    elif low is not None:
        found["exclusiveMinimum"] = low
    if isinstance(high, int):
        found["maximum"] = min(high - 1, found.get("maximum", high - 1))
    elif high is not None:
        found["exclusiveMaximum"] = high
    return found


def _texts(writer: Mapping[str, Any], reader: Mapping[str, Any], where: str) -> Iterator[Finding]:
    yield from _bound(writer, reader, where, "minLength", "shorter texts may be written than the reader takes", lower=True)
    yield from _bound(writer, reader, where, "maxLength", "longer texts may be written than the reader takes", lower=False)
    for word in ("pattern", "format"):
        if word in reader and reader[word] != writer.get(word):
            if word in writer:
                yield Finding(UNKNOWN, where, f"whether the {word} {writer[word]} is one of {reader[word]} is not worked out")
            else:
                yield Finding(NO, where, f"texts may be written that are not of the {word} {reader[word]}")


def _bound(
    writer: Mapping[str, Any], reader: Mapping[str, Any], where: str, word: str, what: str, *, lower: bool
) -> Iterator[Finding]:
    bound = reader.get(word)
    if bound is None or (word in ("minItems", "minLength") and bound == 0):
        return
    own = [writer[word]] if word in writer else []
    exclusive = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}.get(word, "")
    own += [writer[exclusive]] if exclusive in writer else []
    if not any(one >= bound if lower else one <= bound for one in own):
        yield Finding(NO, where, what)


def _alternatives(schema: Mapping[str, Any], document: Schema, depth: int = 0) -> list[Mapping[str, Any]]:
    """Part a schema into its alternatives: variants, and types."""
    for word in ("anyOf", "oneOf"):
        if word in schema and not set(schema) - _NOTES - {word} and depth < _DEPTH:
            variants = [_mapping(_resolved(one, document)) for one in schema[word]]
            return [part for one in variants for part in _alternatives(one, document, depth + 1)]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [{**schema, "type": kind} for kind in kinds]
    return [schema]


def _values(schema: Mapping[str, Any]) -> list[Any] | None:
    """Give all values of a schema, where these are few and known."""
    if "const" in schema:
        return [schema["const"]]
    if isinstance(schema.get("enum"), list):
        return list(schema["enum"])
    few: dict[str, list[Any]] = {"boolean": [True, False], "null": [None]}
    return few.get(str(schema.get("type")))


def _type(schema: Mapping[str, Any]) -> str | None:
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    return next((_OF[word] for word in _OF if word in schema), None)


def _may_be(kind: str | None, wanted: str | None) -> bool:
    """Is all of a type of another one?"""
    return wanted is None or kind == wanted or (kind == "integer" and wanted == "number")


def _named(kind: str | None) -> str:
    articles = {"object": "an object", "array": "a list", "string": "a text", "integer": "a whole number", "null": "null"}
    return "anything" if kind is None else articles.get(kind, f"a {kind}")


def _plain(schema: Schema) -> Any:
    """Give a schema without what only people read."""
    if not isinstance(schema, Mapping):
        return schema
    found = {word: value for word, value in schema.items() if word not in _NOTES}
    if isinstance(found.get("properties"), Mapping):
        found["properties"] = {name: _plain(value) for name, value in found["properties"].items()}
    if "items" in found:
        found["items"] = _plain(found["items"])
    if isinstance(found.get("required"), list):
        found["required"] = sorted(found["required"])
    return found


def _parts(document: Schema) -> dict[str, Any]:
    """Give the parts of a document that references point into."""
    if not isinstance(document, Mapping):
        return {}
    return {word: document[word] for word in ("$defs", "definitions") if word in document}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _resolved(schema: Schema, document: Schema) -> Schema:
    """Follow a reference within the document."""
    seen = 0
    while isinstance(schema, Mapping) and "$ref" in schema and seen < _DEPTH:
        target: Any = document
        for part in str(schema["$ref"]).removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name, {"not": {}}) if isinstance(target, Mapping) else {"not": {}}
        schema, seen = target, seen + 1
    return schema


def _mapping(schema: Schema) -> Mapping[str, Any]:
    return schema if isinstance(schema, Mapping) else {} if schema else {"not": {}}


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
