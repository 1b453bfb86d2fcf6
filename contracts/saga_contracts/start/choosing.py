"""Chooses the calls of a step among those that a document holds: `reserve=POST /holds,DELETE /holds/{id},GET /holds/{id}` (pure).

The calls stand in the order forward, compensate, status, lookup; `-` leaves one out. A call is named by its method and path, or
by its name in the document.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saga_contracts.declare.problems import did_you_mean
from saga_contracts.errors import UsageError
from saga_contracts.start.told import is_name, step_name

ROLES = ("forward", "compensate", "status", "lookup")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SHOWN, _SUGGESTED, _LOOKED_AT = 60, 10, 2000
_UNDOING = ("cancel", "void", "refund", "reverse", "release", "revoke", "undo", "rollback", "compensate")
_CHOICE = re.compile(r"(?P<name>[^=@\s]+)(?:@(?P<participant>[^=]+))?=(?P<calls>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Operation:
    """A call that a document holds: its method, its path with `{names}`, and its name there, if it has one."""

    method: str
    path: str
    name: str = ""

    def __str__(self) -> str:
        """Give it as it may be chosen."""
        return f"{self.method} {self.path}" + (f"  ({self.name})" if self.name else "")


@dataclass(frozen=True, slots=True)
class Choice:
    """A step that was asked for: its name, whose document, and the words for its calls by role."""

    step: str
    participant: str | None
    calls: dict[str, str]


def choices(texts: Iterable[str]) -> list[Choice]:
    """Read what was asked for.

    Raises:
        UsageError: when one cannot be read, or two have one name.
    """
    found: list[Choice] = []
    for text in texts:
        match = _CHOICE.fullmatch(text.strip())
        words = [word.strip() for word in match["calls"].split(",")] if match else []
        named = match is not None and is_name(match["name"])
        if match is None or not named or not 1 <= len(words) <= len(ROLES) or words[0] in ("", "-"):
            raise UsageError(
                f"Cannot read --step {text!r}. Write a step's name as a saga file takes it, and the calls that do it, undo it, "
                "tell its state and find it: --step 'reserve=POST /holds,DELETE /holds/{id},GET /holds/{id}' (- for none)."
            )
        if match["name"] in [one.step for one in found]:
            raise UsageError(f"The step {match['name']!r} is asked for twice. Give each step its own name.")
        calls = {role: word for role, word in zip(ROLES, words, strict=False) if word not in ("", "-")}
        found.append(Choice(match["name"], match["participant"], calls))
    return found


def find(word: str, operations: Sequence[Operation], source: str) -> Operation:
    """Give the one call that a word names.

    Raises:
        UsageError: when there is none, or more than one.
    """
    method, _, path = word.partition(" ")
    found = [one for one in operations if one.name == word or (one.method == method.upper() and one.path == path.strip())]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{source} has {len(found)} calls that are called {word!r}. Name the one by its method and path.")
    names = [one.name for one in operations if one.name] + [f"{one.method} {one.path}" for one in operations]
    raise UsageError(f"{source} has no call {word!r}. {did_you_mean(word, names)}")


def nothing_chosen(operations: Sequence[Operation], source: str) -> UsageError:
    """Say what can be chosen, and what looks like a step."""
    if not operations:
        return UsageError(f"{source} holds no call that a saga could make, so nothing can start from it. Name another document.")
    shown = "\n".join(f"  {one}" for one in operations[:_SHOWN])
    more = f"\n  and {len(operations) - _SHOWN} others" if operations[_SHOWN:] else ""
    found = suggested(operations) or ["--step 'reserve=POST /holds,DELETE /holds/{id},GET /holds/{id}'"]
    steps = "\n".join(f"  {one}" for one in found)
    return UsageError(
        f"Which calls of {source} make the steps of the saga? It holds:\n{shown}{more}\n"
        f"Name each step with the calls that do it, undo it, tell its state and find it (- for none), such as:\n{steps}"
    )


def suggested(operations: Sequence[Operation]) -> list[str]:
    """Give what looks like a step: something is made, and there is a call that unmakes it."""
    found: list[str] = []
    operations = operations[:_LOOKED_AT]
    for one in operations:
        if len(found) == _SUGGESTED:
            break
        if one.method != "POST":
            continue
        undo = next((each for each in operations if _undoes(each, one.path)), None)
        status = next((each for each in operations if each.method == "GET" and _member(each.path, one.path) == ""), None)
        if undo is not None:
            name = step_name(one.path.rpartition("/")[2])
            found.append(f"--step '{name}=POST {one.path},{undo.method} {undo.path}{f',GET {status.path}' if status else ''}'")
    return found


def _undoes(one: Operation, made: str) -> bool:
    member = _member(one.path, made)
    return (one.method == "DELETE" and member == "") or (one.method == "POST" and member in _UNDOING)


def _member(path: str, collection: str) -> str | None:
    """Give what stands behind the place of a member in a path: `` for `/holds/{id}`, `cancel` for `/holds/{id}/cancel`."""
    match = re.fullmatch(re.escape(collection) + r"/\{[^/{}]+\}(?:/([^/]+))?", path)
    return None if match is None else match[1] or ""
