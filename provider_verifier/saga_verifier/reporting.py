"""What a verification tells on the screen and in JSON: what broke, and for whom, in one screen (pure)."""

from collections.abc import Iterator
from typing import Any

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.verdict import Verdict
from saga_verifier.run import ProviderOutcome
from saga_verifier.verdicts import DeckResult, PactOutcome


def lines(outcome: ProviderOutcome) -> Iterator[str]:
    """Give the outcome as lines of text."""
    name = f"{outcome.provider} {outcome.version}".strip()
    if not outcome.pacts:
        yield f"{name}: not applicable. {outcome.text}"
        return
    for pact in outcome.pacts:
        kept = sum(one.verdict == Verdict.KEPT for one in pact.interactions)
        pending = " (pending)" if pact.pending else ""
        yield f"pact with {pact.consumer}{pending}: {kept} of {len(pact.interactions)} interactions kept"
        yield from _broken_interactions(pact)
        for deck in pact.decks:
            yield from _deck(deck)
    yield f"{name}: {outcome.verdict.value}"


def as_json(outcome: ProviderOutcome, last_confirmed: str | None = None) -> dict[str, Any]:
    """Give the outcome as plain JSON, as the report takes it.

    Args:
        outcome: What was found out.
        last_confirmed: The date when an end-to-end run last saw only histories of the decks (I13); None for never.
    """
    return {
        "provider": outcome.provider,
        "version": outcome.version,
        "verdict": outcome.verdict.value,
        "text": outcome.text,
        "pacts": [_pact_json(pact, last_confirmed) for pact in outcome.pacts],
    }


def deck_json(deck: DeckResult, last_confirmed: str | None = None) -> dict[str, Any]:
    """Give a deck's result as plain JSON."""
    return {
        "saga": deck.deck.saga,
        "step": deck.deck.step,
        "faults": deck.deck.faults,
        "derivation": deck.deck.derivation,
        "verdict": deck.verdict.value,
        "claim": deck.deck.claim(last_confirmed),
        "obligations": {name: verdict.value for name, verdict in deck.obligations.items()},
        "histories": [history.as_json() for history in deck.histories],
    }


def _pact_json(pact: PactOutcome, last_confirmed: str | None) -> dict[str, Any]:
    interactions = [
        {"key": one.key, "verdict": one.verdict.value, "mismatches": list(one.mismatches)} for one in pact.interactions
    ]
    return {
        "consumer": pact.consumer,
        "verdict": pact.verdict.value,
        "pending": pact.pending,
        "interactions": interactions,
        "decks": [deck_json(deck, last_confirmed) for deck in pact.decks],
    }


def _broken_interactions(pact: PactOutcome) -> Iterator[str]:
    for one in pact.interactions:
        if one.verdict != Verdict.KEPT:
            yield f"  {one.verdict.value}: {one.key}"
            for text in one.mismatches:
                yield f"    {text}"


def _deck(deck: DeckResult) -> Iterator[str]:
    kept = sum(one.verdict == Verdict.KEPT for one in deck.histories)
    yield f"deck of {deck.deck.saga}/{deck.deck.step}, k = {deck.deck.faults}: {kept} of {len(deck.histories)} histories kept"
    for name, verdict in deck.obligations.items():
        if verdict in (Verdict.BROKEN, Verdict.WAIVED):
            yield from _broken_obligation(deck, name, verdict)
    for name, verdict in deck.obligations.items():
        if verdict == Verdict.UNPROVEN:
            yield f"  unproven: {name} {CATALOGUE[name].name}: {deck.judgement.why[name]}"
    for one in deck.histories:
        if one.trouble:
            yield f"  unproven: {one.name}: {one.trouble}"
    if deck.judgement.not_looked_at:
        names = ", ".join(deck.judgement.not_looked_at)
        yield f"  not looked at, since the saga asks for level {deck.slice.level} only: {names}"


def _broken_obligation(deck: DeckResult, name: str, verdict: Verdict) -> Iterator[str]:
    broken = [one.name for one in deck.histories if deck.text_of(one, name)]
    history = deck.shortest(name)
    where = f", in {len(broken)} histories ({', '.join(broken)}); shortest:" if history is not None else ":"
    yield f"  {verdict.value}: {name} {CATALOGUE[name].name}{where}"
    yield f"    {history.name}: {deck.text_of(history, name)}" if history is not None else f"    {deck.judgement.why[name]}"
    yield f"    Mend: {CATALOGUE[name].mend}"
