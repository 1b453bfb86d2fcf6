"""The matching rules and generators of a pact, in words. Pure.

Specification 2 names places in one path (`$.body.id`), 3 and 4 by part and path; each place has matchers that hold together or
one of them. What is not known, a plugin's own matcher for instance, is shown as it was written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.wire import exact

PARTS = ("path", "query", "header", "headers", "body", "status", "content", "contents", "metadata", "method")
_NAMES = {"headers": "header", "content": "body", "contents": "body"}
_V2 = re.compile(r"^\$\.?(\w+)(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold at a place.

    Attributes:
        part: `path`, `query`, `header`, `body`, `status`, `metadata`, or another name that the pact uses.
        place: Where in the part: a name or a JSON path; empty for the whole part.
        words: What must be there.
    """

    part: str
    place: str
    words: str


def matching_rules(section: Mapping[str, Any]) -> list[Rule]:
    """Give the matching rules of a request, response or message."""
    return list(_of_parts(section.get("matchingRules"), _matchers))


def generators(section: Mapping[str, Any]) -> list[Rule]:
    """Give what is made anew each time the pact is replayed."""
    return list(_of_parts(section.get("generators"), _generator))


def _of_parts(rules: Any, told: Any) -> Iterator[Rule]:
    if not isinstance(rules, dict):
        return
    for key, value in rules.items():
        if key.startswith("$"):
            part, place = _split(key)
            yield Rule(part, place, told(value))
        elif isinstance(value, dict) and (key == "path" or _is_whole(value)):
            yield Rule(_part(key), "", told(value))
        elif isinstance(value, dict):
            part = _part(key)
            yield from (Rule(part, "" if place == "$" else str(place), told(one)) for place, one in value.items())


def _is_whole(value: Mapping[str, Any]) -> bool:
    """Tell whether rules are for a part as a whole, and not by place."""
    return "matchers" in value or isinstance(value.get("match"), str) or isinstance(value.get("type"), str)


def _part(key: str) -> str:
    return _NAMES.get(key) or key


def _split(path: str) -> tuple[str, str]:
    """Split a path of specification 2 into part and place."""
    found = _V2.match(path)
    if found is None or found.group(1) not in PARTS:
        return "body", path
    part, rest = _part(found.group(1)), found.group(2)
    if part == "body":
        return part, f"${rest}" if rest else ""
    return part, rest.strip(".[]'\"")


def _matchers(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("matchers"), list):
        joint = " or " if str(value.get("combine", "AND")).upper() == "OR" else " and "
        return joint.join(matcher(one) for one in value["matchers"]) or "anything"
    return matcher(value)


def matcher(value: Any) -> str:
    """Say what a matcher asks for."""
    if not isinstance(value, dict):
        return _raw(value)
    kind = value.get("match") or ("regex" if "regex" in value else "type" if {"min", "max"} & value.keys() else None)
    words = _MATCHERS.get(str(kind))
    return words(value) if words else _raw(value)


def _of_type(value: Mapping[str, Any]) -> str:
    least, most = value.get("min"), value.get("max")
    if least is None and most is None:
        return "anything of the same type"
    limits = [f"at least {least}" if least is not None else "", f"at most {most}" if most is not None else ""]
    return f"a list of {' and '.join(limit for limit in limits if limit)} entries like the example"


def _date(what: str) -> Any:
    def words(value: Mapping[str, Any]) -> str:
        form = value.get("format") or value.get(what) or value.get("timestamp")
        return f"a {_DATES[what]}" + (f" in the form {form}" if form else "")

    return words


def _each(what: str) -> Any:
    def words(value: Mapping[str, Any]) -> str:
        rules = value.get("rules")
        asked = " and ".join(matcher(one) for one in rules) if isinstance(rules, list) else ""
        return f"each {what} is {asked or 'like the example'}"

    return words


def _variants(value: Mapping[str, Any]) -> str:
    variants = value.get("variants")
    count = len(variants) if isinstance(variants, list) else 0
    return f"a list that holds these {count} kinds of entries, in any order and among others"


def _status(value: Mapping[str, Any]) -> str:
    asked = value.get("status")
    if isinstance(asked, list):
        return f"one of the statuses {', '.join(map(_raw, asked))}"
    return f"a status of the kind {_STATUSES.get(str(asked), str(asked))}"


_DATES = {"date": "date", "time": "time", "timestamp": "date and time", "datetime": "date and time"}
_STATUSES = {
    "info": "information (100 to 199)",
    "success": "success (200 to 299)",
    "redirect": "redirection (300 to 399)",
    "clientError": "client's error (400 to 499)",
    "serverError": "server's error (500 to 599)",
    "nonError": "no error (below 400)",
    "error": "error (400 and above)",
}
_MATCHERS: dict[str, Any] = {
    "type": _of_type,
    "min": _of_type,
    "max": _of_type,
    "min-type": _of_type,
    "max-type": _of_type,
    "regex": lambda value: f"text that matches “{value.get('regex')}”",
    "equality": lambda _: "exactly as shown",
    "include": lambda value: f"text that holds “{value.get('value')}”",
    "integer": lambda _: "a whole number",
    "decimal": lambda _: "a number with decimals",
    "number": lambda _: "a number",
    "boolean": lambda _: "true or false",
    "null": lambda _: "null",
    "notEmpty": lambda _: "anything that is not empty",
    "semver": lambda _: "a version number like 1.2.3",
    "values": lambda _: "any keys, with values like the example",
    "contentType": lambda value: f"content of the type {value.get('value')}",
    "arrayContains": _variants,
    "array-contains": _variants,
    "eachKey": _each("key"),
    "eachValue": _each("value"),
    "each-key": _each("key"),
    "each-value": _each("value"),
    "statusCode": _status,
    "status-code": _status,
    **{name: _date(name) for name in _DATES},
}


def _generator(value: Any) -> str:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return _raw(value)
    words = _GENERATORS.get(value["type"])
    return words(value) if words else _raw(value)


def _range(value: Mapping[str, Any]) -> str:
    return f"a whole number from {value.get('min', 0)} to {value.get('max', 2**31 - 1)}, by chance"


def _form(what: str) -> Any:
    def words(value: Mapping[str, Any]) -> str:
        form, expression = value.get("format"), value.get("expression")
        return f"the {what} of the replay" + (f", {expression}" if expression else "") + (f", in the form {form}" if form else "")

    return words


_GENERATORS: dict[str, Any] = {
    "RandomInt": _range,
    "RandomDecimal": lambda value: f"a number of {value.get('digits', 10)} digits, by chance",
    "RandomHexadecimal": lambda value: f"{value.get('digits', 10)} hexadecimal digits, by chance",
    "RandomString": lambda value: f"text of {value.get('size', 20)} characters, by chance",
    "RandomBoolean": lambda _: "true or false, by chance",
    "Regex": lambda value: f"text made from the pattern “{value.get('regex')}”",
    "Uuid": lambda value: "a new UUID" + (f" ({value['format']})" if value.get("format") else ""),
    "Date": _form("date"),
    "Time": _form("time"),
    "DateTime": _form("date and time"),
    "ProviderState": lambda value: f"made from the provider state: “{value.get('expression')}”",
    "MockServerURL": lambda value: f"the mock server's address, like {value.get('example')}",
}


def _raw(value: Any) -> str:
    return exact.dumps(value, ensure_ascii=False)
