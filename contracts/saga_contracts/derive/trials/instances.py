"""Two instances on one database: every history of the deck, its calls taking turns between them (pure).

A landscape runs more than one instance of a service, and a load balancer gives no call to the one that answered the call before.
What an instance keeps to itself (a memory of keys, a lock, a copy of the status) is not there for the others (O34).
"""

from collections.abc import Iterator

from saga_contracts.derive.decks import Deck
from saga_contracts.derive.slices import StepSlice
from saga_contracts.derive.trials.kinds import Kind, Trial

OBLIGATIONS = ("O34",)


def trials(slice_: StepSlice, deck: Deck) -> Iterator[Trial]:
    """Give one trial for each history that can change something; a step that only reads has no truth of its own."""
    for history in () if slice_.step.only_reads else deck.histories:
        yield Trial(Kind.INSTANCES, f"{history.name} (two instances)", history, None, OBLIGATIONS)
