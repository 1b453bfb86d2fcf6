"""The rules of steps under a condition: it can be read, the example fulfils it, and another payload does not (pure)."""

from collections.abc import Iterator
from typing import Any

from saga_contracts.declare import conditions, schemas
from saga_contracts.declare.conditions import Condition, ConditionError
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.read import lint_templates
from saga_contracts.wire import branches
from saga_contracts.wire.branches import PAYLOAD

_ROOTS = frozenset({"payload", "outputs"})


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every faulty condition of a step; the values that it names are looked for in the example."""
    if step.when is None:
        if step.otherwise is not None:
            yield Problem((*at, "otherwise"), "There is no condition that it could make false.", "Add `when`, or remove it.")
        return
    try:
        condition = conditions.parse(step.when)
    except ConditionError as error:
        yield Problem((*at, "when"), error.what, error.mend)
        return
    unknown = lint_templates.problem_of_name(saga, step, condition.name, _ROOTS)
    if unknown is not None:
        yield Problem((*at, "when"), *unknown)
    else:
        yield from _not_fulfilled(saga, condition, (*at, "when"))


def branch_problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give what keeps a step's other branch, in which it does not run, from being played; the payload is right."""
    if step.when is None:
        return
    condition = conditions.parse(step.when)
    field = condition.name.removeprefix(PAYLOAD)
    if field == condition.name:
        if step.otherwise is not None:
            what = "The condition looks at an output, and no payload decides that."
            yield Problem((*at, "otherwise"), what, "Remove it: the branch without this step is then not played.")
    elif any(_overlap(field, one) for one in saga.payload.fresh):
        what = f"It looks at `{field}`, which is fresh, so that nobody knows in advance whether the step runs."
        yield Problem((*at, "when"), what, f"Take `{field}` out of `payload.fresh`, or look at another field.")
    elif step.otherwise is None and branches.fields_without(saga.payload, step) is None:
        what = "No payload was found that fits the schema and for which it does not hold, so the other branch cannot be shown."
        yield Problem((*at, "when"), what, f"Declare one: otherwise: {{{field}: …}}; or remove `when`, if it always holds.")
    else:
        yield from _otherwise(saga, step.otherwise, condition, (*at, "otherwise"))


def notes(saga: Saga) -> Iterator[str]:
    """Say which branch is not played, one sentence each."""
    for step in saga.steps:
        if step.when is not None and not conditions.parse(step.when).name.startswith(PAYLOAD):
            yield f"{step.step}: its condition looks at an output, so the branch without it cannot be brought about."


def _not_fulfilled(saga: Saga, condition: Condition, here: Path) -> Iterator[Problem]:
    if not condition.holds({"payload": saga.payload.example, "outputs": saga.outputs}):
        what = "It does not hold for the example, so no contract would show this step."
        yield Problem(here, what, "Change the example to a payload for which the step runs; `otherwise` is for the other one.")


def _otherwise(saga: Saga, fields: dict[str, Any] | None, condition: Condition, here: Path) -> Iterator[Problem]:
    for name in fields or {}:
        unknown = lint_templates.payload_problem(saga, name)
        if unknown is not None:
            yield Problem((*here, name), *unknown)
            return
    payload = branches.with_fields(saga.payload, saga.payload.example, fields or {})
    for broken in schemas.faults_of(saga.payload.json_schema, payload):
        yield Problem(here, f"The payload with it does not fit the schema: {broken.what}.", "Change the value.")
    if fields is not None and condition.holds({"payload": payload}):
        yield Problem(here, "The condition still holds with it.", "Give fields for which it does not.")


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
