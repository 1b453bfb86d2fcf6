"""From texts and JSON values back to the values that their templates were filled with: the reverse of `templates.fill` (pure).

Every literal part must be there, and each name has one value wherever it stands. Members of an object that the template does not
speak of are allowed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.wire import bodies
from saga_contracts.wire.likeness import kind, same

Bound = dict[str, Any]
"""Values by their dotted names, such as `payload.order_id`; what an object holds stands under names of its own."""


class MismatchError(Exception):
    """What came was not made from the template (inside this room only)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A text with templates and what stood in its place; `typed`: with its JSON type, not written out."""

    template: str
    found: Any
    typed: bool


def bound_value(declared: Any, found: Any, examples: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> Bound | None:
    """Give the values that a JSON value was made from, or None when it was made from another template.

    Args:
        declared: The JSON value with templates.
        found: What came.
        examples: Example values of the names: what came as text is read as a value of the same type.
        known: Values that are known already, by their dotted names.
    """
    try:
        return bound_pairs(list(pairs(declared, found)), examples, known or {})
    except MismatchError:
        return None


def pairs(declared: Any, found: Any) -> Iterator[Pair]:
    """Give every text of a JSON value with what stands in its place.

    Raises:
        MismatchError: when something else stands in the place of another value.
    """
    if isinstance(declared, str):
        yield Pair(declared, found, typed=True)
    elif isinstance(declared, Mapping):
        if not isinstance(found, Mapping) or not declared.keys() <= found.keys():
            raise MismatchError
        for name, member in declared.items():
            yield from pairs(member, found[name])
    elif isinstance(declared, list | tuple):
        if not isinstance(found, list) or len(found) != len(declared):
            raise MismatchError
        for member, value in zip(declared, found, strict=True):
            yield from pairs(member, value)
    elif not same(declared, found):
        raise MismatchError


def bound_pairs(found: Sequence[Pair], examples: Mapping[str, Any], known: Mapping[str, Any]) -> Bound:
    """Give the values: first those that stand alone with their type, then those in texts, the clearest text first.

    Raises:
        MismatchError: when what came was made from other templates.
    """
    typed: Bound = dict(known)
    texts: list[tuple[str, str]] = []
    for pair in found:
        name = templates.whole(pair.template) if pair.typed else None
        if name is None:
            if not isinstance(pair.found, str):
                raise MismatchError
            texts.append((pair.template, pair.found))
        elif not same(typed.setdefault(name, pair.found), pair.found):
            raise MismatchError
    written: dict[str, str] = {}
    while texts:
        texts.sort(key=lambda one: len({*templates.names_in(one[0])} - typed.keys() - written.keys()))
        written |= _read(*texts.pop(0), typed, written)
    return dict(_flat(typed | {name: _value(name, text, examples) for name, text in written.items()}))


def readable(texts: Iterable[str], known: Iterable[str] = ()) -> set[str]:
    """Give the names whose values can be read off such texts without a doubt, one text helping with another."""
    shown, found = [set(templates.names_in(text)) for text in texts], set(known)
    while more := {name for names in shown if len(names - found) == 1 for name in names - found}:
        found |= more
    return found


def leaves(value: Any) -> list[Any]:
    """Give all values in a JSON value that hold no others."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [leaf for member in value.values() for leaf in leaves(member)]
    if isinstance(value, list | tuple):
        return [leaf for member in value for leaf in leaves(member)]
    return [value]


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Have the names that both know the same values?"""
    return all(same(value, other[name]) for name, value in one.items() if name in other)


def as_context(found: Mapping[str, Any]) -> dict[str, Any]:
    """Give values by dotted names as templates look them up: nested.

    >>> as_context({"key": "k", "payload.user.id": 1})
    {'key': 'k', 'payload': {'user': {'id': 1}}}
    """
    context: dict[str, Any] = {}
    for dotted, value in found.items():
        *parents, last = dotted.split(".")
        at = context
        for part in parents:
            at = at.setdefault(part, {}) if isinstance(at, dict) else at
        if isinstance(at, dict):  # else the whole list is known, and with it its element
            at[last] = value
    return context


def _read(template: str, text: str, typed: Mapping[str, Any], written: Mapping[str, str]) -> dict[str, str]:
    """Give the texts of the names that are not known yet."""
    pattern = ""
    groups: dict[str, str] = {}
    for literal, name in templates.parts(template):
        pattern += re.escape(literal)
        if name in written:
            pattern += re.escape(written[name])
        elif name in typed:
            ways = {bodies.as_text(typed[name]), str(typed[name])}
            pattern += f"(?:{'|'.join(re.escape(way) for way in ways)})"
        elif name in groups:
            pattern += f"(?P={groups[name]})"
        elif name:
            groups[name] = f"g{len(groups)}"
            pattern += f"(?P<{groups[name]}>.*?)"
    found = re.fullmatch(pattern, text, re.DOTALL)
    if found is None:
        raise MismatchError
    return {name: found[group] for name, group in groups.items()}


def _value(name: str, text: str, examples: Mapping[str, Any]) -> Any:
    """Read a text as a value of the example's type; what is none stays a text."""
    try:
        example = templates.look_up(name, examples)
    except templates.TemplateError:
        return text
    if isinstance(example, str):
        return text
    by_python = {"True": True, "False": False, "None": None}
    try:
        value = by_python[text] if text in by_python else bodies.read_json(text.encode())
    except ValueError:
        return text
    return value if kind(value) == kind(example) else text


def _flat(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
