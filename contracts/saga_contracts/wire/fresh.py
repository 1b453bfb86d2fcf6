"""Fresh instances of a payload, and the same key with another payload (pure; chance is handed in).

A fresh value has the form of the example, so that a service which checks forms takes it: a UUID stays a UUID, digits stay digits,
an e-mail address stays one; and it fits `payload.schema`, whatever that asks for. Where no such value can be found, there is
none: `lint` says so, and nothing is sent that the saga's own schema forbids.
"""

import copy
import random
import re
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import rstr

from saga_contracts.declare import elements, schemas, templates
from saga_contracts.declare.saga import Payload, Step
from saga_contracts.wire.likeness import same
from saga_contracts.wire.schema_view import SchemaView

FEWEST_VALUES = 10_000
"""A field with fewer values than this would soon meet a value that an earlier run left behind."""
_TRIES = 40
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LARGE = 100_000_000
"""Numbers without bounds are fresh from here on."""
_LONG_NUMBER = 9
"""A text of at least so many digits keeps its length; a shorter one becomes longer, if it may."""


def fresh_payload(payload: Payload, chance: random.Random) -> dict[str, Any]:
    """Give the example with a new value in every fresh field.

    Args:
        payload: The saga's payload; every fresh field has values (`without_values` is empty).
        chance: Where the values come from.

    Raises:
        ValueError: when a fresh field has no value that the schema allows.
    """
    made = copy.deepcopy(payload.example)
    schema = SchemaView(payload.json_schema)
    for name in payload.fresh:
        value = _new_value(schema, made, name, chance)
        if value is None:
            raise ValueError(f"No fresh value of `{name}` fits the schema.")
        put(made, name, value)
    return made


def without_values(payload: Payload) -> Iterator[tuple[int, str]]:
    """Give the fresh fields that cannot be fresh: their place in `payload.fresh` and why, one sentence."""
    schema = SchemaView(payload.json_schema)
    for index, name in enumerate(payload.fresh):
        try:
            example = templates.look_up(name, payload.example)
        except templates.TemplateError:
            continue
        few = schema.few_values(name, FEWEST_VALUES)
        if isinstance(example, bool) or not isinstance(example, str | int | float):
            yield index, f"`{name}` is neither a text nor a number of the example"
        elif few is not None:
            yield index, f"the schema allows only {few} values of `{name}`, so that a run would meet what an earlier one left"
        elif _new_value(schema, payload.example, name, random.Random(1)) is None:  # noqa: S311  (not for secrets)
            yield index, f"no other value of `{name}` was found that fits the schema"


def other_payload(payload: Payload, step: Step, current: Mapping[str, Any], chance: random.Random) -> dict[str, Any] | None:
    """Give another payload that the step would send under the same key, or None when there is none.

    Fields that stand in the path or are part of the key stay as they are: another resource or another key is no misuse. A fresh
    field is preferred, since its other value meets nothing that exists; a payload that would be refused is none.

    Args:
        payload: The saga's payload.
        step: Whose forward call is to be misused.
        current: The payload that the key belongs to.
        chance: Where other values come from.
    """
    changeable = _changeable(step)
    schema = SchemaView(payload.json_schema)
    made = copy.deepcopy(dict(current))
    changed = False
    for name in [one for one in payload.fresh if one in changeable]:
        value = _new_value(schema, made, name, chance)
        if value is not None:
            put(made, name, value)
            changed = True
    if changed:
        return made
    refused = step.given.refusing_payload or {}
    found = _with_other_scalars(schema, changeable, made, chance)
    return next((one for one in found if not (refused and has_fields(one, refused))), None)


def can_be_misused(payload: Payload, step: Step) -> bool:
    """Is there a call with the same key and another payload?"""
    return step.has_key and other_payload(payload, step, payload.example, random.Random(1)) is not None  # noqa: S311


def with_fields(payload: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give a payload with other values in some fields, which are named by dots."""
    made = copy.deepcopy(dict(payload))
    for name, value in fields.items():
        put(made, name, copy.deepcopy(value))
    return made


def has_fields(payload: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Has a payload these values in these fields, which are named by dots?"""
    try:
        return all(same(templates.look_up(name, payload), value) for name, value in fields.items())
    except templates.TemplateError:
        return False


def put(payload: dict[str, Any], dotted: str, value: Any) -> None:
    """Set a field that is reached by dots; an element of a list by its number."""
    *parents, last = dotted.split(".")
    current: Any = payload
    for part in parents:
        current = current[int(part) if isinstance(current, list) else part]
    current[int(last) if isinstance(current, list) else last] = value


def _changeable(step: Step) -> list[str]:
    request = step.forward.request
    outside_path = {"query": request.query, "headers": request.headers, "body": request.body}
    used = [field for name in templates.names_in(outside_path) if (field := elements.in_payload(step, name)) is not None]
    fixed = {elements.in_payload(step, name) for name in templates.names_in(request.path)} | set(step.key_fields or ())
    return [name for name in dict.fromkeys(used) if name not in fixed]


def _with_other_scalars(
    schema: SchemaView, names: list[str], made: dict[str, Any], chance: random.Random
) -> Iterator[dict[str, Any]]:
    for name in names:
        found = templates.look_up(name, made)
        for value in others(found, schema.at(name), chance):
            changed = copy.deepcopy(made)
            put(changed, name, value)
            if value != found and schema.allows(changed):
                yield changed


def others(value: Any, schema: Mapping[str, Any], chance: random.Random) -> Iterator[Any]:
    """Give other values of a field that may fit, by its part of the schema: those that the schema lists, then some like it."""
    yield from schema.get("enum", ())
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1, value * 2)
        yield from _numbers(value, schema, chance)
    elif isinstance(value, str):
        yield from _texts(value, schema, chance)


def _new_value(schema: SchemaView, payload: Mapping[str, Any], name: str, chance: random.Random) -> Any:
    """Give a value of a field that is another one and fits; None when none is found."""
    example = templates.look_up(name, payload)
    make: Callable[[Any, Mapping[str, Any], random.Random], Iterator[Any]] = _texts if isinstance(example, str) else _numbers
    made = copy.deepcopy(dict(payload))
    for value in make(example, schema.at(name), chance):
        put(made, name, value)
        if value != example and schema.allows(made):
            return value
    return None


def _numbers(example: Any, schema: Mapping[str, Any], chance: random.Random) -> Iterator[Any]:
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf", 1)
    if low is None:
        low = _LARGE if high is None or high >= 2 * _LARGE else min(0, high)
    if high is None:
        high = 9 * max(low, _LARGE)
    for _ in range(_TRIES):
        try:
            whole = int(chance.randint(int(low), int(high)) // step) * step
        except (OverflowError, ValueError):  # bounds that no number lies between, or none that can be counted
            return
        yield whole if isinstance(example, int) else float(whole) + round(chance.random(), 2)
        yield whole if isinstance(example, int) else float(whole)


def _texts(example: str, schema: Mapping[str, Any], chance: random.Random) -> Iterator[str]:
    """Give texts that may fit, the likeliest first."""
    form = schema.get("format")
    yield from _by_format(example, form, chance)
    token = f"{chance.getrandbits(48):012x}"
    if example.isdigit():
        yield _same_form(example if len(example) >= _LONG_NUMBER else "0" * 12, chance)
    else:
        yield f"{example}-{token}"
    if sum(letter.isalnum() for letter in example) >= _LONG_NUMBER:
        yield _same_form(example, chance)
    yield from (f"{example}{token}", token, token.upper())
    longest = schema.get("maxLength")
    if isinstance(longest, int):
        yield f"{example}-{token}"[-longest:]
        yield token[-longest:]
    if isinstance(schema.get("pattern"), str):
        yield from _by_pattern(schema["pattern"], chance)
    yield _same_form(example, chance)


def _by_format(example: str, form: Any, chance: random.Random) -> Iterator[str]:
    if form == "uuid" or _UUID.fullmatch(example):
        made = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        yield made.upper() if example.isupper() else made
    elif form in ("email", "idn-email") or re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", example):
        local, _, domain = example.partition("@")
        yield f"{local}-{chance.getrandbits(48):012x}@{domain}"
    elif form == "date":
        yield (date(2000, 1, 1) + timedelta(days=chance.randrange(36_500))).isoformat()
    elif form == "date-time":
        moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(3_000_000_000))
        yield moment.isoformat().replace("+00:00", "Z")
    elif form in _MADE:
        yield _MADE[form](chance.getrandbits(32))


_MADE: Mapping[str, Callable[[int], str]] = {
    "ipv4": lambda number: f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
    "ipv6": lambda number: f"fd00::{number >> 16:x}:{number & 0xFFFF:x}",
    "time": lambda number: f"{number % 24:02}:{number % 60:02}:{number % 59:02}.{number:09}Z",
    "duration": lambda number: f"PT{number}S",
}
"""Texts of a format whose letters cannot be exchanged freely, from a number of 32 bits."""


def _by_pattern(pattern: str, chance: random.Random) -> Iterator[str]:
    try:
        schemas.compiled(pattern)  # so that no repetition in it fills the memory
    except schemas.PatternError:
        return
    generator = rstr.Rstr(chance)
    for _ in range(_TRIES):
        try:
            yield generator.xeger(pattern.removeprefix("^").removesuffix("$"))
        except (re.error, ValueError, KeyError, RecursionError):
            return


def _same_form(example: str, chance: random.Random) -> str:
    """Give a text of the same form: digits for digits, letters for letters of the same case, all else as it is."""
    return "".join(_same_kind(letter, chance) for letter in example)


def _same_kind(letter: str, chance: random.Random) -> str:
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if letter in kind:
            return chance.choice(kind if kind == string.digits else kind[:6] if letter in kind[:6] else kind)
    return letter
