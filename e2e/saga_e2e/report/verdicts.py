"""What the parts of a report come to, and how a verdict is shown (pure).

Nothing is green by absence: a deck without histories, a pact without interactions, a scenario without invariants and a provider
without pacts are unproven, even if they say that they are kept.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from saga_e2e.report.data import (
    DeckResult,
    Gate,
    Headline,
    PactResult,
    ProviderResult,
    ReportData,
    ScenarioResult,
    Verdict,
)

WORST_FIRST = (
    Verdict.BROKEN,
    Verdict.PENDING,
    Verdict.UNKNOWN,
    Verdict.UNPROVEN,
    Verdict.WAIVED,
    Verdict.KEPT,
    Verdict.NOT_APPLICABLE,
)
POSITIVE = frozenset({Verdict.KEPT, Verdict.WAIVED, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True)
class Shown:
    """How a verdict is shown: never by colour alone.

    Attributes:
        css: The class that colours it.
        sign: One sign that differs from all others also without colour.
        meaning: What it says.
    """

    css: str
    sign: str
    meaning: str


SHOWN: dict[Verdict, Shown] = {
    Verdict.KEPT: Shown("kept", "✓", "checked, and it held"),
    Verdict.BROKEN: Shown("broken", "✕", "checked, and it did not hold"),
    Verdict.UNPROVEN: Shown("unproven", "?", "nothing at hand could show it"),
    Verdict.PENDING: Shown("pending", "P", "does not hold, but the main branch of the provider never kept it"),
    Verdict.WAIVED: Shown("waived", "W", "does not hold, and this is knowingly accepted for a while"),
    Verdict.NOT_APPLICABLE: Shown("none", "\u2013", "not asked of this participant"),
    Verdict.UNKNOWN: Shown("unproven", "?", "nobody told what it came to"),
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst of several verdicts; none at all is unproven."""
    found = set(verdicts)
    return next((one for one in WORST_FIRST if one in found), Verdict.UNPROVEN)


def of_deck(deck: DeckResult) -> Verdict:
    """Give what a deck comes to."""
    if not deck.histories:
        return _not_better(deck.verdict, ())
    broken = [one for one in deck.obligations.values() if one == Verdict.BROKEN]
    return _not_better(deck.verdict, [*(one.verdict for one in deck.histories), *broken])


def of_pact(pact: PactResult) -> Verdict:
    """Give what a pact comes to, with its decks."""
    inside = [one.verdict for one in pact.interactions] + [of_deck(deck) for deck in pact.decks]
    found = _not_better(pact.verdict, inside)
    return Verdict.PENDING if pact.pending and found == Verdict.BROKEN else found


def of_provider(provider: ProviderResult) -> Verdict:
    """Give what the verification of a provider version comes to."""
    return _not_better(provider.verdict, [of_pact(pact) for pact in provider.pacts])


def of_scenario(scenario: ScenarioResult) -> Verdict:
    """Give what a scenario comes to."""
    return _not_better(scenario.verdict, [one.verdict for one in scenario.invariants])


def of_answer(answer: bool | None) -> Verdict:  # noqa: FBT001  (a three-valued answer of the broker)
    """Give the verdict that an answer of the gate stands for."""
    return {True: Verdict.KEPT, False: Verdict.BROKEN, None: Verdict.UNKNOWN}[answer]


def answers(gates: Iterable[Gate]) -> list[bool | None]:
    """Give all answers of the gates."""
    found: list[bool | None] = []
    for gate in gates:
        found.extend(one.deployable for one in gate.can_i_deploy)
        found.extend([gate.can_run.can_run] if gate.can_run else [])
    return found


def nothing_checked(data: ReportData) -> bool:
    """Tell whether the data holds no single check."""
    pacts = [pact for provider in data.providers for pact in provider.pacts]
    histories = any(deck.histories for pact in pacts for deck in pact.decks)
    return not (histories or any(pact.interactions for pact in pacts) or data.scenarios or answers(data.gates))


def headline(data: ReportData) -> Headline:
    """Give the verdict to show first: the one in the data, unless nothing was checked; without one, what the parts come to."""
    if nothing_checked(data):
        return Headline(status="unknown", sentence="Nothing was checked, so nothing is known about this saga.")
    if data.verdict is not None and data.verdict.sentence:
        return data.verdict
    parts = [of_provider(one) for one in data.providers] + [of_scenario(one) for one in data.scenarios]
    parts += [of_answer(one) for one in answers(data.gates)]
    found = worst(parts)
    status = "broken" if found == Verdict.BROKEN else "kept" if found in POSITIVE else "unknown"
    counted = Counter(parts)
    told = ", ".join(f"{counted[one]} {one.value}" for one in WORST_FIRST if counted[one])
    return Headline.model_validate(
        {
            "status": data.verdict.status if data.verdict else status,
            "sentence": f"Of {len(parts)} parts that were looked at: {told}.",
        }
    )


def _not_better(said: Verdict, inside: Iterable[Verdict]) -> Verdict:
    """Give what was said, but not better than what stands inside; nothing inside is unproven."""
    return worst(inside) if said in (Verdict.KEPT, Verdict.UNKNOWN) else said
