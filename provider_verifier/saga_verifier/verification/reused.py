"""A pact of which nothing has to be found out again: every interaction and history is known, so that nobody need be started."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from saga_contracts.derive import decks, pactfile, pairs
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import Trial
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.errors import SagapactError
from saga_verifier import replay
from saga_verifier.replay import Interaction
from saga_verifier.reuse import Known, freeing_step
from saga_verifier.verdicts import DeckResult, HistoryResult, PactOutcome


def known_histories(slice_: StepSlice, deck: Deck, known: Known | None) -> dict[str, HistoryResult]:
    """Give the results of histories that need not be played, by name."""
    found = {one.name: known.history(slice_, one) for one in deck.histories} if known is not None else {}
    return {name: result for name, result in found.items() if result is not None}


def known_trials(
    slice_: StepSlice, derived: Sequence[Trial], known: Known | None, slices: Sequence[StepSlice]
) -> dict[str, HistoryResult]:
    """Give the results of trials that need not be played, by name: where nothing is disturbed they are worth as much."""
    freeing = freeing_step(slice_, slices)
    undisturbed = [one for one in derived if one.is_undisturbed]
    found = {one.name: known.history(slice_, one, freeing) for one in undisturbed} if known is not None else {}
    return {name: result for name, result in found.items() if result is not None}


def whole(provider: str, pact: Any, faults: int, today: date, known: Known, *, pending: bool) -> PactOutcome | None:
    """Give the outcome of a pact of which everything is known; None: something has to be found out, as trials always have."""
    read = contents(provider, pact)
    if read is None:
        return None
    consumer, interactions, slices = read
    outcomes = [known.interaction(consumer, one, slices) for one in interactions]
    played = _with_pairs([_deck(slice_, slices, faults, today, known) for slice_ in slices], slices, faults, known)
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


def _deck(slice_: StepSlice, slices: Sequence[StepSlice], faults: int, today: date, known: Known) -> DeckResult | None:
    deck = decks.derive(slice_, faults)
    derived = derive_trials(slice_, deck)
    found = known_histories(slice_, deck, known) | known_trials(slice_, derived, known, slices)
    names = [*(one.name for one in deck.histories), *(one.name for one in derived)]
    if len(found) < len(names) or not deck.histories:
        return None
    return DeckResult(deck, slice_, tuple(found[name] for name in names), today)


def _with_pairs(
    played: Sequence[DeckResult | None], slices: Sequence[StepSlice], faults: int, known: Known
) -> list[DeckResult | None]:
    """Add the pairs to the decks of their second steps; a deck of whose pairs not all are known is not known either."""
    found = {(one.saga, one.step.step): result for one, result in zip(slices, played, strict=True)}
    by_name = {(one.saga, one.step.step): one for one in slices}
    for deck in pairs.in_pact(slices, faults):
        first, second = (by_name[deck.saga, step] for step in deck.steps)
        results = [known.history(second, one, first) for one in pairs.played(deck, (first, second))]
        so_far, key = found[deck.saga, deck.steps[1]], (deck.saga, deck.steps[1])
        there = tuple(one for one in results if one is not None)
        complete = so_far is not None and len(there) == len(results)
        found[key] = so_far.beside(deck, there) if so_far is not None and complete else None
    return list(found.values())
