"""From what came back to the result of a step call, and when to try again (pure)."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from saga_contracts.declare import calls
from saga_contracts.declare.outcomes import LookedUp, Outcome, Sought, State, Told
from saga_contracts.declare.outputs import Teller, outputs_in
from saga_contracts.declare.saga import Step
from saga_contracts.wire import replies
from saga_contracts.wire.replies import Received

Meaning = TypeVar("Meaning", bound=Outcome | Told | LookedUp)
_OPEN = frozenset({"retryable", "unknown"})
_DAY_MS = 86_400_000


LONGEST_ASKED_S = 60.0
"""A participant that asks for a longer pause (`Retry-After`) is asked again after this time."""


@dataclass(frozen=True, slots=True)
class StepResult(Generic[Meaning]):
    """What a step call came to.

    Attributes:
        outcome: Of the last try.
        status: The last try's HTTP status; None when it was not answered.
        body: The last reply's JSON value, or None.
        outputs: The declared outputs that the reply holds: of a forward call that is done or accepted, of a status call that
            tells `applied`.
        tries: How often the call was sent.
        uncertain: Had any try no clear answer (time-out, connection lost, 5xx, an undeclared reply)? Then an effect may exist
            whatever the outcome says, a refusal included.
        retry_after_s: How many seconds the last reply asks to wait before another try (`Retry-After`); None when it asks nothing.
    """

    outcome: Meaning
    status: int | None
    body: Any = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    tries: int = 1
    uncertain: bool = False
    retry_after_s: float | None = None

    @property
    def worth_retrying(self) -> bool:
        """May the same call, sent again, bring a better answer?"""
        return self.outcome.value == "retryable"


_CHANCE = random.SystemRandom()
"""Of our own: who has seeded the module's chance gets the same numbers with waits in between as without."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before another try: so many times as long each time, up to a bound, less a random part.

    Attributes:
        first_s: The longest wait after the first try, in seconds.
        bound_s: The longest wait of all, in seconds.
        chance: Gives a number from 0 to 1; the wait is between half and all of its length.
        factor: How much longer each wait is than the one before.
    """

    first_s: float = 0.1
    bound_s: float = 5.0
    chance: Callable[[], float] = _CHANCE.random
    factor: float = 2.0

    @classmethod
    def declared(cls, declared: calls.Backoff) -> "Backoff":
        """Give the waits that a saga file declares."""
        bound_ms = _DAY_MS if declared.longest_ms is None else declared.longest_ms
        return cls(declared.first_ms / 1000, bound_ms / 1000, factor=declared.factor)

    def after_s(self, result: StepResult[Any]) -> float:
        """Give the seconds to wait after a result: as long as its reply asks, up to `LONGEST_ASKED_S`, and never less than usual.

        >>> Backoff(chance=lambda: 1.0).after_s(StepResult(Outcome.RETRYABLE, 429, retry_after_s=2.0))
        2.0
        """
        return max(self.pause_s(result.tries), min(result.retry_after_s or 0.0, LONGEST_ASKED_S))

    def pause_s(self, tries: int) -> float:
        """Give the seconds to wait after so many tries.

        >>> Backoff(first_s=1, bound_s=3, chance=lambda: 1.0).pause_s(2)
        2.0
        """
        longest = min(self.bound_s, self.first_s * self.factor ** min(tries - 1, 32))
        return longest * (0.5 + self.chance() / 2)


DEFAULT_BACKOFF = Backoff()


def forward_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[Outcome]:
    """Give the result of one forward try; `received` is None when it was not answered.

    A reply without an output that it must hold counts as `unknown`: later steps could not be called.
    """
    if received is None:
        return StepResult(Outcome.RETRYABLE, None, uncertain=True)
    outcome = replies.forward_outcome(step, received, context)
    told = {Outcome.DONE: Teller.DONE, Outcome.IN_PROGRESS: Teller.ACCEPTED}.get(outcome)
    outputs = {} if told is None else outputs_in(step, received.body, received.headers, told)
    if outputs is None:
        outcome, outputs = Outcome.UNKNOWN, {}
    return replace(_read(outcome, received), outputs=outputs)


def compensate_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[Outcome]:
    """Give the result of one compensating try; `received` is None when it was not answered."""
    if received is None:
        return StepResult(Outcome.RETRYABLE, None, uncertain=True)
    outcome = replies.compensate_outcome(step, received, context)
    return _read(outcome, received)


def status_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[Told]:
    """Give the result of one status try; `received` is None when it was not answered."""
    if received is None:
        return StepResult(Outcome.RETRYABLE, None, uncertain=True)
    outcome = replies.status_outcome(step, received, context)
    tells = step.polls and outcome == State.APPLIED
    outputs = outputs_in(step, received.body, received.headers, Teller.STATUS) if tells else {}
    if outputs is None:
        outcome, outputs = Outcome.UNKNOWN, {}
    return replace(_read(outcome, received), outputs=outputs)


def _read(outcome: Meaning, received: Received) -> StepResult[Meaning]:
    asked_s = replies.retry_after_s(received.headers)
    return StepResult(outcome, received.status, received.body, uncertain=outcome.value in _OPEN, retry_after_s=asked_s)


def lookup_result(step: Step, received: Received | None, context: Mapping[str, Any]) -> StepResult[LookedUp]:
    """Give the result of one try to look up; `received` is None when it was not answered."""
    if received is None:
        return StepResult(Outcome.RETRYABLE, None, uncertain=True)
    outcome = replies.lookup_outcome(step, received, context)
    found = outputs_in(step, received.body, received.headers, Teller.LOOKUP) if outcome == Sought.FOUND else {}
    if found is None:
        outcome, found = Outcome.UNKNOWN, {}
    return replace(_read(outcome, received), outputs=found)


def undone_without(sought: StepResult[LookedUp]) -> StepResult[Outcome]:
    """Give the result of a compensation that was not sent: nothing was found to be undone, or nobody knows whether there is."""
    outcome = Outcome.DONE if sought.outcome == Sought.ABSENT else Outcome(sought.outcome)
    return StepResult(outcome, sought.status, sought.body, {}, sought.tries, sought.uncertain)


def told_without(sought: StepResult[LookedUp]) -> StepResult[Told]:
    """Give the result of a status call that was not sent: `absent`, or nothing is known."""
    outcome: Told = State.ABSENT if sought.outcome == Sought.ABSENT else Outcome(sought.outcome)
    return StepResult(outcome, sought.status, sought.body, {}, sought.tries, sought.uncertain)


def backoff_of(step: Step, *, undo: bool, otherwise: Backoff) -> Backoff:
    """Give how long a step's calls wait between tries: as its file says, else as the caller does."""
    declared = step.undo_backoff if undo else step.backoff
    return otherwise if declared is None else Backoff.declared(declared)


def joined(earlier: StepResult[Meaning] | None, last: StepResult[Meaning]) -> StepResult[Meaning]:
    """Give the result of several tries of one call, with the last one's answer."""
    if earlier is None:
        return last
    return replace(last, tries=earlier.tries + 1, uncertain=earlier.uncertain or last.uncertain)
