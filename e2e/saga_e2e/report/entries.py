"""The things of a report that links lead to, each with an id that is unique in the page (pure).

Ids are counted, never made from names, so that any text may stand in a name.
"""

from dataclasses import dataclass

from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_e2e.report import verdicts
from saga_e2e.report.data import DeckResult, HistoryResult, PactResult, ProviderResult, ReportData, ScenarioResult, Verdict


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One history with its id."""

    anchor: str
    history: HistoryResult

    @property
    def length(self) -> int:
        """How many events it has."""
        return len(self.history.word.replace("(improved)", "").split())


@dataclass(frozen=True, slots=True)
class ObligationEntry:
    """One obligation of a deck with its id, and the histories that speak of it."""

    anchor: str
    obligation: str
    verdict: Verdict
    histories: tuple[HistoryEntry, ...]

    @property
    def name(self) -> str:
        """Its name in the catalogue; empty when it is not in there."""
        return name_of(self.obligation)

    @property
    def meaning(self) -> str:
        """What the participant has to do."""
        return CATALOGUE[self.obligation].meaning if self.obligation in CATALOGUE else ""

    @property
    def mend(self) -> str:
        """What usually repairs it."""
        return CATALOGUE[self.obligation].mend if self.obligation in CATALOGUE else ""


@dataclass(frozen=True, slots=True)
class DeckEntry:
    """One deck with its id and all that says whose it is; a step of another saga is named with its saga."""

    anchor: str
    provider: ProviderResult
    pact: PactResult
    deck: DeckResult
    step: str
    verdict: Verdict
    histories: tuple[HistoryEntry, ...]
    obligations: tuple[ObligationEntry, ...]

    @property
    def label(self) -> str:
        """Who was checked, such as `billing 1.1.0`."""
        return f"{self.provider.provider} {self.provider.version}".strip()

    def obligation(self, one: str) -> ObligationEntry | None:
        """Give an obligation of this deck; None when the deck does not speak of it."""
        return next((entry for entry in self.obligations if entry.obligation == one), None)

    @property
    def broken(self) -> tuple[ObligationEntry, ...]:
        """The obligations that are broken."""
        return tuple(entry for entry in self.obligations if entry.verdict == Verdict.BROKEN)


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """One scenario with its id."""

    anchor: str
    scenario: ScenarioResult
    verdict: Verdict


def name_of(obligation: str) -> str:
    """Give the name of an obligation; empty when the catalogue does not hold it."""
    return CATALOGUE[obligation].name if obligation in CATALOGUE else ""


def decks_of(data: ReportData) -> tuple[DeckEntry, ...]:
    """Give every deck of every provider version."""
    own = data.saga.saga if data.saga else ""
    found = [(provider, pact, deck) for provider in data.providers for pact in provider.pacts for deck in pact.decks]
    return tuple(_deck(f"deck-{index}", own, *one) for index, one in enumerate(found, start=1))


def scenarios_of(data: ReportData) -> tuple[ScenarioEntry, ...]:
    """Give every scenario."""
    numbered = enumerate(data.scenarios, start=1)
    return tuple(ScenarioEntry(f"scenario-{index}", one, verdicts.of_scenario(one)) for index, one in numbered)


def _deck(anchor: str, own: str, provider: ProviderResult, pact: PactResult, deck: DeckResult) -> DeckEntry:
    step = deck.step if not own or deck.saga in ("", own) else f"{deck.saga}/{deck.step}"
    histories = tuple(HistoryEntry(f"{anchor}-history-{index}", one) for index, one in enumerate(deck.histories, start=1))
    obligations = tuple(
        ObligationEntry(f"{anchor}-obligation-{index}", one, verdict, _speaking(one, verdict, histories))
        for index, (one, verdict) in enumerate(sorted(_verdicts(deck).items(), key=lambda item: order_of(item[0])), start=1)
    )
    return DeckEntry(anchor, provider, pact, deck, step, verdicts.of_deck(deck), histories, obligations)


def _verdicts(deck: DeckResult) -> dict[str, Verdict]:
    """Give the verdict of each obligation; one that is at fault in a broken history is broken, unless it is waived."""
    found = dict(deck.obligations)
    for history in deck.histories:
        if history.verdict == Verdict.BROKEN:
            found |= {one: Verdict.BROKEN for one in history.at_fault if found.get(one) != Verdict.WAIVED}
    return found


def _speaking(obligation: str, verdict: Verdict, histories: tuple[HistoryEntry, ...]) -> tuple[HistoryEntry, ...]:
    """Give the histories that speak of an obligation, those that show its verdict first."""
    found = [entry for entry in histories if obligation in (*entry.history.obligations, *entry.history.at_fault)]

    def shows_it(history: HistoryResult) -> bool:
        return obligation in history.at_fault if verdict == Verdict.BROKEN else history.verdict == verdict

    return tuple(sorted(found, key=lambda entry: (not shows_it(entry.history), entry.length)))
