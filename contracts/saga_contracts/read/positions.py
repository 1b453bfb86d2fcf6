"""YAML and JSON text with the place of every value, so that a fault can name its line and column.

Duplicate keys, aliases (a few of them can stand for gigabytes), tags, over-deep and over-long documents are faults. What a word
stands for is `scalars`. Knows nothing of sagas.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from saga_contracts.declare.schemas.values import MAX_DEPTH, MAX_VALUES, shortened
from saga_contracts.errors import Fault
from saga_contracts.read.scalars import NotPlainError, text_of, value_of

MAX_BYTES = 1_000_000
MOST_FAULTS = 100
_LONGEST_PART, _LONGEST_SENTENCE = 80, 600
Path = tuple[str | int, ...]
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not take, and what it takes for the end of a line although JSON does not."""
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")
"""One character escaped in two halves, as JSON may: the reader in C does not know it."""


@dataclass(slots=True)
class Document:
    """A parsed text.

    Attributes:
        file: The name used in faults.
        text: What was read.
        data: The JSON value.
        faults: What is wrong with the text itself.
        keys: Place of each mapping key (line, column), by path.
        values: Place of each value, by path.
    """

    file: str
    text: str = ""
    data: Any = None
    faults: list[Fault] = field(default_factory=list)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def fault(self, path: Path, what: str, mend: str) -> Fault:
        """Make a fault at the nearest known place of a path."""
        line, column = self.place(path)
        said = shortened(what, _LONGEST_SENTENCE), shortened(mend, _LONGEST_SENTENCE)
        return Fault(self.file, line, column, dotted(path, self.data), *said)

    def place(self, path: Path) -> tuple[int, int]:
        """Give line and column of a path, or of its nearest parent that is written in the text."""
        for end in range(len(path), -1, -1):
            for places in (self.keys, self.values):
                if path[:end] in places:
                    return places[path[:end]]
        return (1, 1)


def read_file(path: str | FilePath) -> Document:
    """Parse a file, of which no more is looked at than a file may hold; faults as for `read`.

    Raises:
        OSError: when it cannot be read.
        ValueError: when this is no path.
    """
    with FilePath(path).open("rb") as file:
        content = file.read(MAX_BYTES + 4)  # there may be no end to it
    try:
        return read(content.decode(errors="strict" if len(content) <= MAX_BYTES else "replace"), str(path))
    except UnicodeDecodeError as error:
        fault = Fault(str(path), 0, 0, "", f"Byte {error.start} is not UTF-8.", "Save it as UTF-8.")
        return Document(str(path), faults=[fault])


def read(text: str, file: str) -> Document:
    """Parse a text; whatever is wrong with it stands in `faults` and `data` is None then."""
    plain = text.removeprefix("\ufeff")
    document = Document(file, plain)
    reader = _reader(plain)
    if _is_too_long(plain, document) or _is_unreadable(plain, document):
        return document
    try:
        _Builder(reader(plain), document).run()
    except yaml.YAMLError as error:
        document.faults.append(_syntax_fault(file, error))
    except (ValueError, OverflowError):  # an escape of a character that there is not
        document.faults.append(Fault(file, 1, 1, "", "The text holds an escape of no character.", "Write the character itself."))
    except _TooMuchError:
        pass  # the fault is there already
    if document.faults:
        document.data = None
    return document


def dotted(path: Path, data: Any = None) -> str:
    """Give a path in words: `steps.reserve_money.forward` (members of `steps` by their name where it is known)."""
    parts: list[str] = []
    current = data
    for part in path:
        current = _child(current, part)
        name = current.get("step") if isinstance(part, int) and isinstance(current, Mapping) else None
        parts.append(shortened(name if isinstance(name, str) else str(part), _LONGEST_PART))
    return ".".join(parts)


def _child(current: Any, part: str | int) -> Any:
    if isinstance(current, Mapping):
        return current.get(part)
    if isinstance(current, list) and isinstance(part, int) and part < len(current):
        return current[part]
    return None


def _reader(text: str) -> Any:
    """Choose who splits the text into events: the one in C, twenty times as quick, where it is there and knows all of it."""
    return yaml.CSafeLoader if yaml.__with_libyaml__ and not _HALVES.search(text) else yaml.SafeLoader


class _TooMuchError(Exception):
    """The rest of the text is not looked at."""


@dataclass(slots=True)
class _Builder:
    """Makes the document out of what the reader finds, one event after another."""

    reader: Any
    document: Document
    _count: int = 0

    def run(self) -> None:
        """Read the one document of the text."""
        self._next()  # the beginning of the text
        if self.reader.check_event(yaml.StreamEndEvent):
            self.document.faults.append(Fault(self.document.file, 1, 1, "", "The file is empty.", "Start it with `format: 1`."))
            return
        self._next()  # the beginning of the document
        self.document.data = self._value(self._next(), ())
        self._next()  # the end of the document
        if not self.reader.check_event(yaml.StreamEndEvent):
            what = "Not readable as one document: another one begins here."
            self._fault_at(self._next(), (), what, "Write each into a file of its own.")

    def _next(self) -> Any:
        return self.reader.get_event()

    def _value(self, event: Any, path: Path) -> Any:
        self._count += 1
        self.document.values[path] = _place(event.start_mark)
        if len(path) > MAX_DEPTH:
            self._stop(path, f"The document is nested deeper than {MAX_DEPTH} levels.", "Flatten it.")
        if self._count > MAX_VALUES:
            self._stop(path, f"The document holds more than {MAX_VALUES} values.", "Split it.")
        if isinstance(event, yaml.AliasEvent):
            self._fault_at(event, path, f"The alias *{event.anchor} is not allowed.", "Write the value out.")
            return None
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._fault(path, f"The tag {event.tag} is not allowed.", "Write a plain value.")
        return dict(self._members(path)) if isinstance(event, yaml.MappingStartEvent) else list(self._items(path))

    def _items(self, path: Path) -> Iterator[Any]:
        index = 0
        while not self.reader.check_event(yaml.SequenceEndEvent):
            yield self._value(self._next(), (*path, index))
            index += 1
        self._next()

    def _members(self, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        while not self.reader.check_event(yaml.MappingEndEvent):
            event = self._next()
            name = self._key(event, path)
            place = (*path, name)
            self.document.keys.setdefault(place, _place(event.start_mark))
            if name in seen:
                self._fault_at(event, place, f"The key {shortened(name)!r} stands twice here.", "Remove one of them.")
            seen.add(name)
            yield name, self._value(self._next(), place)
        self._next()

    def _key(self, event: Any, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            self._fault_at(event, path, "A key is a plain text.", "Write it as a word.")
            if not isinstance(event, yaml.ScalarEvent):
                self._value(event, (*path, ""))
            return ""
        try:
            return text_of(event.value)
        except NotPlainError as error:
            self._fault(path, error.what, error.mend)
            return ""

    def _scalar(self, event: Any, path: Path) -> Any:
        try:
            return value_of(event.value, event.tag, plain=event.implicit[0])
        except NotPlainError as error:
            self._fault(path, error.what, error.mend)
            return None

    def _fault(self, path: Path, what: str, mend: str) -> None:
        self._add(self.document.fault(path, what, mend))

    def _fault_at(self, event: Any, path: Path, what: str, mend: str) -> None:
        line, column = _place(event.start_mark)
        self._add(Fault(self.document.file, line, column, dotted(path), what, mend))

    def _add(self, fault: Fault) -> None:
        self.document.faults.append(fault)
        if len(self.document.faults) >= MOST_FAULTS:
            raise _TooMuchError

    def _stop(self, path: Path, what: str, mend: str) -> None:
        self._fault(path, what, mend)
        raise _TooMuchError


def _is_too_long(text: str, document: Document) -> bool:
    if len(text) <= MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) <= MAX_BYTES:
        return False
    fault = Fault(document.file, 0, 0, "", f"The file is larger than {MAX_BYTES} bytes.", "Split it.")
    document.faults.append(fault)
    return True


def _is_unreadable(text: str, document: Document) -> bool:
    found = _UNREADABLE.search(text)
    if found is None:
        return False
    before = text[: found.start()]
    line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
    what = f"Not readable as YAML or JSON: the character U+{ord(found[0]):04X} may not stand here as it is."
    mend = f'Remove it, or write it as "\\u{ord(found[0]):04x}"; a text file is saved as UTF-8.'
    document.faults.append(Fault(document.file, line, column, "", what, mend))
    return True


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1)


def _syntax_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = _place(mark) if mark is not None else (1, 1)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "the text is not YAML"
    return Fault(file, line, column, "", f"Not readable as YAML or JSON: {what}.", "Mend the syntax at this place.")
