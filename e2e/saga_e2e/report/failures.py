"""What did not hold: for each deck the shortest failing history of every broken obligation, and what else is broken (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from saga_contracts.declare.saga import Saga
from saga_e2e.report import verdicts
from saga_e2e.report.data import Call, InteractionResult, ReportData, Verdict
from saga_e2e.report.draw import history as drawing
from saga_e2e.report.entries import DeckEntry, HistoryEntry, ObligationEntry
from saga_e2e.report.texts import as_curl

_SHOWN = frozenset({Verdict.BROKEN, Verdict.PENDING})


@dataclass(frozen=True, slots=True)
class Failure:
    """The shortest history that does not keep some obligations, drawn.

    Attributes:
        deck: Whose deck.
        history: The history.
        obligations: What it breaks.
        others: How many other histories of the deck do not keep one of these obligations.
        mended_by: A later version of the provider that keeps all of them; None when there is none.
        drawing: Its sequence diagram; None when no call is known.
        commands: Its calls to paste, each with what it is.
    """

    deck: DeckEntry
    history: HistoryEntry
    obligations: tuple[ObligationEntry, ...]
    others: int
    mended_by: DeckEntry | None
    drawing: Markup | None
    commands: tuple[tuple[Call, str, str], ...]

    @property
    def anchor(self) -> str:
        """The id of its place in the page."""
        return f"{self.history.anchor}-failure"

    @property
    def text(self) -> str:
        """What the history says of these obligations."""
        return self.history.history.text_of([one.obligation for one in self.obligations])


@dataclass(frozen=True, slots=True)
class BrokenPact:
    """One pact with its interactions that do not hold, and why more could not be found out."""

    provider: str
    consumer: str
    interactions: tuple[InteractionResult, ...]
    troubles: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """What it is shown as."""
        return verdicts.worst(one.verdict for one in self.interactions) if self.interactions else Verdict.UNKNOWN


def of_decks(saga: Saga | None, decks: Sequence[DeckEntry]) -> tuple[Failure, ...]:
    """Give the failures of all decks, in the order of the decks."""
    return tuple(failure for index, entry in enumerate(decks) for failure in _of_deck(saga, entry, decks[index + 1 :]))


def of_pacts(data: ReportData) -> tuple[BrokenPact, ...]:
    """Give the pacts that do not hold, or of which not everything could be found out."""
    found = []
    for provider in data.providers:
        for pact in provider.pacts:
            broken = tuple(one for one in pact.interactions if one.verdict in _SHOWN)
            if broken or pact.troubles:
                consumer = f"{pact.consumer} {pact.consumer_version}".strip()
                found.append(BrokenPact(f"{provider.provider} {provider.version}".strip(), consumer, broken, pact.troubles))
    return tuple(found)


def _of_deck(saga: Saga | None, entry: DeckEntry, later: Sequence[DeckEntry]) -> Iterator[Failure]:
    failing = sorted((one for one in entry.histories if one.history.verdict in _SHOWN), key=lambda one: one.length)
    told: set[str] = set()
    for history in failing:
        named = [one for one in history.history.at_fault if one not in told]
        if not named and told:
            continue
        told.update(named or {""})
        obligations = tuple(one for one in entry.obligations if one.obligation in named)
        others = sum(bool(set(named) & set(one.history.at_fault)) for one in failing) - 1
        mended_by = next((one for one in later if _keeps(one, entry, named)), None)
        yield Failure(entry, history, obligations, max(0, others), mended_by, _drawing(saga, entry, history), commands(history))


def _keeps(other: DeckEntry, entry: DeckEntry, obligations: Sequence[str]) -> bool:
    """Tell whether another deck is of the same provider and step and keeps these obligations."""
    if (other.provider.provider, other.step, other.pact.consumer) != (entry.provider.provider, entry.step, entry.pact.consumer):
        return False
    kept = {one.obligation for one in other.obligations if one.verdict == Verdict.KEPT}
    return bool(obligations) and kept.issuperset(obligations)


def commands(history: HistoryEntry) -> tuple[tuple[Call, str, str], ...]:
    """Give the calls of a history: each with what came back, and as a command to paste."""
    return tuple((call, drawing.came_of(call), as_curl(call.request)) for call in history.history.calls)


def _drawing(saga: Saga | None, entry: DeckEntry, history: HistoryEntry) -> Markup | None:
    return drawing.draw(saga, entry, history) if history.history.calls else None
