"""Trials of a step that tells its outcome by a callback: who takes it fails, is slow, loses its answer, or is away (pure).

What is asked is O19: the callback is told again until it is taken, from what the participant keeps over a restart, and no faster
than it may; and O18: it tells the same each time. Each outcome that the step can come to is tried, the usual one in every manner.
"""

from collections.abc import Iterator
from enum import StrEnum

from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.expectations import CALLBACKS, Letter
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

OBLIGATIONS = ("O18", "O19")


class Receiver(StrEnum):
    """What is wrong with who takes the callbacks."""

    FAILS = "fails"  # it answers with errors for a while, or not at all
    LOSES = "loses its answer"  # it takes the callback, and its answer is lost
    SLOW = "is slow"  # it keeps the caller waiting, and ends without an answer
    AWAY = "is away over a restart"  # nobody listens while the participant is killed and started again


_TOLD = tuple((Letter.FORWARD, end) for end in CALLBACKS)
"""The histories of which a callback is all that comes after the call."""
_OF_A_REFUSAL = (Receiver.FAILS, Receiver.AWAY)
"""A refusal is told by the same code as a rule: it is tried where most goes wrong."""


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give the trials of a step's callbacks; none where it has none.

    Args:
        slice_: The step's slice of the saga.
        deck: Its deck.
    """
    if slice_.step.callback is None:
        return
    for history in deck.histories:
        letters = tuple(play.letter for play in history.plays)
        if letters in _TOLD:
            yield from _of(history, refused=letters[-1] == Letter.CALLBACK_REFUSED)


def manner(trial: Trial) -> Receiver:
    """Give what is wrong with the receiver in a trial."""
    return next(one for one in Receiver if trial.name == _name(trial.history, one))


def _of(history: History, *, refused: bool) -> Iterator[Trial]:
    for one in _OF_A_REFUSAL if refused else Receiver:
        yield Trial(Kind.RECEIVER, _name(history, one), history, None, OBLIGATIONS)


def _name(history: History, receiver: Receiver) -> str:
    return f"{history.name} (receiver {receiver.value})"
