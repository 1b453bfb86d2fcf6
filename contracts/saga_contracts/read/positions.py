"""YAML and JSON text with the place of every value, so that a fault can name its line and column.

Reads the YAML 1.2 core schema: only `true` and `false` are booleans, so `on`, `off`, `yes` and `no` stay words. Duplicate keys,
aliases and over-deep documents are faults. Knows nothing of sagas.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from saga_contracts.errors import Fault

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
Path = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """A safe loader with YAML 1.2 booleans, no dates, and no aliases (a few of them can stand for gigabytes)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Read one value."""
        if self.check_event(yaml.AliasEvent):
            alias = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"the alias *{alias.anchor} is not allowed", alias.start_mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in rules if not tag.endswith((":bool", ":timestamp", ":merge"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


@dataclass(slots=True)
class Document:
    """A parsed text.

    Attributes:
        file: The name used in faults.
        data: The JSON value.
        faults: What is wrong with the text itself.
        keys: Place of each mapping key (line, column), by path.
        values: Place of each value, by path.
    """

    file: str
    data: Any = None
    faults: list[Fault] = field(default_factory=list)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def fault(self, path: Path, what: str, mend: str) -> Fault:
        """Make a fault at the nearest known place of a path."""
        line, column = self.place(path)
        return Fault(self.file, line, column, dotted(path, self.data), what, mend)

    def place(self, path: Path) -> tuple[int, int]:
        """Give line and column of a path, or of its nearest parent that is written in the text."""
        for end in range(len(path), -1, -1):
            for places in (self.keys, self.values):
                if path[:end] in places:
                    return places[path[:end]]
        return (1, 1)


def read(text: str, file: str) -> Document:
    """Parse a text; whatever is wrong with it stands in `faults` and `data` is None then."""
    document = Document(file)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        document.faults.append(Fault(file, 0, 0, "", f"The file is larger than {MAX_BYTES} bytes.", "Split it."))
        return document
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            document.faults.append(Fault(file, 1, 1, "", "The file is empty.", "Start it with `format: 1`."))
            return document
        data = _value(loader, node, (), document)
    except yaml.YAMLError as error:
        document.faults.append(_syntax_fault(file, error))
        return document
    except (RecursionError, ValueError) as error:
        document.faults.append(Fault(file, 1, 1, "", f"The text cannot be read: {type(error).__name__}.", "Check its syntax."))
        return document
    if not document.faults:
        document.data = data
    return document


def dotted(path: Path, data: Any = None) -> str:
    """Give a path in words: `steps.reserve_money.forward` (members of `steps` by their name where it is known)."""
    parts: list[str] = []
    current = data
    for part in path:
        current = _child(current, part)
        name = current.get("step") if isinstance(part, int) and isinstance(current, Mapping) else None
        parts.append(name if isinstance(name, str) else str(part))
    return ".".join(parts)


def _child(current: Any, part: str | int) -> Any:
    if isinstance(current, Mapping):
        return current.get(part)
    if isinstance(current, list) and isinstance(part, int) and part < len(current):
        return current[part]
    return None


def _value(loader: _Loader, node: yaml.Node, path: Path, document: Document) -> Any:
    document.values[path] = _place(node.start_mark)
    if len(path) > MAX_DEPTH:
        document.faults.append(document.fault(path, f"The document is nested deeper than {MAX_DEPTH} levels.", "Flatten it."))
        return None
    if isinstance(node, yaml.MappingNode):
        return {name: _value(loader, child, (*path, name), document) for name, child in _members(node, path, document)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, child, (*path, index), document) for index, child in enumerate(node.value)]
    return _scalar(loader, node, path, document)


def _scalar(loader: _Loader, node: yaml.Node, path: Path, document: Document) -> Any:
    if node.tag not in _PLAIN:
        document.faults.append(document.fault(path, f"The tag {node.tag} is not allowed.", "Write a plain value."))
        return None
    value = loader.construct_object(node)
    if isinstance(value, str):
        return _text(value, path, document)
    if isinstance(value, float) and not abs(value) < float("inf"):
        document.faults.append(document.fault(path, "Not a JSON number.", "Write a finite number, or quote it."))
        return None
    return value


def _text(value: str, path: Path, document: Document) -> str | None:
    """Put the two halves together in which JSON may escape one character; a half alone is no text."""
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        document.faults.append(document.fault(path, "The text holds half a character.", "Write the whole character."))
        return None


_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


def _members(node: yaml.MappingNode, path: Path, document: Document) -> Iterator[tuple[str, yaml.Node]]:
    seen: set[str] = set()
    for key, child in node.value:
        if not isinstance(key, yaml.ScalarNode):
            line, column = _place(key.start_mark)
            what = "A key is a plain text."
            document.faults.append(Fault(document.file, line, column, dotted(path), what, "Write it as a word."))
            continue
        name = str(key.value)
        place = (*path, name)
        if name in seen:
            document.keys[place] = _place(key.start_mark)
            document.faults.append(document.fault(place, f"The key {name!r} stands twice here.", "Remove one of them."))
            continue
        seen.add(name)
        document.keys[place] = _place(key.start_mark)
        yield name, child


def _place(mark: yaml.Mark) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1)


def _syntax_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = _place(mark) if mark is not None else (1, 1)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "the text is not YAML"
    return Fault(file, line, column, "", f"Not readable as YAML or JSON: {what}.", "Mend the syntax at this place.")
