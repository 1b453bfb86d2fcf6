"""Which faults cause a history: the fewest, and of those the plainest (pure).

`model` says which words can arrive, and names the faults of each move; here the cheapest way to a word is looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from saga_contracts.declare.outcomes import State
from saga_contracts.derive import model
from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.expectations import Word
from saga_contracts.derive.model import At, Fault, Phase, Rules
from saga_contracts.derive.slices import StepSlice


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault.

    Attributes:
        fault: What goes wrong.
        phase: Where the orchestrator is with the step then.
    """

    fault: Fault
    phase: Phase


__all__ = ["Cause", "Fault", "causes", "causes_of", "of_deck"]
_RANK = {fault: number for number, fault in enumerate(Fault)}


def causes(rules: Rules, word: Word, faults: int) -> tuple[Cause, ...]:
    """Give the faults that cause a history, in their order.

    Args:
        rules: The rules of the step.
        word: The history.
        faults: The least number of faults that causes it.

    Raises:
        ValueError: when so many faults do not cause it.
    """
    found = _cheapest(rules, At(budget=faults), word)
    if found is None:
        raise ValueError(f"{' '.join(word)} is not caused by {faults} faults.")
    return found


def of_deck(slice_: StepSlice, deck: Deck) -> dict[str, tuple[Cause, ...]]:
    """Give the causes of each history of a step's deck by its word; those that stand there for their obligation have none."""
    return {one.word: causes_of(slice_, one) for one in deck.histories if one.faults is not None}


def causes_of(slice_: StepSlice, history: History) -> tuple[Cause, ...]:
    """Give the causes of one history of a step's deck; none where it stands there for its obligation."""
    word = tuple(play.letter for play in history.plays)
    return () if history.faults is None else causes(Rules.of(slice_), word, history.faults)


@lru_cache(maxsize=200_000)
def _cheapest(rules: Rules, at: At, word: Word) -> tuple[Cause, ...] | None:
    """Give the plainest way from a state of the model through the rest of a word to the end; None when there is none."""
    if not word and at.phase == Phase.OVER and at.state != State.IN_PROGRESS:
        return ()
    found = list(_ways(rules, at, word))
    return min(found, key=_plainness) if found else None


def _ways(rules: Rules, at: At, word: Word) -> Iterator[tuple[Cause, ...]]:
    for move in model.moves(rules, at):
        if move.letter is not None and word[:1] != (move.letter,):
            continue
        rest = _cheapest(rules, move.at, word if move.letter is None else word[1:])
        if rest is not None:
            yield (*(Cause(fault, at.phase) for fault in move.faults), *rest)


def _plainness(found: tuple[Cause, ...]) -> tuple[int, list[int]]:
    """Give what to sort by: fewer faults first, then those whose oddest fault is plainer."""
    return len(found), sorted((_RANK[one.fault] for one in found), reverse=True)
