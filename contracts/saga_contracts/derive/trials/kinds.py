"""What a trial is: one or more histories of a step, played under a disturbance (pure)."""

from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.derive.decks import History


class Kind(StrEnum):
    """How a history is disturbed."""

    CRASH = "crash"  # the participant is killed and started again
    RACE = "race"  # two calls overlap
    INSTANCES = "instances"  # two instances on one database take turns
    TWO_SAGAS = "two sagas"  # a second saga comes for the same resource
    RECEIVER = "receiver"  # who takes the callbacks fails
    INSIDE = "inside"  # what the participant itself depends on fails: another service, its database, its clock
    UPGRADE = "upgrade"  # another version goes on with what one began: never derived, asked for by an option


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a step.

    Attributes:
        kind: How it is disturbed.
        name: Such as `F kill C`; unique among the histories and trials of a step.
        history: What is played.
        at: After how many of its events it is disturbed; None: as the kind says.
        obligations: All that it checks, in the catalogue's order.
    """

    kind: Kind
    name: str
    history: History
    at: int | None
    obligations: tuple[str, ...]

    @property
    def is_undisturbed(self) -> bool:
        """Are only calls made, one after another, so that its result is worth as much as that of a history?"""
        return self.kind == Kind.TWO_SAGAS


UNPLAYED = {
    Kind.TWO_SAGAS: "other sagas on the same data",
    Kind.CRASH: "a kill in between",
    Kind.RACE: "calls that overlap",
    Kind.INSTANCES: "further instances",
    Kind.RECEIVER: "receivers of callbacks that fail",
    Kind.INSIDE: "what it depends on failing",
}
"""What nobody has looked at where a kind was not played, in the words of a claim."""
