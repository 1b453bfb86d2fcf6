"""Is a value that was seen one that a pact's value and its matching rules take (pure)?

Rules are those of Pact, versions 2 to 4. What a provider state supplies (a generator) is a variable: any text fits, and the same
name has the same value wherever it stands in one call. A matcher that is not known here takes any value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.wire.likeness import same, short

_PART = re.compile(r"\[\s*'([^']*)'\s*\]|\[\s*\"([^\"]*)\"\s*\]|\[(\d+|\*)\]|\.([^.\[]+)")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,), "decimal": (float,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
_LIKE_TYPE = frozenset({"type", "min", "max", "values", "eachvalue", "arraycontains"})
Place = tuple[str, ...]


@dataclass(slots=True)
class Bound:
    """The values that variables have had so far in one call."""

    values: dict[str, str] = field(default_factory=dict)

    def fits(self, expression: str, found: Any) -> bool:
        """Does a value fit an expression such as `/orders/${id}`? If so, its variables have their values from then on."""
        names = _VARIABLE.findall(expression) or [expression]
        form = "".join(re.escape(part) if index % 2 == 0 else "(.+)" for index, part in enumerate(_VARIABLE.split(expression)))
        match = re.fullmatch(form if _VARIABLE.search(expression) else "(.+)", str(found), re.DOTALL)
        if match is None:
            return False
        return all(self.values.setdefault(name, value) == value for name, value in zip(names, match.groups(), strict=True))


@dataclass(frozen=True)
class Rules:
    """The rules of one part of a message: of its path, its headers, its query or its body.

    Attributes:
        matchers: By place, most general first.
        variables: Expressions of provider states, by place.
    """

    matchers: tuple[tuple[Place, Mapping[str, Any]], ...] = ()
    variables: Mapping[Place, str] = field(default_factory=dict)

    def at(self, place: Place) -> Mapping[str, Any] | None:
        """Give the matcher of a place: its own, else the nearest above it that looks at types."""
        own = [rule for where, rule in self.matchers if _covers(where, place)]
        if own:
            return own[-1]
        above = [rule for where, rule in self.matchers if len(where) < len(place) and _covers(where, place[: len(where)])]
        return above[-1] if above and _name(above[-1]) in _LIKE_TYPE else None

    def variable(self, place: Place) -> str | None:
        """Give the expression of a place; None where no provider state supplies its value."""
        return next((told for where, told in self.variables.items() if _covers(where, place)), None)


def rules_of(message: Mapping[str, Any], part: str) -> Rules:
    """Read the rules and generators of one part (`path`, `header`, `query`, `body`) of a request, a response or a message."""
    written = message.get("matchingRules")
    given = written if isinstance(written, Mapping) else {}
    rules = given.get(part)
    old = {place: rule for place, rule in given.items() if str(place).startswith("$")}
    found = [*_written(rules if isinstance(rules, Mapping) else {}, part), *_old(old, part)]
    generators = message.get("generators")
    made = generators.get(part) if isinstance(generators, Mapping) else None
    return Rules(tuple(sorted(found, key=lambda pair: len(pair[0]))), dict(_variables(made, part)))


def differs(expected: Any, found: Any, rules: Rules, bound: Bound, *, extra: bool, place: Place = ()) -> str | None:
    """Say where a value differs from the expected one, or None.

    Args:
        expected: The value of the pact.
        found: The value that was seen.
        rules: Matchers and variables of the whole value.
        bound: Variables; they are filled.
        extra: May an object have fields that are not expected? In replies it may.
        place: Where the value stands.
    """
    expression = rules.variable(place)
    if expression is not None:
        return None if bound.fits(expression, found) else f"{_where(place)} is {short(found)}, not like {expression}"
    rule = rules.at(place)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return _object_differs(expected, found, rules, bound, extra=extra, place=place)
    if isinstance(expected, list) and isinstance(found, list):
        return _list_differs(expected, found, rules, bound, extra=extra, place=place)
    fits = same(expected, found) if rule is None else _fits(rule, expected, found)
    return None if fits else f"{_where(place)} is {short(found)}, not {short(expected)}{_like(rule)}"


def _object_differs(
    expected: Mapping[str, Any], found: Mapping[str, Any], rules: Rules, bound: Bound, *, extra: bool, place: Place
) -> str | None:
    free = _name(rules.at(place)) in ("values", "eachvalue", "eachkey")
    for name, value in expected.items():
        if name not in found:
            if free:
                continue
            return f"{_where((*place, name))} is missing"
        inside = differs(value, found[name], rules, bound, extra=extra, place=(*place, name))
        if inside is not None:
            return inside
    more = [name for name in found if name not in expected]
    return f"{_where((*place, more[0]))} is in no contract" if more and not extra and not free else None


def _list_differs(expected: list[Any], found: list[Any], rules: Rules, bound: Bound, *, extra: bool, place: Place) -> str | None:
    rule = rules.at(place)
    if rule is not None and _name(rule) in _LIKE_TYPE and expected:
        least, most = rule.get("min", 0), rule.get("max", len(found))
        if not least <= len(found) <= most:
            return f"{_where(place)} has {len(found)} members"
        expected = [expected[0]] * len(found)
    if len(expected) != len(found):
        return f"{_where(place)} has {len(found)} members, not {len(expected)}"
    inside = (
        differs(one, other, rules, bound, extra=extra, place=(*place, str(index)))
        for index, (one, other) in enumerate(zip(expected, found, strict=True))
    )
    return next((one for one in inside if one is not None), None)


def _fits(rule: Mapping[str, Any], expected: Any, found: Any) -> bool:
    name = _name(rule)
    if name == "equality":
        return same(expected, found)
    if name == "regex":
        return isinstance(found, str | int | float) and _matches(str(rule.get("regex", "")), str(found))
    if name == "include":
        return str(rule.get("value", "")) in str(found)
    if name in _TYPES:
        return isinstance(found, _TYPES[name]) and (name == "boolean" or not isinstance(found, bool))
    return _kind(expected) == _kind(found) if name in _LIKE_TYPE else True


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text[:10_000]) is not None
    except re.error:  # another dialect: it cannot be told
        return True


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _name(rule: Mapping[str, Any] | None) -> str:
    return "" if rule is None else str(rule.get("match", "regex" if "regex" in rule else "type")).lower()


def _like(rule: Mapping[str, Any] | None) -> str:
    return f" by {_name(rule)}" if rule is not None else ""


def _written(rules: Mapping[str, Any], part: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if "matchers" in rules:  # of a path: one list for the whole
        yield from (((), one) for one in _list_of(rules))
        return
    for where, told in rules.items():
        place = _place(str(where)) if part == "body" else (_header(part, str(where)),)
        yield from ((place, one) for one in _list_of(told))


def _old(rules: Mapping[str, Any], part: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Read rules as version 2 writes them: `{"$.body.id": {"match": "type"}, "$.path": {…}}`."""
    names = {"body": "body", "header": "headers", "query": "query", "path": "path"}
    for where, told in rules.items():
        first, *rest = _place(str(where)) or ("",)
        if first == names[part] and isinstance(told, Mapping):
            yield (tuple(rest) if part == "body" else tuple(_header(part, one) for one in rest[:1])), told


def _variables(made: Any, part: str) -> Iterator[tuple[Place, str]]:
    if not isinstance(made, Mapping):
        return
    if isinstance(made.get("expression"), str):
        yield (), made["expression"]
    for where, told in made.items():
        if isinstance(told, Mapping) and isinstance(told.get("expression"), str):
            yield (_place(str(where)) if part == "body" else (_header(part, str(where)),)), told["expression"]


def _list_of(told: Any) -> list[Mapping[str, Any]]:
    members = told.get("matchers") if isinstance(told, Mapping) else None
    return [one for one in members if isinstance(one, Mapping)] if isinstance(members, list) else []


def _place(path: str) -> Place:
    """Read a place such as `$.a[0]['b c']`."""
    return tuple(next(part for part in found if part) for found in _PART.findall(path.removeprefix("$")))


def _header(part: str, name: str) -> str:
    return name.removeprefix("$").removeprefix(".").partition("[")[0].lower() if part == "header" else name.partition("[")[0]


def _covers(pattern: Place, place: Place) -> bool:
    return len(pattern) == len(place) and all(one in ("*", other) for one, other in zip(pattern, place, strict=True))


def _where(place: Place) -> str:
    return f"`{'.'.join(place)}`" if place else "it"
