"""What a verification found as plain JSON: all of it, with every call as evidence (pure)."""

from collections.abc import Sequence
from typing import Any

from saga_contracts.declare.verdict import Verdict
from saga_verifier.outcomes import COULD_NOT_FIND_OUT, ProviderOutcome, worst_status
from saga_verifier.reporting.notices import notices
from saga_verifier.verdicts import DeckResult, PactOutcome


def as_json(outcome: ProviderOutcome, last_confirmed: str | None = None) -> dict[str, Any]:
    """Give the outcome as plain JSON, as the report takes it.

    Args:
        outcome: What was found out.
        last_confirmed: The date when an end-to-end run last saw only histories of the decks (I13); None for never.
    """
    return {
        "provider": outcome.provider,
        "version": outcome.version,
        "verdict": "unknown" if outcome.word == COULD_NOT_FIND_OUT else outcome.verdict.value,
        "exit_status": outcome.exit_status,
        "text": outcome.trouble or outcome.text,
        "pacts": [_pact(pact, last_confirmed) for pact in outcome.pacts],
        **_mixed(outcome),
    }


def all_as_json(outcomes: Sequence[ProviderOutcome]) -> dict[str, Any]:
    """Give the outcomes of a file's services as plain JSON: of one as `as_json`, of several each apart, and the worst status."""
    if len(outcomes) == 1:
        return as_json(outcomes[0])
    return {"exit_status": worst_status(outcomes), "providers": [as_json(one) for one in outcomes]}


def _mixed(outcome: ProviderOutcome) -> dict[str, Any]:
    """Give what was seen with two versions, where that was asked for."""
    if not outcome.mixed and not outcome.unmixed:
        return {}
    decks = [{"mixed_with": deck.mixed_with, **_deck(deck, None)} for deck in outcome.mixed]
    return {"upgrade": {"decks": decks, "trouble": outcome.unmixed}}


def _deck(deck: DeckResult, last_confirmed: str | None) -> dict[str, Any]:
    return {
        "saga": deck.deck.saga,
        "step": deck.deck.step,
        "faults": deck.deck.faults,
        "derivation": deck.deck.derivation,
        "verdict": deck.verdict.value,
        "claim": deck.claim(last_confirmed),
        "obligations": {name: verdict.value for name, verdict in deck.obligations.items()},
        **({} if deck.reply_ms is None else {"reply_ms": dict(zip(("median", "longest"), deck.reply_ms, strict=True))}),
        "histories": [history.as_json() for history in deck.histories],
    }


def _pact(pact: PactOutcome, last_confirmed: str | None) -> dict[str, Any]:
    interactions = [
        {
            "key": one.key,
            "verdict": one.verdict.value,
            "mismatches": list(one.mismatches),
            "broken": [{"obligation": broken.obligation, "text": broken.text} for broken in one.broken],
            "text": one.text,
        }
        for one in pact.interactions
    ]
    return {
        "consumer": pact.consumer,
        "consumer_version": pact.origin.version,
        "selected": pact.origin.selected,
        "place": pact.origin.place,
        "notices": list(notices(pact)),
        "verdict": "unknown" if _is_unknown(pact) else pact.verdict.value,
        "pending": pact.pending,
        "published": pact.published,
        "troubles": list(pact.troubles),
        "warnings": list(pact.notes),
        "interactions": interactions,
        "decks": [_deck(deck, last_confirmed) for deck in pact.decks],
    }


def _is_unknown(pact: PactOutcome) -> bool:
    return bool(pact.troubles) and pact.verdict != Verdict.BROKEN
