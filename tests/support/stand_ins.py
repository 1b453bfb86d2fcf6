"""Stand-ins made from saga files, played and verified over real HTTP in this process."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import adoption, decks
from saga_contracts.derive.decks import History
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.rim.sender import bounded_client
from saga_contracts.stand_in.deviations import at_hand
from saga_contracts.stand_in.doubts import doubts
from saga_contracts.stand_in.right import Choose, Right, first_of
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.verdicts import DeckResult

TODAY = dt.date(2026, 1, 1)


def all_right(saga: Saga, participant: str, choose: Choose = first_of) -> list[Right]:
    """Give right rules of every step at a participant."""
    return [Right(step_slice(saga, one.step), choose) for one in saga.steps if one.participant == participant]


def played_at(url: str, slice_: StepSlice, *, faults: int = 1, only: Callable[[History], bool] = lambda _: True) -> DeckResult:
    """Play the deck of one step against a participant that runs already."""
    deck = decks.derive(slice_, faults)
    chosen = replace(deck, histories=tuple(one for one in deck.histories if only(one)))
    assert chosen.histories, "nothing would be played"
    with CallbackReceiver() as callbacks, bounded_client() as http:
        return play_deck(Driver(slice_, url, url + STATES, callbacks, http), chosen, TODAY)


def played(
    rules: Sequence[Right], slice_: StepSlice, *, faults: int = 1, only: Callable[[History], bool] = lambda _: True
) -> DeckResult:
    """Play the deck of one step against a participant with these rules."""
    with Serving(rules) as serving:
        return played_at(serving.base_url, slice_, faults=faults, only=only)


def not_shown(slice_: StepSlice, result: DeckResult) -> set[str]:
    """Give the obligations that the file cannot show: their evidence is not at hand, or no history asks them."""
    asked, given_up = adoption.asked(slice_), adoption.declared_broken(slice_)
    checked = {one for history in result.histories for one in history.checks}
    hidden = {one for one, kinds in asked.items() if kinds - at_hand(slice_) or one not in checked}
    return hidden - given_up.keys()


def cannot_be_told_apart(slices: Iterable[StepSlice]) -> bool:
    """Does the file itself say that its sagas meet, so that no participant could be right?"""
    return any("meets the effects of the others" in one or "at one address" in one for one in doubts(list(slices)))
