"""Trials: what a step's deck asks besides calls one after another: kills, overlaps, further instances, other sagas (pure).

Each kind stands in a module of its own, which derives its trials from the step's slice and deck. A gate derives the same.
"""

from collections.abc import Callable, Iterator

from saga_contracts.derive.adoption import Level
from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials import beneath, crash, inside, instances, race, receiver, two_sagas
from saga_contracts.derive.trials.kinds import Kind, Trial

__all__ = ["Kind", "Trial", "derive"]

_Source = Callable[[StepSlice, Deck], Iterator[Trial]]
_AT_LEVEL: tuple[tuple[int, _Source], ...] = (
    (Level.FAILURES, crash.trials),
    (Level.FAILURES, race.trials),
    (Level.FAILURES, instances.trials),
    (Level.STATUS, two_sagas.trials),
    (Level.FAILURES, receiver.trials),
    (Level.FAILURES, inside.trials),
    (Level.FAILURES, beneath.trials),
)
"""From which level of adoption on the trials of each kind are asked for."""


def derive(slice_: StepSlice, deck: Deck) -> tuple[Trial, ...]:
    """Give the trials that a step's level of adoption asks for, in a stable order; each name once.

    Args:
        slice_: The step's slice of the saga.
        deck: Its deck.
    """
    return tuple(trial for level, source in _AT_LEVEL if slice_.level >= level for trial in source(slice_, deck))
