"""From what came back to the result of a step call, and when to try again (pure)."""

import json
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from saga_contracts.declare.saga import Step
from saga_contracts.derive.slices import pointer
from saga_contracts.wire import replies
from saga_contracts.wire.replies import CompensateOutcome, ForwardOutcome, StatusOutcome

Outcome = TypeVar("Outcome", ForwardOutcome, CompensateOutcome, StatusOutcome)
_OPEN = frozenset({"retryable", "unknown"})


@dataclass(frozen=True, slots=True)
class Received:
    """One reply as it came.

    Attributes:
        body: The JSON value; None when the body was empty, no JSON, or too long to be read.
    """

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class StepResult(Generic[Outcome]):
    """What a step call came to.

    Attributes:
        outcome: Of the last try.
        status: The last try's HTTP status; None when it was not answered.
        body: The last reply's JSON value, or None.
        outputs: The declared outputs, when a forward call is done.
        tries: How often the call was sent.
        uncertain: Had any try no clear answer (time-out, connection lost, 5xx, an undeclared reply)? Then an effect may exist
            whatever the outcome says, a refusal included.
    """

    outcome: Outcome
    status: int | None
    body: Any = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 1
    uncertain: bool = False

    @property
    def worth_retrying(self) -> bool:
        """May the same call, sent again, bring a better answer?"""
        return self.outcome.value == "retryable"


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before another try: doubled each time up to a bound, less a random part.

    Attributes:
        first_s: The longest wait after the first try, in seconds.
        bound_s: The longest wait of all, in seconds.
        chance: Gives a number from 0 to 1; the wait is between half and all of its length.
    """

    first_s: float = 0.1
    bound_s: float = 5.0
    chance: Callable[[], float] = random.random

    def pause_s(self, tries: int) -> float:
        """Give the seconds to wait after so many tries.

        >>> Backoff(first_s=1, bound_s=3, chance=lambda: 1.0).pause_s(2)
        2.0
        """
        longest = min(self.bound_s, self.first_s * 2.0 ** min(tries - 1, 32))
        return longest * (0.5 + self.chance() / 2)


DEFAULT_BACKOFF = Backoff()


def read_json(content: bytes) -> Any:
    """Give the JSON value of a body.

    Raises:
        ValueError: It is no JSON; NaN, Infinity and what is too large for a number are none, though Python reads them.
    """
    try:
        return json.loads(content, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def body_of(content: bytes) -> Any:
    """Give the JSON value of a body, or None when it is none."""
    try:
        return read_json(content)
    except ValueError:
        return None


def forward_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[ForwardOutcome]:
    """Give the result of one forward try; `received` is None when it was not answered.

    A `done` reply without a declared output counts as `unknown`: later steps could not be called.
    """
    if received is None:
        return StepResult(ForwardOutcome.RETRYABLE, None, uncertain=True)
    outcome = replies.forward_outcome(step, received.status, received.body, context)
    outputs = outputs_in(step, received.body) if outcome == ForwardOutcome.DONE else {}
    if outputs is None:
        outcome, outputs = ForwardOutcome.UNKNOWN, {}
    return StepResult(outcome, received.status, received.body, outputs, uncertain=outcome.value in _OPEN)


def compensate_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[CompensateOutcome]:
    """Give the result of one compensating try; `received` is None when it was not answered."""
    if received is None:
        return StepResult(CompensateOutcome.RETRYABLE, None, uncertain=True)
    outcome = replies.compensate_outcome(step, received.status, received.body, context)
    return StepResult(outcome, received.status, received.body, uncertain=outcome.value in _OPEN)


def status_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[StatusOutcome]:
    """Give the result of one status try; `received` is None when it was not answered."""
    if received is None:
        return StepResult(StatusOutcome.RETRYABLE, None, uncertain=True)
    outcome = replies.status_outcome(step, received.status, received.body, context)
    return StepResult(outcome, received.status, received.body, uncertain=outcome.value in _OPEN)


def outputs_in(step: Step, body: Any) -> dict[str, Any] | None:
    """Give the step's declared outputs as a reply's (or callback's) body holds them, or None when one is missing."""
    found = {name: pointer(body, path) for name, path in step.forward.outputs.items()}
    return None if None in found.values() else found


def joined(earlier: StepResult[Outcome] | None, last: StepResult[Outcome]) -> StepResult[Outcome]:
    """Give the result of several tries of one call, with the last one's answer."""
    if earlier is None:
        return last
    return replace(last, tries=earlier.tries + 1, uncertain=earlier.uncertain or last.uncertain)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no JSON number.")
    return number
