"""Writes a look-up down: the call that finds what only the forward call's reply tells, when that reply was lost (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.templates import LIKE
from saga_contracts.start.told import Answer, Call, Step
from saga_contracts.start.writing import Block, ask, guess

_DEEPEST = 4
_WAY = list[str]


def lookup(step: Step, call: Call, request: Block) -> Block:
    """Give the look-up of a step.

    Args:
        step: The step, whose other calls were read.
        call: The call that finds.
        request: Its request with its notes, to be gone on with.
    """
    needed = _needed(step)
    good = next((one for one in call.answers if one.status < 300), Answer(200))  # noqa: PLR2004
    ways = {name: way for name, field in needed.items() if (way := next(_ways(good.body, field, _DEEPEST), None))}
    if not any(templates.names_in([call.path, call.query, call.headers, call.body])):
        request.note(ask("By what does it find this saga's step: by the key, by a field of the payload that is fresh?"))
    if not needed:
        request.note(ask("No call of the step needs a value of its reply. What is to be found?"))
    if len(ways) < len(needed) or not ways:
        what = "Where in the reply do the values stand, and what is answered when nothing is found?"
        replies = {"found": {"status": good.status}, "absent": {"status": good.status, "body": []}}
        return request.put("replies", replies, ask(what)).put("outputs", {name: f"/0/{one}" for name, one in needed.items()})
    found: Any = None
    for name, way in ways.items():
        found = _with(found, way, _at(good.body, way), needed[name])
    absent = {"status": good.status, "body": _emptied(found)}
    replies = {"found": {"status": good.status, "body": found}, "absent": absent}
    request.put("replies", replies, guess("an empty list says that nothing is found."))
    return request.put("outputs", {name: f"/{'/'.join(way)}" for name, way in ways.items()})


def _needed(step: Step) -> dict[str, str]:
    """Give the outputs that later calls of the step need, each with the field that it is in a reply."""
    texts = repr([(one.path, one.query, one.body) for one in (step.compensate, step.status) if one is not None])
    names = {name: place for name, place in step.outputs.items() if f"{{outputs.{step.name}.{name}}}" in texts}
    return {name: place.rpartition("/")[2] if isinstance(place, str) else "id" for name, place in names.items()}


def _ways(body: Any, field: str, deep: int) -> Iterator[_WAY]:
    """Give the ways to a field of the first item of a list."""
    plain = _plain(body)
    if isinstance(plain, list) and plain:
        if isinstance(plain[0], Mapping) and field in plain[0]:
            yield ["0", field]
    elif isinstance(plain, Mapping) and deep:
        for name, one in plain.items():
            yield from ([str(name), *way] for way in _ways(one, field, deep - 1))


def _at(body: Any, way: _WAY) -> Any:
    for part in way:
        body = _plain(body)
        body = body[int(part)] if isinstance(body, list) else body[part]
    return _plain(body)


def _with(found: Any, way: _WAY, value: Any, field: str) -> Any:
    """Put a value at the end of a way into what is found so far."""
    if not way:
        return {LIKE: value}
    if isinstance(found, list) or way[0] == "0":
        return [_with(found[0] if found else None, way[1:], value, field)]
    known = found if isinstance(found, dict) else {}
    return {**known, way[0]: _with(known.get(way[0]), way[1:], value, field)}


def _emptied(found: Any) -> Any:
    return [] if isinstance(found, list) else {name: _emptied(one) for name, one in found.items()}


def _plain(declared: Any) -> Any:
    return declared[LIKE] if isinstance(declared, dict) and set(declared) == {LIKE} else declared
