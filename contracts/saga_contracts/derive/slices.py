"""A step's slice of the saga: all that its deck is derived from, and nothing else (pure).

The slice travels inside the pact of the step, so that a verifier can derive the deck from the pact alone. Its sha changes
exactly when the deck may change; a deck result is filed under it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from saga_contracts.declare import elements, templates
from saga_contracts.declare.outputs import example_outputs
from saga_contracts.declare.saga import Completion, Correlation, Model, Name, Payload, Policies, Saga, Step, Waiver
from saga_contracts.derive.facts import Facts, facts_of

_ELSEWHERE: dict[str, Any] = {
    "after": (),
    "level": None,
    "not_the_clients": None,
    "when": None,
    "otherwise": None,
    "undo_after": None,
    "backoff": None,
}
"""What is said at the step and decides when its calls are made, not what its participant must answer."""

_ELSEWHERE_OF_ALL = dict.fromkeys(
    ("owner_notification", "uncertain_pivot", "ask_for_ms", "undo_for_ms", "check_after_ms", "late_success", "poison")
)
"""The same of what is said for all steps. A compensation that is sent more often is absorbed as any repeated one is."""


class StepSlice(Model):
    """One step with what it needs of its saga."""

    format: int
    saga: Name
    level: int
    payload: Payload
    correlation: Correlation
    policies: Policies
    step: Step
    facts: Facts
    outputs: dict[str, dict[str, Any]]
    """Example outputs of the earlier steps, by step."""
    keys: dict[str, str] | None = None
    """How the keys of those earlier steps are written whose keys the step's calls name; null: they name none."""
    waivers: tuple[Waiver, ...] = ()
    """Obligations of this step that are knowingly not kept."""

    @property
    def example_outputs(self) -> dict[str, dict[str, Any]]:
        """Example outputs of the earlier steps and of this one, by step."""
        return {**self.outputs, self.step.step: example_outputs(self.step)}

    def as_json(self) -> dict[str, Any]:
        """Give the slice as plain JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def key_forms(self) -> Mapping[str, str]:
        """How the keys of earlier steps are written, as far as the step's calls name them."""
        return self.keys or {}

    @property
    def accepts_suspended(self) -> bool:
        """Is a forward call that arrives after its compensation answered with success?"""
        return (self.step.suspended_forward or self.policies.suspended_forward) == "accepted"

    @property
    def plays_two_elements(self) -> bool:
        """Can two elements of the list that the step is run for be played beside each other?

        Only where preconditions and probe are those of one element, the example has two, and no callback may still come.
        """
        step = self.step
        of_an_element = [one.params for one in step.given.enough]
        if step.probe is not None and step.probe.request is not None:
            of_an_element.append(step.probe.request.model_dump())
        return (
            len(elements.elements(step, self.payload.example)) > 1
            and step.compensate is not None
            and step.completion == Completion.SYNC
            and all(elements.names_one(value) for value in of_an_element)
        )

    @property
    def sha(self) -> str:
        """SHA-256 (hex) of the slice's canonical JSON."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def step_slice(saga: Saga, name: str) -> StepSlice:
    """Give the slice of one step.

    Raises:
        KeyError: when the saga has no such step.
    """
    step = saga.step(name)
    return StepSlice(
        format=saga.format,
        saga=saga.saga,
        level=saga.level if step.level is None else step.level,
        payload=saga.payload,
        correlation=saga.correlation,
        policies=saga.policies.model_copy(update=_ELSEWHERE_OF_ALL),
        step=_alone(step),
        facts=facts_of(saga, step),
        waivers=tuple(waiver for waiver in saga.waivers if waiver.step == name),
        keys=_keys(saga, step),
        outputs={before: dict(saga.outputs[before]) for before in sorted(saga.ancestors(name)) if saga.outputs[before]},
    )


def _alone(step: Step) -> Step:
    """Give the step without what is said at it and decides nothing here."""
    undo = step.undo if step.compensate is None else step.compensate.model_copy(update={"backoff": None})
    return step.model_copy(update={**_ELSEWHERE, "undo": undo})


def _keys(saga: Saga, step: Step) -> dict[str, str] | None:
    named = {name.removeprefix("keys.") for name in templates.names_in(step.model_dump()) if name.startswith("keys.")}
    return {name: saga.key_forms[name] for name in sorted(named)} or None
