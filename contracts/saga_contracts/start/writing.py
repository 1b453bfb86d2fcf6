"""Writes a draft as YAML with its notes: each guess and each open question stands above the line that it is about (pure).

Open questions are numbered in the order of the file. All texts come from documents of others, so a note is one line without
control characters, and a value that is no plain word is quoted.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

_WIDTH = 120
_LONGEST_NOTE = 400
_PLAIN = re.compile(r"[A-Za-z/_$](?:[A-Za-z0-9_./ -]*[A-Za-z0-9_/])?")
_NO_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Note:
    """A comment: what is guessed or said here, or, where it is open, what somebody has to answer."""

    text: str
    is_open: bool = False


def ask(text: str) -> Note:
    """Make an open question."""
    return Note(text, is_open=True)


def guess(text: str) -> Note:
    """Make the mark of a guess."""
    return Note(f"Guess: {text}")


@dataclass(slots=True)
class Block:
    """A mapping in the making, whose members have notes; a member without a name is a note alone."""

    members: list[tuple[str | None, Any, tuple[Note, ...]]] = field(default_factory=list)

    def put(self, name: str, value: Any, *notes: Note) -> Self:
        """Add a member: a block, a list, or any JSON value."""
        self.members.append((name, value, notes))
        return self

    def note(self, *notes: Note) -> Self:
        """Add notes about what does not stand here."""
        self.members.append((None, None, notes))
        return self


def text_of(block: Block, *head: str) -> str:
    """Give the YAML of a draft.

    Args:
        block: The whole file.
        head: Comment lines to begin with.
    """
    return "\n".join([*(f"# {_line(one)}" for one in head), *_members(block, "", count(1))]) + "\n"


def questions_in(text: str) -> int:
    """Count the open questions that a draft was written with."""
    return len(re.findall(r"^ *# TODO\(\d+\): ", text, re.MULTILINE))


def _members(block: Block, indent: str, numbers: Iterator[int]) -> Iterator[str]:
    for name, value, notes in block.members:
        for note in notes:
            mark = f"TODO({next(numbers)}): " if note.is_open else ""
            yield f"{indent}# {mark}{_line(note.text)}"
        if name is not None:
            yield from _member(f"{indent}{_scalar(name)}:", value, indent, numbers)


def _member(start: str, value: Any, indent: str, numbers: Iterator[int]) -> Iterator[str]:
    if isinstance(value, Block):
        yield start
        yield from _members(value, f"{indent}  ", numbers)
    elif isinstance(value, list) and any(isinstance(one, Block) for one in value):
        yield start
        for one in value:
            yield from _item(list(_members(one, f"{indent}    ", numbers)), indent)
    elif not value or not isinstance(value, dict | list) or len(start) + len(_flow(value)) < _WIDTH:
        yield f"{start} {_flow(value)}"
    else:
        yield start
        yield from _expanded(value, f"{indent}  ")


def _item(lines: list[str], indent: str) -> Iterator[str]:
    """Put the dash before the first line that is no comment; comments before it stay above."""
    first = next(place for place, line in enumerate(lines) if not line.lstrip().startswith("#"))
    yield ""
    yield from (line.removeprefix("  ") for line in lines[:first])
    yield f"{indent}  - {lines[first].strip()}"
    yield from lines[first + 1 :]


def _expanded(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _member(f"{indent}{_scalar(name)}:", member, indent, count(1))
        return
    for member in value:
        flow = _flow(member)
        if not isinstance(member, dict | list) or not member or len(indent) + len(flow) < _WIDTH:
            yield f"{indent}- {flow}"
        else:
            yield f"{indent}-"
            yield from _expanded(member, f"{indent}  ")


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(member) for member in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NO_WORDS:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _line(text: str) -> str:
    plain = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return plain if len(plain) <= _LONGEST_NOTE else f"{plain[:_LONGEST_NOTE]}…"
