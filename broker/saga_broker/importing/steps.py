"""What the parts of an import share: how far they are, how much they write at once, and which dates they write."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

CHUNK = 100
T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Is told the phase, how much of it is done, and how much there is."""


def chunks(items: Sequence[T]) -> Iterator[tuple[int, list[T]]]:
    """Give items in parts that are written in one transaction each, with the number of those before."""
    waiting, done = iter(items), 0
    while chunk := list(islice(waiting, CHUNK)):
        yield done, chunk
        done += len(chunk)


def changed(moment: datetime | None) -> dict[str, object]:
    """Give the values that say when something was last changed; none when it never was."""
    return {} if moment is None else {"updated_at": moment}
