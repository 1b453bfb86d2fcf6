"""What the checker asks of a saga at its end, and what it makes of the answers (pure).

A failing status call tells nothing: it is neither `absent` nor `applied`, and the saga is looked at again later. Past the point
from which the saga only goes forward nothing is undone: the owner is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from saga_contracts.client import Saga, StepClass
from saga_service.records import SagaState, StepRecord, StepState

MOST_RETURNS = 3
"""As often as this an effect may come back after its undoing before the owner is told: then something makes it anew each time."""
CHECKED = (SagaState.COMMITTED, SagaState.COMPENSATED)
_GONE = frozenset({"absent", "compensated", "refused"})
_WITHOUT = frozenset({StepState.COMPENSATED, StepState.REFUSED})


class Verdict(StrEnum):
    """What a look at a saga came to."""

    SOUND = "sound"  # every step is as the record says
    UNKNOWN = "unknown"  # a participant did not tell: looked at again later
    NOTED = "noted"  # the saga does without what is lost
    UNDONE = "undone"  # an effect is lost or back, and is undone with all that has to be
    TOLD = "told"  # so, but nothing can be undone: the owner is told
    NOT_ENDED = "not_ended"  # it is at no end that is checked


class Found(StrEnum):
    """What is wrong with a step of a saga at its end."""

    LOST = "effect_lost"  # the step is applied on record, and its effect is not there
    BACK = "effect_returned"  # the step is undone or refused on record, and its effect is there


@dataclass(frozen=True, slots=True)
class Finding:
    """A step that is not as the record says.

    Attributes:
        told: What the participant told of it.
        action: What is done about it: `noted`, `undone` or `told`.
    """

    step: str
    finding: Found
    told: str
    action: Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about a saga that was looked at."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


def asked(saga: Saga, records: Mapping[str, StepRecord]) -> list[str]:
    """Give the steps to ask for: those that were called, have come to their end, and can be asked."""
    ended = {StepState.APPLIED} | _WITHOUT
    return [step.step for step in saga.steps if step.status is not None and records[step.step].state in ended]


def decide(
    saga: Saga,
    state: SagaState,
    records: Mapping[str, StepRecord],
    answers: Mapping[str, str],
    returned: Mapping[str, int],
) -> Decision:
    """Decide what becomes of a saga.

    Args:
        saga: Its definition.
        state: Its end.
        records: Its steps.
        answers: By step that was asked: the state that the participant told, or what else the call came to.
        returned: By step: how often its effect was found back before.
    """
    if state not in CHECKED:
        return Decision(Verdict.NOT_ENDED)
    found = []
    for step, told in answers.items():
        if records[step].state == StepState.APPLIED and told in _GONE:
            found.append(Finding(step, Found.LOST, told, _about_loss(saga, step, records)))
        elif records[step].state in _WITHOUT and told == "applied":
            found.append(Finding(step, Found.BACK, told, _about_return(saga, state, step, returned.get(step, 0))))
    actions = {one.action for one in found}
    if Verdict.TOLD in actions:  # the owner decides on all of it
        return Decision(Verdict.TOLD, tuple(replace(one, action=Verdict.TOLD) for one in found))
    for verdict in (Verdict.UNDONE, Verdict.NOTED):
        if verdict in actions:
            return Decision(verdict, tuple(found))
    clear = set(answers.values()) <= _GONE | {"applied"}
    return Decision(Verdict.SOUND if clear else Verdict.UNKNOWN)


def _about_loss(saga: Saga, step: str, records: Mapping[str, StepRecord]) -> Verdict:
    if saga.step(step).optional:
        return Verdict.NOTED
    past = (StepClass.PIVOT, StepClass.RETRIABLE)
    goes_forward = any(one.step_class in past and records[one.step].state == StepState.APPLIED for one in saga.steps)
    return Verdict.TOLD if goes_forward else Verdict.UNDONE


def _about_return(saga: Saga, state: SagaState, step: str, returned: int) -> Verdict:
    has_undo = saga.step(step).step_class == StepClass.COMPENSATABLE and saga.step(step).compensate is not None
    again = state == SagaState.COMPENSATED and has_undo and returned < MOST_RETURNS
    return Verdict.UNDONE if again else Verdict.TOLD
