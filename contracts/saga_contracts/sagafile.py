"""Reading a saga file: from text to a `Saga`, or to all of its faults at once, each with its place and a mend.

The shape is judged by the models of `saga`, the rules across fields by `lint`.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from saga_contracts.declare.saga import FORMAT, Saga
from saga_contracts.errors import Fault, FaultyFileError, UsageError
from saga_contracts.read import lint, positions


class SagaFileError(FaultyFileError):
    """A saga file has faults."""

    kind = "saga file"


def load_saga(path: str | FilePath) -> Saga:
    """Read a saga file.

    Args:
        path: A YAML or JSON file.

    Raises:
        SagaFileError: with every fault of the file.
        UsageError: when the file cannot be read.
    """
    file = FilePath(path)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SagaFileError(
            str(path), [Fault(str(path), 0, 0, "", f"Byte {error.start} is not UTF-8.", "Save it as UTF-8.")]
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"Cannot read the saga file {path}: {reason}. Name an existing YAML or JSON file.") from None
    return parse_saga(text, str(path))


def parse_saga(text: str, name: str) -> Saga:
    """Read a saga from text.

    Args:
        text: YAML or JSON.
        name: What to call the text in faults, usually its path.

    Raises:
        SagaFileError: with every fault of the text.
    """
    document = positions.read(text, name)
    if document.faults:
        raise SagaFileError(name, document.faults)
    if not isinstance(document.data, Mapping):
        raise SagaFileError(name, [document.fault((), "A saga file is a mapping of fields.", "Start it with `format: 1`.")])
    if document.data.get("format") != FORMAT:
        raise SagaFileError(name, [_format_fault(document)])
    try:
        saga = Saga.model_validate_json(json.dumps(document.data))
    except ValidationError as error:
        raise SagaFileError(name, list(_shape_faults(document, error))) from None
    faults = [document.fault(problem.path, problem.what, problem.mend) for problem in lint.problems(saga)]
    if faults:
        raise SagaFileError(name, faults)
    return saga


def schema_text() -> str:
    """Give the JSON Schema of the saga file, for editors; rules across fields are beyond it."""
    schema = Saga.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Saga file, format {FORMAT}"}
    return json.dumps({**schema, **head}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _format_fault(document: positions.Document) -> Fault:
    found = document.data.get("format")
    if found is None:
        return document.fault((), "The field `format` is missing.", f"Add `format: {FORMAT}`.")
    return document.fault(
        ("format",),
        f"Format {found!r} is not known to this version, which reads format {FORMAT}.",
        "Upgrade sagapact, or write format 1.",
    )


def _shape_faults(document: positions.Document, error: ValidationError) -> Iterator[Fault]:
    for one in error.errors():
        path = _real_path(document.data, one["loc"])
        kind, context = one["type"], one.get("ctx", {})
        if kind == "missing":
            yield document.fault(path[:-1], f"The field `{path[-1]}` is missing.", "Add it.")
        elif kind == "extra_forbidden" and path[-1] in _CHOREOGRAPHY:
            what = f"Choreographed sagas (`{path[-1]}`) do not work yet."
            yield document.fault(path, what, "Declare the orchestrated part of the saga; events come with a later version.")
        elif kind == "extra_forbidden":
            yield document.fault(path, f"The field `{path[-1]}` is not known.", _did_you_mean(path))
        elif kind in ("enum", "literal_error"):
            expected = str(context.get("expected", ""))
            yield document.fault(path, f"{one['input']!r} is not one of {expected}.", _nearest(str(one["input"]), expected))
        else:
            yield document.fault(path, f"{one['msg'].rstrip('.')}.", f"Found {_short(one['input'])}.")


_CHOREOGRAPHY = frozenset({"choreography", "events", "listens_to", "publishes"})
"""Fields that belong to choreographed sagas: their place is known, their meaning is to come."""


def _real_path(data: Any, loc: tuple[str | int, ...]) -> positions.Path:
    """Leave out what pydantic adds to a location and the document does not hold (names of union members)."""
    path: list[str | int] = []
    current = data
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        inside = (isinstance(current, Mapping) and part in current) or (isinstance(current, list) and isinstance(part, int))
        if inside or last:
            path.append(part)
        if inside:
            current = current[part]
    return tuple(path)


def _did_you_mean(path: positions.Path) -> str:
    known = sorted(_known_fields(path))
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Remove it; known here: {', '.join(known)}." if known else "Remove it."


def _known_fields(path: positions.Path) -> set[str]:
    """Find the fields that are allowed beside the last part of a path, by walking the JSON Schema of the saga."""
    schema = Saga.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    current: Any = schema
    for part in path[:-1]:
        current = _resolve(current, definitions)
        current = current.get("items", {}) if isinstance(part, int) else current.get("properties", {}).get(part, {})
    return set(_resolve(current, definitions).get("properties", {}))


def _resolve(schema: Any, definitions: Mapping[str, Any]) -> Any:
    for option in (schema, *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if "$ref" in option:
            return definitions.get(option["$ref"].rpartition("/")[2], {})
    return schema


def _nearest(found: str, expected: str) -> str:
    words = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
    close = difflib.get_close_matches(found, words, n=1)
    return f"Did you mean `{close[0]}`?" if close else "Use one of them."


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    limit = 60
    return text if len(text) <= limit else text[: limit - 1] + "…"
