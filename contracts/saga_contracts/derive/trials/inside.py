"""Inside (O35): a call of the participant to a service that it depends on itself fails, between its own sub-steps (pure).

    F inside-500 F     a call during F fails, and F comes again: applied once, here and there
    F inside-lost C    it was done there and the reply is lost, and C comes: undone, here and there
    F C inside-kill C  the participant is killed at a call during C, and C comes again

How many calls there are only the participant knows: each trial lets every one of them fail once.
"""

from collections.abc import Iterator

from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.expectations import Letter
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

MODES = ("closed", "500", "silent", "lost", "kill")
INSIDE = "inside-"
_OBLIGATIONS = ("O35",)


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give the failures inside that a step must repair: of a step that only reads, none.

    Args:
        slice_: The step's slice of the saga.
        deck: Its deck.
    """
    if slice_.step.only_reads:
        return
    known = {one.name: one for one in deck.histories}
    done = "F D" if slice_.step.tells_later else "F"
    for mode in MODES:
        yield from _trial(known.get(done), f"F {INSIDE}{mode} {done.removeprefix('F ')}", 1)
        if Letter.COMPENSATE in known:
            yield from _trial(known[Letter.COMPENSATE], f"F {INSIDE}{mode} C", 0)
        undone = known.get(f"{done} C")
        yield from _trial(undone, f"{done} C {INSIDE}{mode} C", len(undone.plays) if undone is not None else 0)


def mode_of(trial: Trial) -> str:
    """Give how the call fails."""
    return next(word.removeprefix(INSIDE) for word in trial.name.split() if word.startswith(INSIDE))


def during(trial: Trial) -> str:
    """Give the letter of the call during which a call of the participant fails."""
    words = trial.name.split()
    return words[next(number for number, word in enumerate(words) if word.startswith(INSIDE)) - 1]


def _trial(history: History | None, name: str, at: int) -> Iterator[Trial]:
    if history is not None:
        yield Trial(Kind.INSIDE, name, history, at, _OBLIGATIONS)
