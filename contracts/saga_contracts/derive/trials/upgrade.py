"""Histories cut after each of their events: what comes before goes to one version of a participant, the rest to another (pure).

Only played where somebody names the other version: they are no trials that a step's level asks for.
"""

from collections.abc import Iterator

from saga_contracts.derive.decks import History
from saga_contracts.derive.trials.kinds import Kind, Trial


def cuts(history: History, words: str) -> Iterator[Trial]:
    """Give a history cut after each of its events.

    Args:
        history: The history.
        words: Of which version to which, such as `from 1.0`; they stand in the names, as in `F > C (from 1.0)`.
    """
    letters = history.word.split()
    improved = "improved, " if history.improved else ""
    for at in range(1, len(letters) + 1):
        parted = " ".join([*letters[:at], ">", *letters[at:]])
        yield Trial(Kind.UPGRADE, f"{parted} ({improved}{words})", history, at, history.obligations)
