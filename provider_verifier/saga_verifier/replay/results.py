"""What a replay found, as values."""

from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError


class Cause(StrEnum):
    """Why an interaction is not kept."""

    MISMATCH = "mismatch"  # the provider answered something else than the consumer needs
    NO_ANSWER = "no answer"  # the provider did not answer at all
    STATE = "state"  # a provider state could not be set up or torn down: not found out
    MESSAGE = "message"  # the provider's message could not be had
    NO_VALUES = "no values"  # no state gave what the request should have been made of: unproven
    NOT_SERVED = "not served"  # it is a message, and nothing says where the provider gives its messages: not found out
    NOT_JUDGED = "not judged"  # Pact's verifier did not judge it: not found out


NOT_FOUND_OUT = frozenset({Cause.STATE, Cause.NOT_SERVED, Cause.NOT_JUDGED})
"""Causes of interactions about which nothing is known; their verdict is unproven."""


@dataclass(frozen=True, slots=True)
class InteractionResult:
    """How one interaction ended.

    Attributes:
        number: Its place in the pact, from 1 on.
        name: What it is called to people, unlike every other one of the pact.
        key: Its key, or None when it has none.
        description: Its description; empty when it has none.
        interaction_id: The broker's id, or None when the pact does not come from a broker.
        verdict: Kept, broken, pending (broken, but the pact says that this does not count yet) or unproven.
        cause: Why it is not kept; None when it is.
        lines: What is to be said, one line each: where, what was expected, what came.
        states_not_set_up: Provider states that nobody was asked for, since there is no address for them.
        duration_ms: Time from the first state change to the last.
    """

    number: int
    name: str
    key: str | None
    description: str
    interaction_id: str | None
    verdict: Verdict
    cause: Cause | None = None
    lines: tuple[str, ...] = ()
    states_not_set_up: tuple[str, ...] = ()
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How the interactions of one pact ended, in the order of the pact.

    Attributes:
        trouble: Why the rest of them is missing; empty: none is.
    """

    interactions: tuple[InteractionResult, ...]
    trouble: str = ""


class ReplayError(SagapactError):
    """A pact could not be replayed, so that nothing is known about it."""
