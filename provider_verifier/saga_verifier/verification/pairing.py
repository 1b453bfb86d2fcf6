"""The decks of pairs in a pact: played after the decks of their steps, and shown with those of the second step of each."""

from collections.abc import Callable, Sequence
from datetime import date

from saga_contracts.derive import pairs
from saga_contracts.derive.pairs import PairDeck, PairHistory
from saga_contracts.errors import SagapactError
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.play.driver import Driver
from saga_verifier.reuse import Known
from saga_verifier.trials import play_pair
from saga_verifier.verdicts import DeckResult, HistoryResult
from saga_verifier.verification.target import Drivers


def with_pairs(
    results: Sequence[DeckResult],
    drivers: Drivers,
    faults: int,
    today: date,
    ended: Callable[[HistoryResult], None],
    reused: Known | None = None,
    only: PairDeck | None = None,
) -> tuple[list[DeckResult], list[str]]:
    """Play the pairs of which both steps' decks were played.

    Args:
        results: What the decks of the steps showed.
        drivers: Call the steps, by `saga/step`.
        faults: The most faults in one history.
        today: The day on which waivers are judged.
        ended: Told of each history when it is over.
        reused: Results that need not be found out again; None: there are none.
        only: The only pair that is played, with some of its histories; None: all are.

    Returns:
        The results, those of the second steps with their pairs; and what could not be played, in words.
    """
    known = {(one.deck.saga, one.deck.step): one for one in results}
    troubles = []
    for deck in [only] if only is not None else pairs.in_pact([driver.slice for driver in drivers.values()], faults):
        first, second = ((deck.saga, step) for step in deck.steps)
        if first not in known or second not in known:
            continue
        own = (drivers["/".join(first)], drivers["/".join(second)])
        plain = tuple({history.name: history for history in known[one].histories} for one in (first, second))
        found = []
        try:
            for result in play_pair(deck, own, (plain[0], plain[1]), today, _known(own, reused)):
                ended(result)
                found.append(result)
        except IsolationError:
            raise
        except SagapactError as error:
            troubles.append(f"the pair of {deck.steps[0]} and {deck.steps[1]} was not played to its end: {error}")
        known[second] = known[second].beside(deck, found)
    return list(known.values()), troubles


def _known(own: tuple[Driver, Driver], reused: Known | None) -> Callable[[PairHistory], HistoryResult | None]:
    return lambda history: None if reused is None else reused.history(own[1].slice, history, own[0].slice)
