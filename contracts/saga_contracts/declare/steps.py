"""One step of a saga as its file declares it: participant, class, key, preconditions, calls (pure)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from saga_contracts.declare.calls import Callback, Compensate, Forward, Probe, Status
from saga_contracts.declare.kinds import Completion, Json, KeyStyle, Model, Name, Pacticipant, StepClass


class ProviderState(Model):
    """A domain precondition that the participant can be put into."""

    state: str
    params: dict[str, Json] = Field(default={})


class Under(StrEnum):
    """Which of its preconditions a step is in."""

    ENOUGH = "enough"
    REFUSING = "refusing"
    RETRYABLE = "retryable"


class Given(Model):
    """The preconditions of a step, in the participant's own words."""

    enough: tuple[ProviderState, ...] = ()
    """Exactly enough for one forward call to succeed."""
    refusing: tuple[ProviderState, ...] = ()
    """A forward call is refused."""
    refusing_payload: Annotated[dict[str, Json], Field(min_length=1, max_length=20)] | None = None
    """Instead of `refusing`: fields of the payload (by dots) with values for which a forward call is refused under `enough`."""
    retryable: Annotated[tuple[ProviderState, ...], Field(min_length=1)] | None = None
    """A forward call is answered 'try again' and has no effect; under `enough` the same call succeeds."""

    @property
    def can_refuse(self) -> bool:
        """Is it said how a forward call comes to be refused?"""
        return bool(self.refusing or self.refusing_payload)

    def states(self, under: Under) -> tuple[ProviderState, ...]:
        """Give the states of a precondition; a refusal by payload needs those of `enough`."""
        if under == Under.RETRYABLE:
            return self.retryable or ()
        return self.refusing if under == Under.REFUSING and not self.refusing_payload else self.enough

    def fields(self, under: Under) -> dict[str, Json]:
        """Give the fields of the payload that a forward call has under a precondition; none: as it is."""
        return self.refusing_payload or {} if under == Under.REFUSING else {}


class SemanticLock(Model):
    """What a step keeps for its saga until the step is undone or the saga ends."""

    resource: str
    """Template of what is locked, such as `{payload.account_id}`."""
    conflict: Literal["refused", "retryable"] = "refused"
    """The outcome that another saga gets meanwhile."""


class Step(Model):
    """One step of a saga."""

    step: Name
    participant: Pacticipant
    step_class: StepClass = Field(alias="class")
    after: tuple[Name, ...] = ()
    """Steps that must be done before; none: it starts at once."""
    optional: bool = False
    completion: Completion = Completion.SYNC
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a call is sent at most, the first time included; `compensate.tries` may name another number for the undoing."""
    timeout_ms: Annotated[int, Field(ge=1, le=600_000)] = 5000
    callback_timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    key: KeyStyle = KeyStyle.HEADER
    key_form: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """How the key is written: a template such as `{saga_id}-{step}`, or `uuid`, derived from both; default `{saga_id}:{step}`."""
    key_fields: tuple[str, ...] | None = None
    """For `key: natural`: the fields of the payload that identify the step, such as `order_id`."""
    given: Given = Given()
    forward: Forward
    compensate: Compensate | None = None
    status: Status | None = None
    callback: Callback | None = None
    probe: Probe | None = None
    semantic_lock: SemanticLock | None = None

    @property
    def undo_tries(self) -> int:
        """How often the compensation is sent at most."""
        own = self.compensate.tries if self.compensate is not None else None
        return self.tries if own is None else own
