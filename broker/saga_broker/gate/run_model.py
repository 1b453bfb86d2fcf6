"""The words of a saga's verdict: what is judged, and what is answered. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Kept = str  # kept | broken | unproven | pending


@dataclass(frozen=True, slots=True)
class Deck:
    """The newest result of a step's deck at a provider version.

    Attributes:
        verdict: `kept`, `broken`, `unproven`, `pending` or `waived`.
        obligations: Verdict by obligation.
        histories: As published: word, verdict, obligations, text.
        claim: What was checked and what was not.
    """

    verdict: str
    obligations: Mapping[str, str]
    histories: Sequence[Mapping[str, Any]]
    claim: str


@dataclass(frozen=True, slots=True)
class StepAt:
    """A step at one version of its participant.

    Attributes:
        step: The step's name.
        participant: Its participant.
        version: The participant's version; None when none is known to be there.
        pact: Whether the pact was verified: True, False, or None for no result.
        has_pact: A pact with the participant was published for the executing version at all.
        deck: What is known about the deck.
    """

    step: str
    participant: str
    version: str | None
    pact: bool | None = None
    has_pact: bool = True
    deck: Deck | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged.

    Attributes:
        saga: The saga's name.
        environment: Where it shall run.
        saga_version: The version that is judged; None when none is there.
        executes_as: The pacticipant that makes the calls.
        executor_version: Its version.
        level: The saga's declared level of adoption, 1 to 4.
        steps: Every step at every live version.
    """

    saga: str
    environment: str
    saga_version: str | None
    executes_as: str
    executor_version: str | None
    level: int
    steps: tuple[StepAt, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; `verdict` is yes, no or unknown."""

    type: str
    verdict: str
    text: str
    mend: str = ""
    command: str = ""
    step: str | None = None
    participant: str | None = None
    version: str | None = None
    obligation: str | None = None


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What is known of a step at one version."""

    step: str
    participant: str
    version: str | None
    pact: Kept
    deck: Kept
    obligations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """The answer: `can_run` is None for unknown."""

    can_run: bool | None
    summary: str
    reasons: tuple[Reason, ...]
    steps: tuple[StepVerdict, ...]
