"""What the saga service knows of a saga, as values: states, attempts, callbacks, notifications."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class SagaState(StrEnum):
    """Where a saga stands."""

    PARKED = "parked"  # a participant that it needs is down; it runs once that is healthy again
    RUNNING = "running"  # its steps are executed
    COMPENSATING = "compensating"  # a step failed; what was done is undone
    COMMITTED = "committed"  # the end: every step is applied
    COMPENSATED = "compensated"  # the end: no step is applied
    ESCALATED = "escalated"  # the end: it could be neither finished nor undone; the owner is told


OPEN = (SagaState.RUNNING, SagaState.COMPENSATING)
"""A saga that some process works on."""


class StepState(StrEnum):
    """Where a step of a saga stands."""

    PENDING = "pending"  # nothing was sent yet
    SKIPPED = "skipped"  # its condition does not hold, so it is not run
    RUNNING = "running"  # its forward call is being made, or its callback is awaited
    APPLIED = "applied"  # it has its effect
    REFUSED = "refused"  # the participant refused
    UNCERTAIN = "uncertain"  # no clear answer after all tries: the effect may be there or not
    COMPENSATING = "compensating"  # it is being undone
    COMPENSATED = "compensated"  # it is undone
    FAILED_COMPENSATION = "failed_compensation"  # it could not be undone
    EXHAUSTED = "exhausted"  # it can only go forward, and all tries are used up


class Role(StrEnum):
    """What an attempt was for."""

    FORWARD = "forward"
    COMPENSATE = "compensate"
    STATUS = "status"


class NotificationState(StrEnum):
    """Does the owner know?"""

    PENDING = "pending"  # not yet
    TAKEN = "taken"  # yes
    NO_ADDRESS = "no_address"  # no: the saga declares no owner notification


UNSENDABLE = "unsendable"
"""Outcome of an attempt that could not be sent: a value that its templates name is not there."""
_UNCLEAR = frozenset({None, "retryable", "unknown"})
_NOT_ITS_OWN_ANSWER = frozenset({None, 502, 504})


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """One saga as it was started, and its state.

    Attributes:
        created_at: Seconds since 1970; 0 as long as it is not stored.
        worker: The process that works on it; None: none.
    """

    saga_id: str
    saga: str
    definition_id: int
    request_id: str
    payload: Mapping[str, Any]
    state: SagaState
    reason: str | None
    created_at: float = 0.0
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a saga.

    Attributes:
        outcome: What decided its forward call, such as `done` or `callback done`; None while open.
        outputs: Its outputs for later steps, once it is applied.
    """

    step: str
    state: StepState
    outcome: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one call.

    Attributes:
        outcome: None while it is under way, and for ever when the service was stopped under it.
        ended_at: Seconds since 1970, with `outcome`.
        status: Of the HTTP answer; None when there was none.
    """

    step: str
    role: Role
    outcome: str | None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    ended_at: float | None = None
    status: int | None = None

    @property
    def unclear(self) -> bool:
        """May it have had an effect without our knowing?"""
        return self.outcome in _UNCLEAR

    @property
    def may_still_arrive(self) -> bool:
        """May the participant get this call later? An answer shows that it has it; a gateway's answer shows nothing."""
        return self.outcome != UNSENDABLE and self.status in _NOT_ITS_OWN_ANSWER


@dataclass(frozen=True, slots=True)
class Callback:
    """The first callback of a step that told an outcome."""

    outcome: str
    body: Any


@dataclass(frozen=True, slots=True)
class Notification:
    """What the owner is to be told about one step."""

    step: str
    event: str
    state: NotificationState
    tries: int
