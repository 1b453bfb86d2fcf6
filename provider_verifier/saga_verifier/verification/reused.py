"""A pact of which nothing has to be found out again: every interaction and history is known, so that nobody need be started."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from saga_contracts.derive import decks, pactfile
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.errors import SagapactError
from saga_verifier import replay
from saga_verifier.replay import Interaction
from saga_verifier.reuse import Known
from saga_verifier.verdicts import DeckResult, HistoryResult, PactOutcome


def known_histories(slice_: StepSlice, deck: Deck, known: Known | None) -> dict[str, HistoryResult]:
    """Give the results of histories that need not be played, by name."""
    found = {one.name: known.history(slice_, one) for one in deck.histories} if known is not None else {}
    return {name: result for name, result in found.items() if result is not None}


def whole(provider: str, pact: Any, faults: int, today: date, known: Known, *, pending: bool) -> PactOutcome | None:
    """Give the outcome of a pact of which everything is known; None: something has to be found out, as trials always have."""
    read = contents(provider, pact)
    if read is None:
        return None
    consumer, interactions, slices = read
    outcomes = [known.interaction(consumer, one, slices) for one in interactions]
    played = [_deck(slice_, faults, today, known) for slice_ in slices]
    if not all(outcomes) or not all(played):
        return None
    found = tuple(one for one in outcomes if one is not None)
    return PactOutcome(consumer, provider, pending, found, tuple(one for one in played if one is not None))


def contents(provider: str, pact: Any) -> tuple[str, Sequence[Interaction], Sequence[StepSlice]] | None:
    """Give consumer, interactions and steps of a pact; None: it cannot be read."""
    try:
        consumer, _ = replay.parties(pact)
        return consumer, replay.read_pact(pact, provider), pactfile.slices(pact)
    except SagapactError:
        return None


def _deck(slice_: StepSlice, faults: int, today: date, known: Known) -> DeckResult | None:
    deck = decks.derive(slice_, faults)
    found = known_histories(slice_, deck, known)
    if len(found) < len(deck.histories) or not deck.histories or derive_trials(slice_, deck):
        return None
    return DeckResult(deck, slice_, tuple(found[one.name] for one in deck.histories), today)
