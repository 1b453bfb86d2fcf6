"""What a replay found, as values."""

from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.errors import SagapactError


class Cause(StrEnum):
    """Why an interaction is broken."""

    MISMATCH = "mismatch"  # the provider answered something else than the consumer needs
    NO_ANSWER = "no answer"  # the provider did not answer at all
    STATE = "state"  # a provider state could not be set up or torn down
    MESSAGE = "message"  # the provider's message could not be had


@dataclass(frozen=True, slots=True)
class InteractionResult:
    """How one interaction ended.

    Attributes:
        key: Its key, or None when it has none.
        description: Its description.
        interaction_id: The broker's id, or None when the pact does not come from a broker.
        kept: Did the provider do what the consumer needs?
        cause: Why not; None when it is kept.
        mismatches: One line each: where, what was expected, what came.
        values_not_given: Names that the request should have taken from provider states, and that no state gave. Pact sends the
            contract's example then, so the request was not a fresh one.
        duration_ms: Time from the first state change to the last.
    """

    key: str | None
    description: str
    interaction_id: str | None
    kept: bool
    cause: Cause | None
    mismatches: tuple[str, ...]
    values_not_given: tuple[str, ...]
    duration_ms: float


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How all interactions of one pact ended, in the order of the pact."""

    consumer: str
    provider: str
    interactions: tuple[InteractionResult, ...]
    duration_ms: float

    @property
    def kept(self) -> bool:
        """Is every interaction kept?"""
        return all(one.kept for one in self.interactions)

    @property
    def broken(self) -> tuple[InteractionResult, ...]:
        """The interactions that are broken."""
        return tuple(one for one in self.interactions if not one.kept)


class ReplayError(SagapactError):
    """A pact could not be replayed, so that nothing is known about it."""
