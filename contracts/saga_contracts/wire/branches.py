"""The other branch of a step with a condition: a payload for which it does not run (pure)."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import conditions, templates
from saga_contracts.declare.conditions import Condition
from saga_contracts.declare.saga import Payload, Step
from saga_contracts.wire import fresh
from saga_contracts.wire.schema_view import SchemaView

PAYLOAD = "payload."


def fields_without(payload: Payload, step: Step) -> dict[str, Any] | None:
    """Give fields of the payload, reached by dots, with values for which a step does not run.

    They are what the step says in `otherwise`; without it, one value of the field that its condition looks at is looked for which
    the schema allows.

    Args:
        payload: The saga's payload, whose example is one for which the step runs.
        step: A step whose condition can be read.

    Returns:
        None when the step always runs, when its condition is one of outputs, and when nothing was found.
    """
    if step.otherwise is not None or step.when is None:
        return step.otherwise
    condition = conditions.parse(step.when)
    name = condition.name.removeprefix(PAYLOAD)
    if name == condition.name:
        return None
    schema = SchemaView(payload.json_schema)
    for value in _candidates(condition, templates.look_up(name, payload.example), schema.at(name)):
        made = with_fields(payload, payload.example, {name: value})
        if not condition.holds({"payload": made}) and schema.allows(made):
            return {name: value}
    return None


def with_fields(payload: Payload, current: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give a payload with other values in some fields; one that is to be null where the schema has no null is left out.

    Args:
        payload: The saga's payload, for its schema.
        current: The payload to change.
        fields: Values by the names of fields, reached by dots.
    """
    made = fresh.with_fields(current, fields)
    if SchemaView(payload.json_schema).allows(made):
        return made
    for name in [name for name, value in fields.items() if value is None]:
        *parents, last = name.split(".")
        inside = templates.look_up(".".join(parents), made) if parents else made
        if isinstance(inside, dict):
            inside.pop(last, None)
    return made


def _candidates(condition: Condition, example: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    literal = condition.literal
    yield from schema.get("enum", ())
    if isinstance(literal, bool):
        yield not literal
    elif isinstance(literal, int | float):
        yield from (literal, literal - 1, literal + 1)
    elif isinstance(literal, str):
        yield literal
    yield from fresh.others(example, schema, random.Random(1))  # noqa: S311  (not for secrets)
    yield None
