"""Reads the documents that a draft is made from: JSON, YAML, XML; bounded, and nothing else is opened because they name it.

A document that cannot be read safely is refused by a sentence: aliases of YAML (a few can stand for gigabytes), a document type
or entities of XML, too many bytes, values or levels.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from saga_contracts.errors import SagapactError, UsageError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 16_000_000
MAX_VALUES = 2_000_000
MAX_DEPTH = 200
_MOST_LOOSE = 1_000_000
_EXTRA = "init"


def document(path: Path) -> dict[str, Any]:
    """Read a JSON or YAML file whose top is a mapping; keys become texts, dates stay texts.

    Raises:
        UsageError: when it cannot be read, is too large, or is something else.
    """
    text = _text(path)
    try:
        found = _json(text, path) if text.lstrip()[:1] in ("{", "[") else _yaml(text, path)
    except RecursionError:
        raise _too_much(path) from None
    except ValueError as error:
        first = " ".join(str(error).split())[:200]
        raise UsageError(f"Cannot read {path} as JSON or YAML: {first}. Mend the file.") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no mapping of fields, so it is no document to start from. Name another file.")
    _bounded(found, path)
    return {str(name): value for name, value in found.items()}


def xml(path: Path) -> "Element":
    """Read an XML file; one with a document type or entities is refused.

    Raises:
        UsageError: when it cannot be read or is too large.
        SagapactError: when the extra is missing.
    """
    try:
        from defusedxml import DefusedXmlException  # noqa: PLC0415  (part of an extra)
        from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra(error) from None
    content = _bytes(path)
    try:
        root: Element = fromstring(content, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise UsageError(f"{path} has a document type or entities, which are not read. Export it without them.") from None
    except (ParseError, ValueError, RecursionError, LookupError) as error:
        raise UsageError(f"Cannot read {path} as XML: {str(error)[:200]}. Mend the file.") from None
    for count, (_, depth) in enumerate(_elements(root)):
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise _too_much(path)
    return root


def missing_extra(error: ImportError) -> SagapactError:
    """Say which extra brings a library that is not installed."""
    return SagapactError(
        f"Cannot read this kind of document: {error.name} is not installed, since it is part of the extra [{_EXTRA}]. "
        f"Install it with: pip install 'sagapact[{_EXTRA}]'"
    )


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"Cannot read {path}: byte {error.start} is not UTF-8. Save it as UTF-8.") from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # there may be no end to it
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"Cannot read {path}: {reason}. Name an existing file.") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES} bytes. Take out of it what the saga does not call.")
    return content


def _json(text: str, path: Path) -> Any:
    """Read JSON, or what YAML takes for it: people leave a comma behind the last member."""
    try:
        return json.loads(text)
    except ValueError:
        if len(text) > _MOST_LOOSE:
            raise
        return _yaml(text, path)


class _Words(yaml.SafeLoader):
    """Reads a date as the text that it is."""


_Words.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml(text: str, path: Path) -> Any:
    """Read YAML; its depth is looked at before anything is put together."""
    depth = 0
    try:
        for count, event in enumerate(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise UsageError(f"{path} holds the alias *{str(event.anchor)[:60]}, which is not read. Write the value out.")
            if depth > MAX_DEPTH or count > MAX_VALUES:
                raise _too_much(path)
        return yaml.load(text, Loader=_loader())  # noqa: S506  (a safe loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _loader() -> Any:
    """Give the safe loader written in C, where it is there, that keeps dates as texts."""
    if not yaml.__with_libyaml__:
        return _Words
    return type("_QuickWords", (yaml.CSafeLoader,), {"yaml_implicit_resolvers": _Words.yaml_implicit_resolvers})


def _bounded(value: Any, path: Path) -> None:
    """Hold the number and the depth of values to their bounds; keys that are no texts become texts."""
    waiting, count = [(value, 0)], 0
    while waiting:
        current, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise _too_much(path)
        if isinstance(current, dict):
            for name in [name for name in current if not isinstance(name, str)]:
                current[str(name)] = current.pop(name)
            waiting.extend((member, depth + 1) for member in current.values())
        elif isinstance(current, list):
            waiting.extend((member, depth + 1) for member in current)


def _elements(root: "Element") -> "Iterator[tuple[Element, int]]":
    waiting = [(root, 0)]
    while waiting:
        element, depth = waiting.pop()
        yield element, depth
        waiting.extend((child, depth + 1) for child in element)


def _too_much(path: Path) -> UsageError:
    return UsageError(
        f"{path} holds more than {MAX_VALUES} values or {MAX_DEPTH} levels. Take out of it what the saga does not call."
    )
