"""Tells the faults of a saga's shape in our own words, from what pydantic found (pure): each once, at its place, with the mend.

What follows from another fault is left out: a list is not also too short because its items are faulty, and a step's bad name is
told at the step and not at all who wait for it.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

from pydantic import ValidationError

from saga_contracts.declare import saga
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.schemas.values import shortened
from saga_contracts.read.dialects.expanding import FIELD

MOST = 100
"""So many faults are told at most."""
_LONGEST = 60

_KINDS: Mapping[str, tuple[str, str]] = {
    "string_type": ("This must be a text.", "Put it between quotes."),
    "string_too_short": ("This text is empty.", "Write it out."),
    "int_type": ("This must be a whole number.", "Write it in digits."),
    "int_parsing": ("This must be a whole number.", "Write it in digits."),
    "int_from_float": ("This must be a whole number.", "Round it."),
    "bool_type": ("This must be true or false.", "Write one of the two."),
    "bool_parsing": ("This must be true or false.", "Write one of the two."),
    "tuple_type": ("This must be a list.", "Write it as [one, two]."),
    "dict_type": ("This must be a mapping.", "Write it as {name: value}."),
    "model_type": ("This must be a mapping of fields.", "Write it as {field: value}."),
    "too_short": ("Nothing stands here.", "Write at least one."),
}
_TEXTS = {"name": saga.Name, "pacticipant": saga.Pacticipant, "null": saga.NullStatus, "pointer": saga.Pointer}
_PATTERNS: Mapping[str, tuple[str, str]] = {
    "name": ("A name has letters, digits, `_` and `-`, and begins with a letter (at most 63).", "Rename it."),
    "pacticipant": ("A service's name begins with no blank, and has no line break.", "Rename it."),
    "null": ("A status that means 'nothing to undo' is one of 400 to 499.", "Write it as {404: done}."),
    "pointer": ("A JSON pointer begins with a slash.", "Write it as /field."),
    "obligation": ("An obligation is named by its id.", "Write it as O8."),
    "expires": ("A day is written as YYYY-MM-DD.", "Write it as 2027-01-31."),
}
_NOT_YET: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("choreography", "events", "listens_to", "publishes"),
        (
            "`{}` is not known here.",
            "What is published and heard stands at the top of the file, as `events` and `reactions`.",
        ),
    ),
    **dict.fromkeys(
        ("condition", "if", "unless"),
        ("`{}` is not known here.", 'Write the condition of a step as `when`, such as "{payload.amount} > 3".'),
    ),
    "compensation_order": (
        "`{}` is not known here.",
        "Steps are undone in the reverse order; another one is written at the steps, as `undo_after: [step, …]`.",
    ),
    **dict.fromkeys(
        ("foreach", "forEach", "loop"),
        ("`{}` is not known here.", 'Write a step for each element of a list as `for_each`, such as "{payload.items}".'),
    ),
}
"""Fields whose meaning is to come."""


def problems(data: Any, error: ValidationError) -> list[Problem]:
    """Give the faults of a saga's shape.

    Args:
        data: The document that was read.
        error: What pydantic found.
    """
    found = [(_real_path(data, one["loc"], one["type"]), one) for one in error.errors(include_url=False)]
    parents = {path[:end] for path, _ in found for end in range(len(path))}
    bad_names = {one["input"] for path, one in found if _is_name_of_step(path) and isinstance(one["input"], str)}
    told = []
    for path, one in found:
        follows = one["type"] == "too_short" and path in parents
        follows = follows or (_leans_on_a_name(path) and isinstance(one["input"], str) and one["input"] in bad_names)
        if not follows:
            told.append(Problem(path, *_words(path, one)))
        if len(told) == MOST:
            break
    return told


def short(value: Any) -> str:
    """Quote a value of the document."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str), _LONGEST)


def _words(path: Path, one: Any) -> tuple[str, str]:
    special = _SPECIAL.get(one["type"])
    return special(path, one["input"], one.get("ctx", {})) if special else _of_kind(one["type"], path, one["input"])


def _missing(path: Path, _: Any, __: Any) -> tuple[str, str]:
    return f"The field `{path[-1]}` is missing.", "Add it."


def _no_choice(_: Path, found: Any, context: Any) -> tuple[str, str]:
    expected = str(context["expected"])
    words = re.findall(r"'([^']*)'", expected)
    close = difflib.get_close_matches(str(found)[:_LONGEST], words, n=1)
    what = f"{shortened(repr(found), _LONGEST)} is not one of {', '.join(words) or expected}."
    return what, f"Did you mean `{close[0]}`?" if close else "Use one of them."


def _out_of_bounds(_: Path, found: Any, context: Any) -> tuple[str, str]:
    bound = f"greater than or equal to {context['ge']}" if "ge" in context else f"less than or equal to {context['le']}"
    return f"This must be {bound}.", f"Found {short(found)}."


def _too_many(_: Path, __: Any, context: Any) -> tuple[str, str]:
    return f"At most {context['max_length']} may stand here.", f"Found {context['actual_length']}."


def _our_own(_: Path, __: Any, context: Any) -> tuple[str, str]:
    what, _semicolon, mend = str(context["error"]).partition("; ")
    return f"{what}.", f"{mend[:1].upper()}{mend[1:]}." if mend else "Mend it."


def _of_kind(kind: str, path: Path, found: Any) -> tuple[str, str]:
    what, mend = _KINDS.get(kind, ("This cannot stand here.", "Mend it."))
    if kind == "tuple_type" and "replies" in path:
        what, mend = (
            "This must be a reply, or a list of replies.",
            "Write it as {status: 409}, or as [{status: 404}, {status: 409}].",
        )
    return what, f"{mend} Found {short(found)}."


def _unknown(path: Path, _: Any, __: Any) -> tuple[str, str]:
    field = str(path[-1])
    if field in _NOT_YET:
        what, mend = _NOT_YET[field]
        return what.format(field), mend
    if len(path) == 1 and field.startswith(("timeout", "deadline")):
        return f"The field `{field}` is not known.", "The time of the whole saga is `timeout_ms`, in milliseconds."
    known = sorted(_known_fields(tuple("" if isinstance(part, int) else part for part in path[:-1])))
    close = difflib.get_close_matches(field[:_LONGEST], known, n=1)
    mend = f"Did you mean `{close[0]}`?" if close else f"Remove it; known here: {', '.join(known)}." if known else "Remove it."
    return f"The field `{shortened(field, _LONGEST)}` is not known.", mend


def _unlike_its_pattern(path: Path, found: Any, context: Any) -> tuple[str, str]:
    kind = {_pattern_of(kind): name for name, kind in _TEXTS.items()}.get(context["pattern"], str(path[-1]))
    what, mend = _PATTERNS.get(kind, ("This text has another form.", "Mend it."))
    better = _as_name(found) if kind == "name" else ""
    return what, f"{f'Write it as `{better}`.' if better else mend} Found {short(found)}."


def _pattern_of(kind: Any) -> Any:
    return get_args(kind)[1].pattern


def _as_name(found: str) -> str:
    """Write a name without what no name has: `create order`, `2.pay`."""
    name = re.sub(r"[^\w-]+", "_", found[:_LONGEST]).lstrip("_-0123456789").rstrip("_-")
    return name if name[:1].isalpha() else ""


def _is_name_of_step(path: Path) -> bool:
    return len(path) == 3 and path[0] == "steps" and path[2] == "step"  # noqa: PLR2004  (steps, a number, step)


def _leans_on_a_name(path: Path) -> bool:
    return "after" in path[2:3] or (path[:1] == ("waivers",) and path[-1:] == ("step",))


def _real_path(data: Any, loc: tuple[str | int, ...], kind: str) -> Path:
    """Leave out what pydantic adds to a location and the document does not hold (names of union members, `[key]`)."""
    path: list[str | int] = []
    current = data
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        inside = isinstance(current, Mapping) and part in current
        inside = inside or (isinstance(current, list | tuple) and isinstance(part, int) and part < len(current))
        if inside or (last and kind == "missing"):
            path.append(part)
        if inside:
            current = current[part]
    return tuple(path)


@lru_cache(maxsize=256)
def _known_fields(path: tuple[str, ...]) -> frozenset[str]:
    """Find the fields that are allowed at a place (items of lists are ""), by walking the JSON Schema of the saga."""
    schema = saga.Saga.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    current: Any = schema
    for part in path:
        if part:
            found = _resolve(current, definitions)
            current = found.get("properties", {}).get(part, found.get("additionalProperties") or {})
        else:
            current = next((option["items"] for option in _options(current) if "items" in option), {})
    known = frozenset(_resolve(current, definitions).get("properties", {}))
    return known | {FIELD} if path in ((), ("steps", "")) else known


def _resolve(schema: Any, definitions: Mapping[str, Any]) -> Any:
    for option in _options(schema):
        if "$ref" in option:
            return definitions.get(option["$ref"].rpartition("/")[2], {})
    return schema


def _options(schema: Any) -> Iterator[Any]:
    """Give a schema and all that it lets one choose from."""
    yield schema
    for kind in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(kind, ()):
            yield from _options(option)


_SPECIAL: Mapping[str, Callable[[Path, Any, Any], tuple[str, str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "enum": _no_choice,
    "literal_error": _no_choice,
    "greater_than_equal": _out_of_bounds,
    "less_than_equal": _out_of_bounds,
    "too_long": _too_many,
    "string_pattern_mismatch": _unlike_its_pattern,
    "value_error": _our_own,
}
