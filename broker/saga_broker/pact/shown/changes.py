"""What changed from one pact to another, interaction by interaction. Pure.

Interactions are the same when they have the same kind, description and provider states; their order in the pact says nothing.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saga_broker.pact.content import sorted_content, without_ids
from saga_broker.pact.diff import WORK_PER_SECOND, DiffTooLargeError
from saga_broker.pact.shown.interactions import pretty

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
CONTEXT = 3
Line = tuple[str, str]
"""`+`, `-`, ` ` for what is the same, or `…` for what is left out; and the text."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed.

    Attributes:
        kind: `added`, `removed` or `changed`.
        title: What it is.
        lines: As JSON, line by line.
    """

    kind: str
    title: str
    lines: tuple[Line, ...]


def changes(before: Any, after: Any, timeout_s: float) -> list[Change]:
    """Tell what changed.

    Args:
        before: The older pact, as parsed JSON.
        after: The newer pact.
        timeout_s: How long it may take; what would take longer is not begun.

    Raises:
        DiffTooLargeError: The pacts are too large.
    """
    earlier, later = _pieces(before), _pieces(after)
    work = timeout_s * WORK_PER_SECOND
    found = []
    for title in dict.fromkeys([*later, *earlier]):
        old, new = earlier.get(title, []), later.get(title, [])
        if old == new:
            continue
        work -= len(old) * len(new)
        if work < 0:
            raise DiffTooLargeError
        kind = CHANGED if old and new else ADDED if new else REMOVED
        found.append(Change(kind, title, tuple(_compared(old, new))))
    return found


def _pieces(pact: Any) -> dict[str, list[str]]:
    """Give each interaction, and everything else, as lines of JSON under a title."""
    document = sorted_content(without_ids(pact))
    if not isinstance(document, dict):
        return {"The whole pact": pretty(document).splitlines()}
    found: dict[str, list[str]] = {}
    for name, word in (("interactions", "Interaction"), ("messages", "Message")):
        items = document.get(name)
        for item in items if isinstance(items, list) else ():
            title = _title(word, item)
            found[title] = [*found.get(title, []), *pretty(item).splitlines()]
    for name in document.keys() - {"interactions", "messages", "consumer", "provider"}:
        found[f"The pact's “{name}”"] = pretty(document[name]).splitlines()
    return found


def _title(word: str, item: Any) -> str:
    if not isinstance(item, dict):
        return word
    states = item.get("providerStates", item.get("providerState", item.get("provider_state")))
    names = [str(one.get("name")) for one in states if isinstance(one, dict)] if isinstance(states, list) else [states]
    given = " and ".join(f"“{name}”" for name in names if name)
    return f"{word} “{item.get('description')}”" + (f" given {given}" if given else "")


def _compared(old: list[str], new: list[str]) -> Iterator[Line]:
    if not old or not new:
        yield from (("+" if new else "-", line) for line in (new or old))
        return
    for place, group in enumerate(difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)):
        if place:
            yield "…", ""
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from ((" ", line) for line in old[start:end])
                continue
            yield from (("-", line) for line in old[start:end])
            yield from (("+", line) for line in new[new_start:new_end])
