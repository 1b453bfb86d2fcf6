"""Which faults cause a history: the fewest, and of those the plainest (pure).

`model` says which words can arrive; here its moves are read backwards. A fault is told from what a move changed, so that the
model itself need not name what it counts. A test holds that every move that costs faults is told, each fault once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from saga_contracts.declare.outcomes import State
from saga_contracts.derive import model
from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.expectations import REFUSALS, Letter, Word
from saga_contracts.derive.model import At, Outage, Phase, Rules
from saga_contracts.derive.slices import StepSlice


class Fault(StrEnum):
    """What can go wrong, the plainest first: of several causes with as few faults, the one that comes earlier here is told."""

    REFUSED = "refused"  # the participant refuses
    OTHER_STEP_FAILED = "other_step_failed"
    REPLY_LOST = "reply_lost"
    REQUEST_LOST = "request_lost"
    REQUESTS_SWALLOWED = "requests_swallowed"  # by an outage, as long as it lasts
    REPLIES_SWALLOWED = "replies_swallowed"
    NO_CALLBACK = "no_callback"
    LATE = "late"
    DOUBLED = "doubled"
    CANCELLED = "cancelled"  # another step fails while the call is on its way
    CRASHED = "crashed"  # the orchestrator


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault.

    Attributes:
        fault: What goes wrong.
        phase: Where the orchestrator is with the step then.
    """

    fault: Fault
    phase: Phase


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
    for letter, following in model.moves(rules, at):
        if letter is not None and word[:1] != (letter,):
            continue
        rest = _cheapest(rules, following, word if letter is None else word[1:])
        if rest is not None:
            yield (*told(at, letter, following), *rest)


def _plainness(found: tuple[Cause, ...]) -> tuple[int, list[int]]:
    """Give what to sort by: fewer faults first, then those whose oddest fault is plainer."""
    return len(found), sorted((_RANK[one.fault] for one in found), reverse=True)


def told(before: At, letter: Letter | None, after: At) -> tuple[Cause, ...]:
    """Tell the faults of one move from what it changed."""
    found = [Fault.REFUSED] if letter in REFUSALS else []
    if before.budget - after.budget > len(found):
        found.append(_fault(before, letter, after))
    return tuple(Cause(fault, before.phase) for fault in found)


def _fault(before: At, letter: Letter | None, after: At) -> Fault:
    """Tell the fault of a move that is no refusal."""
    left = before.phase != after.phase
    if after.outage not in (before.outage, Outage.NONE):
        return Fault.REQUESTS_SWALLOWED if after.outage == Outage.REQUESTS else Fault.REPLIES_SWALLOWED
    if (after.late_forwards, after.late_compensations) > (before.late_forwards, before.late_compensations):
        return Fault.CANCELLED if left else Fault.LATE if after.tried > before.tried else Fault.DOUBLED
    if left:
        return Fault.NO_CALLBACK if before.phase == Phase.WAITING else Fault.OTHER_STEP_FAILED
    if after.tried > before.tried:
        return Fault.REQUEST_LOST if letter is None else Fault.REPLY_LOST
    return Fault.CRASHED
