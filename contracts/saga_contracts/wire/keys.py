"""The step key: the idempotency key of all calls of one step of one saga, in the form that its participant takes (pure)."""

import re
import uuid
from collections.abc import Mapping

from saga_contracts.declare import templates
from saga_contracts.declare.kinds import DEFAULT_KEY_FORM, written
from saga_contracts.declare.saga import Step

UUID = "uuid"
_NAMESPACE = uuid.UUID("7d5c2b0e-0a7c-4b57-9c0f-5a6f1f0f5a9a")


def step_key(saga_id: str, step: str, form: str | None = None) -> str:
    """Give the key of one step of one saga, the same in every try, forward and back.

    Args:
        saga_id: The saga's id.
        step: The step's name.
        form: As the saga file declares it: a template, `uuid`, or None for the usual form. Letters of the step's name beyond
            ASCII stand there percent-encoded, so that a key can be sent in a header.

    >>> step_key("4f1c", "reserve_money")
    '4f1c:reserve_money'
    >>> step_key("4f1c", "reserve_money", '"{saga_id}-{step}"')
    '"4f1c-reserve_money"'
    >>> step_key("4f1c", "reserve_money", "uuid") == step_key("4f1c", "reserve_money", "uuid")
    True
    """
    if form == UUID:
        return str(uuid.uuid5(_NAMESPACE, f"{saga_id}:{step}"))
    return str(templates.fill(form or DEFAULT_KEY_FORM, {"saga_id": saga_id, "step": written(step)}))


def key_of(step: Step, saga_id: str) -> str:
    """Give the key of a step for one saga, in the step's own form."""
    return step_key(saga_id, step.step, step.key_form)


def keys_of(forms: Mapping[str, str], saga_id: str) -> dict[str, str]:
    """Give the keys of several steps of one saga, by the steps' names.

    Args:
        forms: The form of each step's key.
        saga_id: The saga's id.
    """
    return {name: step_key(saga_id, name, form) for name, form in forms.items()}


def saga_of(step: Step, key: str) -> str | None:
    """Give the saga id that a key of a step holds; None when it is no key of this step, or its form does not tell."""
    return saga_in(step.step, step.key_form, key)


def saga_in(step: str, form: str | None, key: str) -> str | None:
    """Give the saga id that a key of this form holds; None when it is no key of the step, or its form does not tell."""
    if form == UUID:
        return None
    parts = re.split(r"(\{saga_id\}|\{step\})", form or DEFAULT_KEY_FORM)
    wanted = {"{saga_id}": "(?P<saga_id>.+)", "{step}": re.escape(written(step))}
    pattern, seen = "", False
    for part in parts:
        literal = part.replace("{{", "{").replace("}}", "}")
        pattern += "(?P=saga_id)" if part == "{saga_id}" and seen else wanted.get(part, re.escape(literal))
        seen = seen or part == "{saga_id}"
    found = re.fullmatch(pattern, key)
    return found["saga_id"] if found is not None else None
