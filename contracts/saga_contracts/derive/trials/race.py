"""Races: two calls of one key are under way at the same time (pure).

    F | F      a duplicate beside the call itself: one effect (O5)
    F | C      a call beside its own compensation: it ends 'not applied' (O10)
    F C | C    a compensation beside itself: undone once (O7)

The two calls on either side of `|` overlap; what stands before and behind them is played one after another. Where the
compensation needs the reply to its forward call, a duplicate of that races with it: `F F | C`.
"""

from collections.abc import Iterator

from saga_contracts.declare.saga import KeyStyle
from saga_contracts.derive import decks
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.expectations import Letter, Word
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

_F, _C, _D = Letter.FORWARD, Letter.COMPENSATE, Letter.DONE


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give the races of a step, as far as it has the calls and a key that makes them one.

    Args:
        slice_: The step's slice of the saga.
        deck: Its deck; a race is derived from the slice alone.
    """
    del deck
    step = slice_.step
    if step.only_reads:
        return
    works = (_D,) if step.tells_later else ()
    done: Word = (_F, *works)
    if step.key != KeyStyle.NONE:
        yield _race(slice_, (), (_F, _F), works, "O5")
    if step.compensate is None:
        return
    yield _race(slice_, done if step.own_outputs("compensate") else (), (_F, _C), (), "O10")
    yield _race(slice_, done, (_C, _C), (), "O7", "O10")


def orders(slice_: StepSlice, trial: Trial) -> tuple[decks.History, ...]:
    """Give the histories that a race may turn out to be: its two calls one after the other, either first."""
    at = trial.at or 0
    letters = tuple(play.letter for play in trial.history.plays)
    pair, rest = letters[at : at + 2], letters[at + 2 :]
    words = dict.fromkeys((*letters[:at], *both, *rest) for both in (pair, pair[::-1]))
    return tuple(decks.history_of(slice_, word) for word in words)


def _race(slice_: StepSlice, before: Word, pair: Word, after: Word, *obligations: str) -> Trial:
    first, second = pair
    name = " ".join((*before, first, "|", second, *after))
    return Trial(Kind.RACE, name, decks.history_of(slice_, (*before, *pair, *after)), len(before), obligations)
