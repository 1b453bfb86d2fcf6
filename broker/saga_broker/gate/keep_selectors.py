"""Reads which versions shall be kept: `latest=true,branch=true`, or the same as JSON. Pure."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

Named = str | Literal[True] | None
LONGEST_AGE = 100_000


@dataclass(frozen=True, slots=True)
class KeepSelector:
    """Versions that shall be kept: those for which everything that is given here is true.

    Attributes:
        pacticipant: Versions of this pacticipant.
        latest: Only the newest of those that are meant: for each tag when a tag is given, the head for each branch when a branch
            is given, else for each pacticipant, and for each consumer and provider that with the newest pact.
        tag: Versions with this tag, or with any.
        branch: Versions on this branch, or on any.
        main_branch: Versions on the pacticipant's main branch.
        environment: Versions that are deployed to, or released in, this environment now.
        deployed: Versions that are deployed now.
        released: Versions that are released and supported now.
        max_age: Versions that were made in the last so many days.
    """

    pacticipant: str | None = None
    latest: bool = False
    tag: Named = None
    branch: Named = None
    main_branch: bool = False
    environment: str | None = None
    deployed: bool = False
    released: bool = False
    max_age: int | None = None

    def __str__(self) -> str:
        """Write it as it may be given."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        shown = {name: value for name, value in given.items() if value is not None and value is not False}
        return ",".join(f"{name}={'true' if value is True else value}" for name, value in shown.items())


DEFAULT = (
    KeepSelector(latest=True, tag=True),
    KeepSelector(latest=True, branch=True),
    KeepSelector(latest=True),
    KeepSelector(deployed=True),
    KeepSelector(released=True),
    KeepSelector(max_age=90),
)


def read_selectors(texts: Sequence[str]) -> tuple[tuple[KeepSelector, ...], list[str]]:
    """Read selectors.

    Returns:
        The selectors, and a sentence for each thing that is wrong with one of them.
    """
    found, faults = [], []
    for text in texts:
        values, own = _values(text)
        own += _faults(values)
        faults += [f"--keep {text}: {sentence}" for sentence in own]
        if not own:
            found.append(KeepSelector(**values))
    return tuple(found), faults


def _values(text: str) -> tuple[dict[str, Any], list[str]]:
    if text.lstrip().startswith(("{", "[")):
        return _from_json(text)
    values: dict[str, Any] = {}
    faults = []
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            faults.append(f"'{part}' must be like key=value")
        elif name in values:
            faults.append(f"{name} is given twice")
        else:
            values[name] = _plain(name, value)
    return values, faults


def _from_json(text: str) -> tuple[dict[str, Any], list[str]]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, [f"is no JSON: {error}"]
    if not isinstance(values, dict):
        return {}, ["must be a JSON object"]
    return values, [] if values else ["must name at least one of " + ", ".join(_CHECKS)]


def _plain(name: str, value: str) -> Any:
    if name == "max_age" and value.isascii() and value.isdigit():
        return int(value[:9])
    if value == "true" and name not in {"pacticipant", "environment"}:
        return True
    return value


def _faults(values: dict[str, Any]) -> list[str]:
    found = []
    for name, value in values.items():
        check = _CHECKS.get(name)
        sentence = f"is unknown; known are {', '.join(_CHECKS)}" if check is None else check(value)
        if sentence:
            found.append(f"{name} {sentence}")
    ways = [name for name in ("tag", "branch", "main_branch") if values.get(name)]
    return [*found, f"only one of {' and '.join(ways)} can be given"] if len(ways) > 1 else found


def _name(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "must be a name"


def _name_or_true(value: Any) -> str | None:
    return None if value is True else _name(value) and "must be a name, or true for any"


def _true(value: Any) -> str | None:
    return None if value is True else "can only be true"


def _days(value: Any) -> str | None:
    is_days = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_AGE
    return None if is_days else f"must be a number of days from 0 to {LONGEST_AGE}"


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "pacticipant": _name,
    "latest": _true,
    "tag": _name_or_true,
    "branch": _name_or_true,
    "main_branch": _true,
    "environment": _name,
    "deployed": _true,
    "released": _true,
    "max_age": _days,
}
