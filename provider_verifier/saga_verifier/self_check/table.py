"""The kill table of a saga file, as values (pure)."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a participant that deviates."""

    CAUGHT = "caught"
    NOT_CAUGHT = "not caught"
    WAIVED = "waived"  # it is seen, and the file says that this is known
    NOT_APPLICABLE = "not applicable"  # no participant of this step can deviate so
    UNKNOWN = "could not find out"


@dataclass(frozen=True, slots=True)
class Row:
    """One deviation at one step.

    Attributes:
        kind: Its name, as `sagapact stub --deviate` takes it.
        does: What the participant does, a few words.
        obligation: The obligation at fault.
        by: The obligations that it was seen to break.
        history: The shortest history of the deck that shows it; empty: none does.
        contract: The contract case that shows it, `role/case`; empty: none does.
        why: Why it is not caught, or does not apply.
        mend: What to declare so that it is caught.
    """

    kind: str
    does: str
    obligation: str
    fate: Fate
    by: tuple[str, ...] = ()
    history: str = ""
    contract: str = ""
    why: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class StepTable:
    """All deviations at one step.

    Attributes:
        wrong: What a right participant of the step is accused of, a sentence each; it must be empty.
        rows: In the order of the catalogue.
    """

    step: str
    participant: str
    wrong: tuple[str, ...]
    rows: tuple[Row, ...]

    def count(self, *fates: Fate) -> int:
        """Count the deviations of these fates."""
        return sum(row.fate in fates for row in self.rows)


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The whole table of a saga file.

    Attributes:
        level: What is looked at: the saga's level of adoption.
        faults: The most faults in one history.
        notes: What no participant can know from the file, a sentence each.
    """

    saga: str
    level: int
    faults: int
    steps: tuple[StepTable, ...]
    notes: tuple[str, ...] = ()

    def count(self, *fates: Fate) -> int:
        """Count the deviations of these fates at all steps."""
        return sum(step.count(*fates) for step in self.steps)

    @property
    def exit_status(self) -> int:
        """Give 0 when all is caught, 3 when something gets through, 4 when that could not be found out."""
        if any(step.wrong for step in self.steps) or self.count(Fate.UNKNOWN) or not self.count(Fate.CAUGHT, Fate.NOT_CAUGHT):
            return 4
        return 3 if self.count(Fate.NOT_CAUGHT) else 0
