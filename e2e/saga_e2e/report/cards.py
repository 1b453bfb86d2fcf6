"""The summary cards at the top: how many of each kind of thing were checked, and what they came to (pure)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from saga_e2e.report import verdicts
from saga_e2e.report.data import ReportData, Verdict
from saga_e2e.report.entries import DeckEntry


@dataclass(frozen=True, slots=True)
class Card:
    """One card.

    Attributes:
        name: What is counted.
        href: Where the page tells more.
        total: How many there are.
        kept: How many of them are kept, or answered with yes.
        counts: How many came to each verdict, the worst first; verdicts that nothing came to are left out.
        words: What the verdicts are called here, such as `yes` for the gate.
        nothing: What is said when there are none.
    """

    name: str
    href: str
    total: int
    kept: int
    counts: tuple[tuple[Verdict, int], ...]
    words: dict[Verdict, str]
    nothing: str

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        return self.counts[0][0] if self.counts else Verdict.UNPROVEN

    def bar(self) -> list[tuple[str, float, float]]:
        """Give the pieces of a bar 100 wide: class, start and width of each."""
        pieces, start = [], 0.0
        for verdict, count in reversed(self.counts):
            width = 100 * count / self.total
            pieces.append((verdicts.SHOWN[verdict].css, round(start, 3), round(width, 3)))
            start += width
        return pieces


_GATE_WORDS = {Verdict.KEPT: "yes", Verdict.BROKEN: "no", Verdict.UNKNOWN: "unknown"}


def of(data: ReportData, decks: Sequence[DeckEntry]) -> tuple[Card, ...]:
    """Give the cards of a report."""
    pacts = [pact for provider in data.providers for pact in provider.pacts]
    return (
        _card("Providers", "#appendix", [verdicts.of_provider(one) for one in data.providers], "None was verified."),
        _card("Interactions", "#appendix", [one.verdict for pact in pacts for one in pact.interactions], "None was replayed."),
        _card("Obligations", "#obligations", [one.verdict for entry in decks for one in entry.obligations], "None was judged."),
        _card("Histories", "#appendix", [one.history.verdict for entry in decks for one in entry.histories], "None was played."),
        _card(
            "Gate answers",
            "#gates",
            [verdicts.of_answer(one) for one in verdicts.answers(data.gates)],
            "None was asked for.",
            _GATE_WORDS,
        ),
        _card("Scenarios", "#scenarios", [verdicts.of_scenario(one) for one in data.scenarios], "None was run."),
    )


def _card(name: str, href: str, found: Sequence[Verdict], nothing: str, words: dict[Verdict, str] | None = None) -> Card:
    counted = Counter(found)
    counts = tuple((one, counted[one]) for one in verdicts.WORST_FIRST if counted[one])
    return Card(name, href, len(found), counted[Verdict.KEPT], counts, words or {}, nothing)
