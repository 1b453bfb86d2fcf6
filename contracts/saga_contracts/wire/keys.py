"""The step key: the idempotency key of all calls of one step of one saga, in the form that its participant takes (pure)."""

import re
import uuid
from collections.abc import Iterator, Mapping

from saga_contracts.declare import elements, templates
from saga_contracts.declare.kinds import DEFAULT_KEY_FORM, written
from saga_contracts.declare.saga import Step

UUID = "uuid"
_NAMESPACE = uuid.UUID("7d5c2b0e-0a7c-4b57-9c0f-5a6f1f0f5a9a")


def step_key(saga_id: str, step: str, form: str | None = None) -> str:
    """Give the key of one step of one saga, the same in every try, forward and back.

    Args:
        saga_id: The saga's id.
        step: The step's name, or that of its unit for one element (`ship:2`).
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
    name, index = elements.parted(step)
    values = {"saga_id": saga_id, "step": written(name), "item_index": index}
    return str(templates.fill(form or _usual(one_of_many=index is not None), values))


def key_of(step: Step, saga_id: str) -> str:
    """Give the key of a step for one saga, in the step's own form."""
    return step_key(saga_id, elements.name_of(step), step.key_form)


def keys_of(forms: Mapping[str, str], saga_id: str) -> Mapping[str, str]:
    """Give the keys of several steps of one saga, by the steps' names; each is written when it is looked up.

    Args:
        forms: The form of each step's key.
        saga_id: The saga's id.
    """
    return _Keys(forms, saga_id)


class _Keys(Mapping[str, str]):
    def __init__(self, forms: Mapping[str, str], saga_id: str) -> None:
        self._forms, self._saga_id = forms, saga_id

    def __getitem__(self, name: str) -> str:
        return step_key(self._saga_id, name, self._forms[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms)

    def __len__(self) -> int:
        return len(self._forms)


def saga_of(step: Step, key: str) -> str | None:
    """Give the saga id that a key of a step holds; None when it is no key of this step, or its form does not tell."""
    return saga_in(step.step, step.key_form, key, one_of_many=step.for_each is not None)


def saga_in(step: str, form: str | None, key: str, *, one_of_many: bool = False) -> str | None:
    """Give the saga id that a key of this form holds; None when it is no key of the step, or its form does not tell.

    Args:
        step: The step's name, or that of its unit for one element.
        form: As the saga file declares it.
        key: What came.
        one_of_many: Is the step run for each element of a list?
    """
    if form == UUID:
        return None
    name, index = elements.parted(step)
    parts = re.split(r"(\{saga_id\}|\{step\}|\{item_index\})", form or _usual(one_of_many=one_of_many))
    number = r"[0-9]+" if index is None else str(index)
    wanted = {"{saga_id}": "(?P<saga_id>.+)", "{step}": re.escape(written(name)), "{item_index}": number}
    pattern, seen = "", False
    for part in parts:
        literal = part.replace("{{", "{").replace("}}", "}")
        pattern += "(?P=saga_id)" if part == "{saga_id}" and seen else wanted.get(part, re.escape(literal))
        seen = seen or part == "{saga_id}"
    found = re.fullmatch(pattern, key)
    return found["saga_id"] if found is not None else None


def _usual(*, one_of_many: bool) -> str:
    return f"{DEFAULT_KEY_FORM}:{{item_index}}" if one_of_many else DEFAULT_KEY_FORM
