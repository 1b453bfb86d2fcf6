"""Which lines of two texts belong together: a longest common subsequence, found as Hunt and McIlroy do. Pure.

The Pact Broker aligns its diffs in this way; of several longest ones this finds the same.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class _Link(NamedTuple):
    """A pair of equal lines, with the pairs before it."""

    before: "_Link | None"
    old: int
    new: int


def pairs_of_equal_lines(old: Sequence[str], new: Sequence[str]) -> int:
    """Count what an alignment has to look at."""
    counts = Counter(new)
    return sum(counts[line] for line in old)


def aligned(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Give the places of equal lines in two texts, ascending in both."""
    places: dict[str, list[int]] = {}
    for place in range(len(new) - 1, -1, -1):
        places.setdefault(new[place], []).append(place)
    ends: list[int] = []  # the smallest end of a common subsequence of each length, and the pairs that lead to it
    links: list[_Link] = []
    for index, line in enumerate(old):
        for place in places.get(line, ()):
            length = bisect_left(ends, place)
            if length < len(ends) and ends[length] == place:
                continue
            link = _Link(links[length - 1] if length else None, index, place)
            ends[length : length + 1], links[length : length + 1] = [place], [link]
    found = []
    step = links[-1] if links else None
    while step is not None:
        found.append((step.old, step.new))
        step = step.before
    return found[::-1]
