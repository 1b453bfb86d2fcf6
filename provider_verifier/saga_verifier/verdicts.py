"""What a verification found, as values (pure)."""

from dataclasses import dataclass
from typing import Any

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.verdict import Verdict, worst
from saga_contracts.derive.decks import Deck

PROBES, CRASH_AND_RACE = 3, 4
"""Levels of adoption: what is asked for from this level on."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing in a history that was not as it must be."""

    obligation: str
    text: str


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """How one history ended.

    Attributes:
        obligations: What it checks.
        unproven: Of these, what nothing at hand could show.
        broken: What was not as it must be; None when nothing was.
        calls: Every call in order, as evidence.
    """

    name: str
    verdict: Verdict
    obligations: tuple[str, ...]
    unproven: tuple[str, ...] = ()
    broken: Broken | None = None
    text: str = ""
    calls: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the result as the broker takes it; calls are kept for what is not kept."""
        broken = [self.broken.obligation] if self.broken else []
        shown = list(self.calls) if self.verdict != Verdict.KEPT else []
        text = self.broken.text if self.broken else self.text
        return {
            "word": self.name,
            "verdict": self.verdict.value,
            "obligations": broken or list(self.obligations),
            "text": text,
            "calls": shown,
        }


@dataclass(frozen=True, slots=True)
class DeckResult:
    """How a whole deck ended.

    Attributes:
        level: The saga's declared level of adoption: below 3 nobody asks for effect probes; at 4 crash and race are asked for,
            which this version does not play.
    """

    deck: Deck
    histories: tuple[HistoryResult, ...]
    waived: frozenset[str] = frozenset()
    level: int = 3

    @property
    def obligations(self) -> dict[str, Verdict]:
        """Give the verdict of every obligation that the deck checks, in the catalogue's order."""
        ids = sorted({one for history in self.histories for one in history.obligations}, key=order_of)
        return {one: self._obligation(one) for one in ids}

    @property
    def verdict(self) -> Verdict:
        """Give the worst of the histories; unproven if an obligation is that the declared level asks to be proved."""
        found = worst(history.verdict for history in self.histories)
        if found in (Verdict.KEPT, Verdict.WAIVED) and (self.missing_proof or self.level >= CRASH_AND_RACE):
            return Verdict.UNPROVEN
        return found

    @property
    def missing_proof(self) -> tuple[str, ...]:
        """Give the obligations that are unproven although the declared level asks for their proof."""
        if self.level < PROBES:
            return ()
        return tuple(one for one, verdict in self.obligations.items() if verdict == Verdict.UNPROVEN)

    def shortest(self, obligation: str) -> HistoryResult | None:
        """Give the shortest history that breaks an obligation."""
        return next((one for one in self.histories if one.broken is not None and one.broken.obligation == obligation), None)

    def _obligation(self, obligation: str) -> Verdict:
        if self.shortest(obligation) is not None:
            return Verdict.WAIVED if obligation in self.waived else Verdict.BROKEN
        checking = [history for history in self.histories if obligation in history.obligations]
        if any(history.verdict == Verdict.KEPT and obligation not in history.unproven for history in checking):
            return Verdict.KEPT
        hidden = all(history.verdict == Verdict.WAIVED for history in checking)  # each stopped at what is waived
        return Verdict.WAIVED if hidden else Verdict.UNPROVEN


@dataclass(frozen=True, slots=True)
class InteractionOutcome:
    """How one interaction of a pact ended."""

    key: str
    description: str
    verdict: Verdict
    mismatches: tuple[str, ...] = ()
    interaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a pact comes from, so that two pacts of one consumer can be told apart.

    Attributes:
        version: The consumer version that it was selected for; empty: unknown.
        selected: Why it was selected, in the broker's few words.
        place: The address or the file that it was read from.
        notices: The broker's sentences about it, each with the moment at which it is to be shown.
    """

    version: str = ""
    selected: str = ""
    place: str = ""
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PactOutcome:
    """How one consumer's pact ended: its interactions and the decks that it carries.

    Attributes:
        notes: What is to be known beside the verdicts, such as states that nobody was asked for.
        troubles: Why a part of it, or all of it, could not be found out.
        published: Was the result published?
    """

    consumer: str
    provider: str
    pending: bool
    interactions: tuple[InteractionOutcome, ...]
    decks: tuple[DeckResult, ...] = ()
    notes: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    origin: Origin = Origin()
    published: bool = False

    @property
    def verdict(self) -> Verdict:
        """Give the worst verdict of the interactions and the decks; what is broken in a pending pact is pending.

        A part that could not be found out is unproven at least.
        """
        unknown = [Verdict.UNPROVEN] if self.troubles else []
        found = worst([*(one.verdict for one in self.interactions), *(deck.verdict for deck in self.decks), *unknown])
        return Verdict.PENDING if self.pending and found == Verdict.BROKEN else found
