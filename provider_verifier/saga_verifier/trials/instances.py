"""Two instances on one database: each history's calls take turns, and who did not answer is asked what came of it (O34).

Call 1 goes to the first instance, and its status and effect are asked of the second, which gets call 2, and so on; histories that
wait for nothing are played the other way round as well. One start of the second instance serves all histories.
"""

import time
from collections.abc import Iterator, Sequence

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.decks import History
from saga_contracts.derive.expectations import CALLBACKS, Letter
from saga_contracts.derive.trials import Trial
from saga_verifier.isolation.errors import IsolationError
from saga_verifier.isolation.interface import Running
from saga_verifier.play.deck import WAIT_AFTER_A_MISS_S, wait_for_work
from saga_verifier.play.history import Playing
from saga_verifier.play.looking import reads_its_own
from saga_verifier.trials.disturbed import judged
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.untold import inapplicable, untold
from saga_verifier.verdicts import HistoryResult

_DISTURBANCE = "a second instance"


def play(ground: Ground, trials: Sequence[Trial]) -> Iterator[HistoryResult]:
    """Play each trial's history with two instances.

    Raises:
        IsolationError: when the first instance does not run any more.
    """
    if ground.provider.instances.most == 1:
        reason = ground.provider.instances.reason or "its provider file says `instances: 1`"
        yield from (inapplicable(one, f"{ground.running.name} runs in one instance only: {reason}.") for one in trials)
        return
    began = time.monotonic()
    try:
        second = ground.running.beside()
    except IsolationError as error:
        _revive(ground.running)
        yield from (untold(one, _not_started(error)) for one in trials)
        return
    with second:
        how = f"second instance started in {(time.monotonic() - began) * 1000:.0f} ms for {len(trials)} histories"
        yield from _with_two(ground, (ground.running, second), trials, how)


def _with_two(ground: Ground, both: tuple[Running, Running], trials: Sequence[Trial], how: str) -> Iterator[HistoryResult]:
    first = _all_played(ground, both, [one.history for one in trials])
    waitless = [one.history for one in trials if _goes_both_ways(one.history)]
    other = dict(zip((one.name for one in waitless), _all_played(ground, both[::-1], waitless), strict=True))
    for trial, playing in zip(trials, first, strict=True):
        turned = other.get(trial.history.name)
        ways = f"{how}; {'beginning at either' if turned else 'beginning at the first'}"
        results = [judged(ground, trial, one, "O34", _DISTURBANCE, ways) for one in (playing, turned) if one is not None]
        gone = next((one for one in both if one.ended() is not None), None)
        if gone is not None and results[0].verdict != Verdict.KEPT:
            yield untold(trial, f"an instance of {gone.name} ended meanwhile ({gone.ended()}). Look at its log and verify again.")
        else:
            yield _worse(results)


def _all_played(ground: Ground, both: tuple[Running, Running], histories: Sequence[History]) -> list[Playing]:
    """Play all histories to their end; what was undone at work is waited for once, where data are apart."""
    apart = reads_its_own(ground.driver.slice, ground.driver.prober)
    played: list[Playing] = []
    for history in histories:
        missed = any(one.missed_callback for one in played)
        played.append(_played(ground, both, history, WAIT_AFTER_A_MISS_S if missed else None))
        if not apart:
            wait_for_work(played[-1].driver, played[-1:])
            played[-1].look_again()
        if not any(one.is_to_be_looked_at for one in played):  # their preconditions may be the same
            played[-1].driver.release(played[-1].instance)
    wait_for_work(ground.driver, played)
    for one in played:
        one.end()
        one.driver.release(one.instance)
    return played


def _played(ground: Ground, both: tuple[Running, Running], history: History, longest_wait_s: float | None) -> Playing:
    """Play one history; a call that was not answered in time is given a second chance, as in a deck."""
    for chance in range(2):
        turns = _Turns(ground, both, history)
        playing = Playing(turns.driver, history, longest_wait_s=longest_wait_s, after_event=turns.after_event)
        playing.run()
        if chance == 0 and any(one.obligation == "O21" for one in playing.broken):
            turns.driver.release(playing.instance)
            continue
        break
    return playing


class _Turns:
    """Says which of two instances is called next: the other one, once an event was answered.

    What is called states is changed at the one that begins, and stays there while a precondition speaks of that one alone.
    """

    def __init__(self, ground: Ground, both: tuple[Running, Running], history: History) -> None:
        self._ground, self._both, self._history, self._next = ground, both, history, 0
        self.driver = ground.driver.at(self._at, ground.driver.states)

    def after_event(self, number: int) -> None:
        """Turn to the other instance; not for what the participant did by itself, or had to be asked again where it is."""
        if self._history.plays[number].letter not in (*CALLBACKS, Letter.RETRYABLE):
            self._next = 1 - self._next

    def _at(self) -> str:
        return self._ground.provider.calls_url(self._both[self._next].base_url)


def _goes_both_ways(history: History) -> bool:
    """Is it cheap, and are its preconditions there at either? What makes a service try again may be one instance's own."""
    letters = {play.letter for play in history.plays}
    return not (letters & {*CALLBACKS, Letter.RETRYABLE} or history.undone_at_work)


def _worse(results: Sequence[HistoryResult]) -> HistoryResult:
    order = (Verdict.BROKEN, Verdict.WAIVED, Verdict.UNPROVEN, Verdict.KEPT)
    return min(results, key=lambda one: order.index(one.verdict))


def _revive(first: Running) -> None:
    """Start the first instance again where the start of the second one ended it."""
    if first.ended() is not None:
        first.kill()
        first.start()


def _not_started(error: IsolationError) -> str:
    said = str(error).splitlines()[0]
    return (
        f"a second instance on the same data does not start: {said} Let it start beside the first (a port of its own by "
        "{port}, no exclusive lock of the data), or write `instances: 1` where only one is ever run."
    )
