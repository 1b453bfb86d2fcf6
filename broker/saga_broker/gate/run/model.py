"""The words of a saga's verdict: what is judged, and what is answered. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from saga_broker.gate.run.contracts import Held, Messages
from saga_contracts.declare.choreography.events import Event
from saga_contracts.derive.adoption import Judgement
from saga_contracts.derive.cases import Case as ContractCase
from saga_contracts.derive.lasting import Lasting
from saga_contracts.derive.slices import StepSlice


@dataclass(frozen=True, slots=True)
class Run:
    """A deck result as a verifier published it; nothing of it is believed but what its histories showed.

    Attributes:
        id: Its place among results of the same moment.
        at: When it was published.
        derivation: The version of the derivation that the deck came from.
        faults: The most faults in one history, as the verifier says.
        verdict: What the verifier concluded; `pending` is the one word that counts, and never in favour.
        obligations: What it concluded of each obligation; shown, not counted.
        histories: As published.
    """

    id: int
    at: datetime
    derivation: int
    faults: int
    verdict: str
    obligations: Mapping[str, str]
    histories: Sequence[Mapping[str, Any]]


class DeckWord(StrEnum):
    """What all results of a step's deck at a version say together."""

    KEPT = "kept"  # waivers included
    BROKEN = "broken"  # a broken run stands
    PENDING = "pending"  # broken, and the verifier says that nobody had kept it before
    UNPROVEN = "unproven"  # all was played, not all could be shown
    INCOMPLETE = "incomplete"  # histories of the deck are missing
    TOO_WEAK = "too weak"  # played with fewer faults than wanted
    OUTDATED = "outdated"  # the deck of another derivation, or results that do not say what was seen
    MISSING = "missing"  # never played
    TOO_LARGE = "too large"  # the deck has so many histories that it is not derived here


@dataclass(frozen=True, slots=True)
class Judged:
    """One run with what its histories show today.

    Attributes:
        judgement: None when the run does not say what was seen.
    """

    run: Run
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class DeckState:
    """What is known about a step's deck at a provider version.

    Attributes:
        runs: The runs that decide, the newest first: those that stand broken, else the one that counts, else the newest.
        absent: Histories that the deciding run lacks.
        weaker: A newer run that was kept, but with fewer faults than the one that stands broken.
    """

    word: DeckWord
    runs: tuple[Judged, ...] = ()
    absent: tuple[str, ...] = ()
    weaker: Run | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An interaction that failed.

    Attributes:
        name: Its description; an interaction of a saga has that of its case.
        problem: The first thing that was not as expected, in the verifier's words; empty when it gave none.
    """

    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StepAt:
    """A step at one version of its participant.

    Attributes:
        step: The step's name.
        participant: Its participant.
        version: The participant's version; None when none is known to be there.
        pact: Whether the pact was verified: True, False, or None for no result.
        failed: Of a pact that is broken, the interactions that failed, as the verifier told them.
        held: What the pact of the executing version with the participant holds; None when none was published.
        slice_: The step's slice, read from the saga file; None when the file cannot be read.
        cases: The cases that the pact must hold.
        runs: Every result of the step's deck.
    """

    step: str
    participant: str
    version: str | None
    pact: bool | None = None
    held: Held | None = None
    failed: tuple[Failed, ...] = ()
    slice_: StepSlice | None = None
    cases: tuple[ContractCase, ...] = ()
    runs: tuple[Run, ...] = ()

    def level(self, of_the_saga: int) -> int:
        """Give the step's level of adoption: its own, or that of the saga."""
        return of_the_saga if self.slice_ is None else self.slice_.level


@dataclass(frozen=True, slots=True)
class InFlight:
    """Since when a version that executed a saga is no longer live, and until when what it began may be on its way.

    Attributes:
        since: None: it is taken away by the deployment that is asked about.
        until: None as well then.
        lasts: How long the longest saga may last.
    """

    since: datetime | None
    until: datetime | None
    lasts: Lasting


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
        messages: The messages between owner and executor, one entry for each pact that has to hold some.
        unreadable: Why the saga file cannot be read any more; empty when it can.
        in_flight: The executing version is no longer live; None when it is.
        reactions: What the saga does on events, which is not judged here.
        events: Its events, by name.
        order: Its place among the versions of the saga: what was published later is greater.
    """

    saga: str
    environment: str
    saga_version: str | None
    executes_as: str
    executor_version: str | None
    level: int
    steps: tuple[StepAt, ...]
    messages: tuple[Messages, ...] = ()
    unreadable: str = ""
    in_flight: InFlight | None = None
    reactions: tuple[str, ...] = ()
    events: Mapping[str, Event] = field(default_factory=dict)
    order: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; `verdict` is yes, no or unknown.

    Attributes:
        until: When it ends by itself, as sagas in flight do; None when it does not, or nobody knows when.
        saga_version: The version of the saga that it speaks of; None when it speaks of none.
    """

    type: str
    verdict: str
    text: str
    mend: str = ""
    command: str = ""
    step: str | None = None
    participant: str | None = None
    version: str | None = None
    obligation: str | None = None
    until: datetime | None = None
    saga_version: str | None = None


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What is known of a step at one version.

    Attributes:
        pact: `kept`, `broken` or `unproven`.
        deck: `kept`, `broken`, `pending` or `unproven`.
        obligations: The verdict of each, worked out from the run that decides.
        said: What the verifier of that run concluded; None when there is no run.
        faults: With how many faults it was played.
        saga_version: Of which version of the saga the step is.
    """

    step: str
    participant: str
    version: str | None
    pact: str
    deck: str
    obligations: Mapping[str, str] = field(default_factory=dict)
    said: str | None = None
    faults: int | None = None
    saga_version: str | None = None


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """The answer: `can_run` is None for unknown."""

    can_run: bool | None
    summary: str
    reasons: tuple[Reason, ...]
    steps: tuple[StepVerdict, ...]
