"""Plays the deck of a step against a stand-in made from its saga file, over real HTTP."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from saga_contracts.derive import decks
from saga_contracts.derive.decks import History
from saga_contracts.derive.slices import StepSlice
from saga_contracts.rim.sender import bounded_client
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import STATES, Serving
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.verdicts import DeckResult

TODAY = dt.date(2026, 1, 1)


def played(
    rules: Sequence[Right],
    slice_: StepSlice,
    *,
    faults: int = 1,
    only: Callable[[History], bool] = lambda _: True,
    base_url: str | None = None,
) -> DeckResult:
    """Play the deck of one step against a participant that serves all of these steps."""
    deck = decks.derive(slice_, faults)
    chosen = replace(deck, histories=tuple(one for one in deck.histories if only(one)))
    assert chosen.histories, "nothing would be played"
    with Serving(rules) as serving, CallbackReceiver() as callbacks, bounded_client() as http:
        url = base_url or serving.base_url
        return play_deck(Driver(slice_, url, url + STATES, callbacks, http), chosen, TODAY)
