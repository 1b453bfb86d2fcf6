"""Reading a saga file: from text to a `Saga`, or to all of its faults at once, each with its place and a mend.

The shape is judged by the models of `saga` and told by `shapes`, the rules across fields by `lint`, what is still to be answered
by `questions`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath

from pydantic import ValidationError

from saga_contracts.declare.problems import Problem
from saga_contracts.declare.saga import FORMAT, Saga
from saga_contracts.declare.schemas.values import shortened
from saga_contracts.errors import Fault, FaultyFileError, UsageError
from saga_contracts.read import lint, positions, questions, shapes
from saga_contracts.read.dialects import expanding
from saga_contracts.read.dialects.schema import with_dialects

_NOTHING_HAPPENS = Problem((), "The field `steps` is missing.", "Add it, or `reactions` where nobody leads.")


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
    try:
        document = positions.read_file(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"Cannot read the saga file {path}: {reason}. Name an existing YAML or JSON file.") from None
    return _judged(document)


def parse_saga(text: str, name: str) -> Saga:
    """Read a saga from text.

    Args:
        text: YAML or JSON.
        name: What to call the text in faults, usually its path.

    Raises:
        SagaFileError: with every fault of the text.
    """
    return _judged(positions.read(text, name))


def _judged(document: positions.Document) -> Saga:
    name = document.file
    if document.faults:
        raise SagaFileError(name, document.faults)
    if not isinstance(document.data, Mapping):
        raise SagaFileError(name, [document.fault((), "A saga file is a mapping of fields.", "Start it with `format: 1`.")])
    if document.data.get("format") != FORMAT:
        raise SagaFileError(name, [_format_fault(document)])
    unanswered = questions.faults(document)
    data, unspoken = expanding.expand(document.data)
    if unspoken:
        raise SagaFileError(name, [*unanswered, *_placed(document, unspoken)])
    empty = [] if "steps" in data or "reactions" in data else [_NOTHING_HAPPENS]
    try:
        saga = Saga.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise SagaFileError(name, [*unanswered, *_placed(document, [*shapes.problems(data, error), *empty])]) from None
    found = [*unanswered, *_placed(document, [*empty, *lint.problems(saga)])]
    if found:
        raise SagaFileError(name, found)
    return saga


def schema_text() -> str:
    """Give the JSON Schema of the saga file, for editors; rules across fields are beyond it."""
    schema = with_dialects(Saga.model_json_schema(by_alias=True))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Saga file, format {FORMAT}"}
    either = {"anyOf": [{"required": ["steps"]}, {"required": ["reactions"]}]}
    return json.dumps({**schema, **head, **either}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _placed(document: positions.Document, problems: Iterable[Problem]) -> list[Fault]:
    return [document.fault(problem.path, problem.what, problem.mend) for problem in problems]


def _format_fault(document: positions.Document) -> Fault:
    found = document.data.get("format")
    if found is None:
        return document.fault((), "The field `format` is missing.", f"Add `format: {FORMAT}`.")
    return document.fault(
        ("format",),
        f"Format {shortened(repr(found))} is not known to this version, which reads format {FORMAT}.",
        "Upgrade sagapact, or write format 1.",
    )
