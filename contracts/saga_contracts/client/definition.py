"""Saga definitions for those who get them as JSON: read, and found right."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from saga_contracts.declare import elements, schemas, templates
from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_contracts.read import lint, shapes
from saga_contracts.read.dialects import expanding


class DefinitionError(UsageError):
    """A saga definition has faults.

    Attributes:
        faults: One sentence for each, with the place in the definition.
    """

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"Not a valid saga definition ({count}):", *(f"  {fault}" for fault in faults)]))


def load_definition(definition: Mapping[str, Any]) -> Saga:
    """Read a saga definition from its JSON form, as `Saga.as_json` gives it, or with dialects as in a saga file.

    Args:
        definition: The JSON object; the fields are those of a saga file.

    Raises:
        DefinitionError: with every fault, by shape first, then by the rules across fields.
    """
    unusable = schemas.fault_of(dict(definition))
    if unusable is not None:
        raise DefinitionError(_told([unusable]))
    written, unspoken = expanding.expand(definition)
    if unspoken:
        raise DefinitionError(_told(unspoken))
    try:
        saga = Saga.model_validate_json(json.dumps(written))
    except ValidationError as error:
        raise DefinitionError(_told(shapes.problems(written, error))) from None
    problems = lint.problems(saga)
    if problems:
        raise DefinitionError(_told(problems))
    return saga


def payload_faults(saga: Saga, payload: Any) -> list[str]:
    """Give what is wrong with a payload under the saga's schema, one sentence each, without the payload's values."""
    faults = sorted(
        f"{_place(broken.path)}: breaks the rule `{broken.rule}`." if broken.rule else f"{_place(broken.path)}: {broken.what}."
        for broken in schemas.faults_of(saga.payload.json_schema, payload)
    )
    return faults or sorted(set(_without_a_list(saga, payload)))


def _without_a_list(saga: Saga, payload: Any) -> Iterator[str]:
    """Tell the lists that a step is run for each element of, and that are none or too long."""
    for step in saga.steps:
        name = elements.list_name(step)
        try:
            found = templates.look_up(name, payload) if name is not None else []
        except templates.TemplateError:
            found = None
        if not isinstance(found, list) or len(found) > elements.MOST:
            yield f"{name}: {step.step} is run for each of its elements, so it must be a list of at most {elements.MOST}."


def _told(problems: Iterable[schemas.Problem]) -> list[str]:
    return [f"{_place(problem.path)}: {problem.what} {problem.mend}" for problem in problems]


def _place(path: Any) -> str:
    return ".".join(str(part) for part in path) or "(top)"
