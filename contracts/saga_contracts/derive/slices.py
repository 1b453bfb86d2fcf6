"""A step's slice of the saga: all that its deck is derived from, and nothing else (pure).

The slice travels inside the pact of the step, so that a verifier can derive the deck from the pact alone. Its sha changes
exactly when the deck may change; a deck result is filed under it.
"""

import hashlib
import json
from typing import Any

from saga_contracts.declare.saga import Correlation, Model, Name, Payload, Policies, Saga, Step, StepClass, Waiver


class Facts(Model):
    """What the rest of the saga means for this step.

    Attributes:
        undone_after_done: May the step be undone after its forward call was done, because another step fails?
        starts_beside_others: May another step fail while this one runs?
    """

    undone_after_done: bool
    starts_beside_others: bool


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
    waivers: tuple[Waiver, ...] = ()
    """Obligations of this step that are knowingly not kept."""

    def as_json(self) -> dict[str, Any]:
        """Give the slice as plain JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

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
        level=saga.level,
        payload=saga.payload,
        correlation=saga.correlation,
        policies=saga.policies.model_copy(update={"owner_notification": None}),
        step=step.model_copy(update={"after": ()}),
        facts=_facts(saga, step),
        waivers=tuple(waiver for waiver in saga.waivers if waiver.step == name),
        outputs={before: dict(saga.outputs[before]) for before in sorted(saga.ancestors(name)) if saga.outputs[before]},
    )


def fails_the_saga(step: Step) -> bool:
    """May this step make the others be undone? A pivot without an answer does not: it may have happened."""
    if step.optional or step.step_class == StepClass.RETRIABLE:
        return False
    if step.step_class == StepClass.COMPENSATABLE:
        return True
    return step.refuses_later or step.forward.replies.refused is not None or bool(step.given.refusing)


def _facts(saga: Saga, step: Step) -> Facts:
    before = saga.ancestors(step.step)
    can_fail = [
        other.step for other in saga.steps if other.step not in before and other.step != step.step and fails_the_saga(other)
    ]
    beside = [name for name in can_fail if step.step not in saga.ancestors(name)]
    return Facts(
        undone_after_done=step.step_class == StepClass.COMPENSATABLE and bool(can_fail),
        starts_beside_others=bool(beside),
    )
