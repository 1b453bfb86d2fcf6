"""Is a found JSON value like a declared one? The comparison behind every reply and callback (pure).

What is declared must be there: plain values equal, `{$like: example}` with the example's JSON type all the way down. Other fields
are allowed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from saga_contracts.declare import templates


def differs(declared: Any, found: Any, context: Mapping[str, Any] | None = None) -> str | None:
    """Tell in one sentence where a found value is not like the declared one, or None when it is.

    Args:
        declared: A JSON value with templates and `$like`.
        found: The JSON value that came.
        context: The values of templates; None: a text with a template is like whatever stands there.

    Raises:
        TemplateError: when the declared value names a value that the context does not hold.
    """
    return _differs(declared, found, context, "")


def _differs(declared: Any, found: Any, context: Mapping[str, Any] | None, where: str) -> str | None:
    if isinstance(declared, Mapping):
        if set(declared) == {templates.LIKE}:
            return _unlike(templates.examples(declared), found, where)
        missing = _missing(declared, found, where)
        inside = (_differs(member, found[name], context, f"{where}.{name}") for name, member in declared.items())
        return missing or _first(inside)
    if isinstance(declared, list | tuple):
        if not isinstance(found, list) or len(found) != len(declared):
            return f"{_place(where)} is {short(found)} instead of a list of {len(declared)}."
        pairs = enumerate(zip(declared, found, strict=True))
        return _first(_differs(want, have, context, f"{where}.{index}") for index, (want, have) in pairs)
    if context is None and any(True for _ in templates.names_in(declared)):
        return None
    expected = declared if context is None else templates.fill(declared, context)
    return None if same(expected, found) else f"{_place(where)} is {short(found)} instead of {short(expected)}."


def same(one: Any, other: Any) -> bool:
    """Are two JSON values equal? Python takes 1 and True for equal, JSON does not.

    >>> same({"a": [1]}, {"a": [True]}), same(1, 1.0)
    (False, True)
    """
    if kind(one) != kind(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(member, other[name]) for name, member in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def kind(value: Any) -> str:
    """Name the JSON type of a value; whole and other numbers are one type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "list"


def short(value: Any, limit: int = 80) -> str:
    """Give a JSON value as text that is not too long for a sentence."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _unlike(example: Any, found: Any, where: str) -> str | None:
    if kind(example) != kind(found):
        return f"{_place(where)} is {short(found)} instead of a value of type {kind(example)}."
    if isinstance(example, Mapping):
        inside = (_unlike(member, found[name], f"{where}.{name}") for name, member in example.items())
        return _missing(example, found, where) or _first(inside)
    if isinstance(example, list | tuple) and example:
        return _first(_unlike(example[0], member, f"{where}.{index}") for index, member in enumerate(found))
    return None


def _missing(declared: Mapping[str, Any], found: Any, where: str) -> str | None:
    if not isinstance(found, Mapping):
        return f"{_place(where)} is {short(found)} instead of an object."
    return _first(f"{_place(f'{where}.{name}')} is missing." for name in declared if name not in found)


def _place(where: str) -> str:
    return f"The field `{where[1:]}`" if where else "The body"


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((reason for reason in reasons if reason is not None), None)
