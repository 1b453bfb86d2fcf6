"""Playing a deck: each history with a fresh step key against the running participant.

What a worker may still do after it was undone at work is waited for once, for all histories together: as long as the participant
was seen to need for its work, and never less than `SHORTEST_WAIT_S`. Where the next history would change what the probe of this
one reads, each is waited for by itself. Preconditions are taken back after each history, or once they
are not needed any more. Where histories have keys and data of their own many are played at once (`together`); what deviates so
is played by itself.
"""

import time
from collections.abc import Callable, Sequence
from datetime import date

from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.decks import Deck, History
from saga_verifier.play.driver import Driver
from saga_verifier.play.history import Playing
from saga_verifier.play.looking import is_apart, reads_its_own
from saga_verifier.play.together import kept_together
from saga_verifier.verdicts import Broken, DeckResult, HistoryResult

SHORTEST_WAIT_S = 1.5
LONGER_THAN_SEEN = 3.0
"""So many times as long as the longest work that was seen is waited for work that was undone."""
WAIT_AFTER_A_MISS_S = 0.5
"""Once a callback did not come in all the time that it is allowed, the other histories wait no longer than this."""
_NOT_BY_ASKING = ("O18", "O21", "O31")
"""Deviations that no status call can have caused."""

Progress = Callable[[HistoryResult], None]


def play_deck(driver: Driver, deck: Deck, today: date, progress: Progress | None = None, at_once: int = 1) -> DeckResult:
    """Play every history of a deck.

    Args:
        driver: Calls the participant.
        deck: What to play.
        today: The date on which waivers are judged.
        progress: Told of each history, in the order of the deck, when all have been played.
        at_once: How many are played at the same time, where their keys and data are apart.

    Raises:
        SagapactError: when the participant cannot be put into a precondition.
    """
    waivers = Waivers(driver.slice.waivers, driver.slice.step.step, today)
    tell = progress or (lambda _: None)
    kept: dict[str, Playing] = {}
    if at_once > 1 and len(deck.histories) > 1 and is_apart(driver.slice, driver.prober):
        kept = kept_together(driver, deck.histories, at_once, _played, wait_for_work)
    alone = {one.history.name: one for one in _one_by_one(driver, [one for one in deck.histories if one.name not in kept])}
    results = []
    for history in deck.histories:
        if history.name in alone:
            driver.release(alone[history.name].instance)
        result = _explained(alone.get(history.name) or kept[history.name], waivers)
        results.append(result)
        tell(result)
    return DeckResult(deck, driver.slice, tuple(results), today)


def _one_by_one(driver: Driver, histories: Sequence[History]) -> list[Playing]:
    """Play histories one after the other to their end, but for taking back the preconditions that are still needed."""
    under_way: list[Playing] = []
    apart = reads_its_own(driver.slice, driver.prober)
    for history in histories:
        missed = any(playing.missed_callback for playing in under_way)
        under_way.append(_played(driver, history, longest_wait_s=WAIT_AFTER_A_MISS_S if missed else None))
        if not apart:
            wait_for_work(driver, under_way[-1:])
            under_way[-1].look_again()
        if not any(playing.is_to_be_looked_at for playing in under_way):  # their preconditions may be the same
            driver.release(under_way[-1].instance)
    wait_for_work(driver, under_way)
    for playing in under_way:
        playing.end()
    return under_way


def play(driver: Driver, history: History, today: date, shortest_wait_s: float = SHORTEST_WAIT_S) -> HistoryResult:
    """Play one history by itself.

    Args:
        driver: Calls the participant.
        history: What to play.
        today: The date on which waivers are judged.
        shortest_wait_s: How long work that was undone is waited for at least.

    Raises:
        SagapactError: when the participant cannot be put into a precondition.
    """
    playing = _played(driver, history)
    wait_for_work(driver, [playing], shortest_wait_s)
    playing.end()
    driver.release(playing.instance)
    return _explained(playing, Waivers(driver.slice.waivers, driver.slice.step.step, today))


def wait_for_work(driver: Driver, under_way: Sequence[Playing], shortest_wait_s: float | None = None) -> None:
    """Wait for work that was undone, if there is any, as long as the participant was seen to need for its work.

    Args:
        driver: Calls the participant.
        under_way: Histories whose events are over.
        shortest_wait_s: At least so long; None: as for a deck.
    """
    if not any(playing.leaves_work for playing in under_way):
        return
    longest_ms = max((took for playing in under_way for took in playing.callback_ms), default=0.0)
    declared_s = driver.slice.step.told_within_ms / 1000
    shortest_s = SHORTEST_WAIT_S if shortest_wait_s is None else shortest_wait_s
    time.sleep(max(shortest_s, min(LONGER_THAN_SEEN * longest_ms / 1000, declared_s)))


def _played(driver: Driver, history: History, *, asks_status: bool = True, longest_wait_s: float | None = None) -> Playing:
    playing = Playing(driver, history, asks_status=asks_status, longest_wait_s=longest_wait_s)
    playing.run()
    return playing


def _explained(playing: Playing, waivers: Waivers) -> HistoryResult:
    """Give the result; where the same history is kept when nobody asks for the status, asking is what broke it (O15).

    A call that was not answered in time is given a second chance: one pause of the machine is no fault of the participant, and
    who is too slow will be so again.
    """
    if _was_late(playing):
        again = _once_more(playing)
        playing = playing if _was_late(again) else again
    changed = playing.perhaps_by_asking
    if changed is not None:
        silent = _once_more(playing, asks_status=False)
        if not silent.broken and not silent.trouble:
            text = f"the same history is kept when nobody asks for the status; with status calls {changed.text}"
            playing.broken = [Broken("O15", text)]
    return playing.result(waivers)


def _was_late(playing: Playing) -> bool:
    """Was a call of the history, or the question what came of it, not answered?"""
    return any(one.obligation == "O21" for one in playing.broken) or not playing.was_told


def _once_more(playing: Playing, *, asks_status: bool = True) -> Playing:
    """Play the same history to its end once more, with a fresh instance."""
    wait_s = WAIT_AFTER_A_MISS_S if playing.missed_callback else None
    again = _played(playing.driver, playing.history, asks_status=asks_status, longest_wait_s=wait_s)
    wait_for_work(playing.driver, [again])
    again.end()
    playing.driver.release(again.instance)
    return again
