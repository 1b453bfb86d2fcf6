"""Shows where two pacts differ, as lines of JSON with `+` and `-`. Pure.

Only what differs is shown: equal members of an object are left out, equal elements of a list stand as `... ,`. Members that were
added to an object are shown only when nothing else differs, as in the Pact Broker, which does not show them at all.
"""

import re
from dataclasses import dataclass
from typing import Any

from saga_broker.pact.alignment import aligned, pairs_of_equal_lines
from saga_broker.pact.content import sorted_content, without_ids
from saga_contracts.wire import exact

WORK_PER_SECOND = 500_000
"""How many pairs of equal lines can be looked at in a second, carefully estimated."""
CONTEXT = 3
_SAME_ELEMENT = "... "


class DiffTooLargeError(Exception):
    """The documents are too large to be compared in bearable time."""


@dataclass(frozen=True, slots=True)
class _Changed:
    before: Any
    after: Any


class _Nothing:
    """Stands for a member that one side does not have."""


_NOTHING = _Nothing()
_SAME = object()


def pact_diff(before: Any, after: Any, timeout_s: float) -> str:
    """Show how one pact became another.

    Args:
        before: The older pact, as parsed JSON.
        after: The newer pact.
        timeout_s: How long it may take; what would take longer is not begun.

    Returns:
        Lines, each with ` `, `+` or `-` before it, three equal lines around each change.

    Raises:
        DiffTooLargeError: The pacts are too large.
    """
    sides = sorted_content(without_ids(before)), sorted_content(without_ids(after))
    found = _compare(*sides, added=False)
    if found is _SAME:
        found = _compare(*sides, added=True)
    if found is _SAME:
        return ""
    lines = [_render(_side(found, name)) for name in ("before", "after")]
    if pairs_of_equal_lines(*lines) > timeout_s * WORK_PER_SECOND:
        raise DiffTooLargeError
    return re.sub(r",(\n\s*\])", r"\1", "\n".join(_near_changes(_marked(*lines))))


def _marked(before: list[str], after: list[str]) -> list[str]:
    """Mark each line as kept, gone or new; equal beginnings are matched first, then equal ends."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    marked = [f" {line}" for line in before[:start]]
    old_place = new_place = 0
    for same_old, same_new in [*aligned(old, new), (len(old), len(new))]:
        marked += [f"-{line}" for line in old[old_place:same_old]] + [f"+{line}" for line in new[new_place:same_new]]
        marked += [f" {line}" for line in old[same_old : same_old + 1]]
        old_place, new_place = same_old + 1, same_new + 1
    return marked + [f" {line}" for line in before[len(before) - end :]]


def _near_changes(marked: list[str]) -> list[str]:
    places = [index for index, line in enumerate(marked) if line[0] != " "]
    shown = {near for place in places for near in range(place - CONTEXT, place + CONTEXT + 1)}
    return [line for index, line in enumerate(marked) if index in shown]


def _compare(before: Any, after: Any, *, added: bool) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        return _compare_objects(before, after, added=added)
    if isinstance(before, list) and isinstance(after, list):
        return _compare_lists(before, after, added=added)
    same = before == after and isinstance(before, bool) == isinstance(after, bool)
    return _SAME if same else _Changed(before, after)


def _compare_objects(before: dict[str, Any], after: dict[str, Any], *, added: bool) -> Any:
    keys = dict.fromkeys([*before, *after]) if added else before
    found = {key: _compare_members(before.get(key, _NOTHING), after.get(key, _NOTHING), added=added) for key in keys}
    changed = {key: value for key, value in found.items() if value is not _SAME}
    return changed or _SAME


def _compare_lists(before: list[Any], after: list[Any], *, added: bool) -> Any:
    length = max(len(before), len(after))
    padded = [side + [_NOTHING] * (length - len(side)) for side in (before, after)]
    found = [_compare_members(one, other, added=added) for one, other in zip(*padded, strict=True)]
    if all(value is _SAME for value in found):
        return _SAME
    return [_SAME_ELEMENT if value is _SAME else value for value in found]


def _compare_members(before: Any, after: Any, *, added: bool) -> Any:
    if before is _NOTHING or after is _NOTHING:
        return _Changed(before, after)
    return _compare(before, after, added=added)


def _side(found: Any, name: str) -> Any:
    if isinstance(found, _Changed):
        return getattr(found, name)
    if isinstance(found, dict):
        sides = {key: _side(value, name) for key, value in found.items()}
        return {key: value for key, value in sides.items() if value is not _NOTHING}
    if isinstance(found, list):
        return [value for value in (_side(value, name) for value in found) if value is not _NOTHING]
    return found


def _render(side: Any) -> list[str]:
    """Write JSON in lines; every list ends with a comma, so that a longer list changes no other line."""
    text = exact.dumps(side, indent=2, ensure_ascii=False)
    text = re.sub(r"(\n\s*\])", r",\1", text).replace(f'"{_SAME_ELEMENT}"', _SAME_ELEMENT)
    return re.sub(r",,(\n)", r",\1", text).split("\n")
