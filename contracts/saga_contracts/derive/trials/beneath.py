"""Beneath a participant: its clock is moved (O30) (pure).

F moved F      a repeated call is absorbed as well when nearly all of the time is over for which keys are kept
"""

from collections.abc import Iterator

from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

MOVED, RESTORED = "moved", "restored"


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give what a step is asked over a moved clock and a restored database: of a step that only reads, nothing.

    Args:
        slice_: The step's slice of the saga.
        deck: Its deck.
    """
    if slice_.step.only_reads:
        return
    known = {one.name: one for one in deck.histories}
    done = "F D" if slice_.step.tells_later else "F"
    for before, after in ((done, "F"), ("C", "F"), (f"{done} C", "F")):
        history = known.get(f"{before} {after}")
        if history is not None:
            yield Trial(Kind.INSIDE, f"{before} {MOVED} {after}", history, len(before.split()), ("O30",))
    if done in known:
        yield Trial(Kind.INSIDE, f"{done} {RESTORED} {done}", known[done], len(known[done].plays), ("O17",))


def is_moved(trial: Trial) -> bool:
    """Is the clock moved?"""
    return MOVED in trial.name.split()


def is_restored(trial: Trial) -> bool:
    """Is the database restored?"""
    return RESTORED in trial.name.split()
