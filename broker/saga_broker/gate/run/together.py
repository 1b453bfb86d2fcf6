"""The smallest set of versions that may be deployed together, when the versions that were asked about may not. Pure.

A reason that stands against a set speaks of a few pacticipants, and stands against every set in which these have the same
versions. So one of them must be in each larger set that may be deployed: only these are tried, the sets with one more version
first. What is found is as small as any set that holds the versions asked about and at most one version of each other pacticipant.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

Chosen = tuple[str, str]
"""A pacticipant and one of its versions."""
MOST_ADDED = 6
"""So many versions are added at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of the search.

    Attributes:
        added: The versions to deploy besides; None when no set was found.
        tried: So many sets were judged.
        is_complete: Was everything tried that could be smaller, or at all?
    """

    added: tuple[Chosen, ...] | None
    tried: int
    is_complete: bool


@dataclass(slots=True)
class _Search:
    options: Callable[[str], Sequence[str]]
    judged: Callable[[tuple[Chosen, ...]], Sequence[frozenset[str]]]
    most: int
    fixed: frozenset[str]
    known: dict[frozenset[Chosen], Sequence[frozenset[str]]] = field(default_factory=dict)
    was_cut: bool = False
    """A set was left whose larger sets were not looked at."""

    def against(self, added: tuple[Chosen, ...]) -> Sequence[frozenset[str]] | None:
        """Give what stands against a set; None when no more may be judged."""
        key = frozenset(added)
        if key not in self.known:
            if len(self.known) >= self.most:
                return None
            self.known[key] = self.judged(tuple(sorted(added)))
        return self.known[key]

    def find(self, added: tuple[Chosen, ...], left: int) -> tuple[Chosen, ...] | None:
        """Give a set with at most so many more versions that nothing stands against."""
        reasons = self.against(added)
        if reasons is None:
            self.was_cut = True
            return None
        if not reasons:
            return tuple(sorted(added))
        branches = min((list(self._branches(one, added)) for one in reasons), key=len)
        if left == 0:
            self.was_cut = self.was_cut or bool(branches)
            return None
        return next((found for one in branches if (found := self.find((*added, one), left - 1)) is not None), None)

    def _branches(self, concerned: Collection[str], added: tuple[Chosen, ...]) -> Iterator[Chosen]:
        taken = self.fixed | {name for name, _ in added}
        return ((name, version) for name in sorted(set(concerned) - taken) for version in self.options(name))

    @property
    def is_exhausted(self) -> bool:
        """May no more sets be judged?"""
        return len(self.known) >= self.most


def smallest(
    asked: Collection[str],
    options: Callable[[str], Sequence[str]],
    judged: Callable[[tuple[Chosen, ...]], Sequence[frozenset[str]]],
    most: int,
) -> Found:
    """Look for the smallest set that may be deployed.

    Args:
        asked: The pacticipants of the versions that were asked about.
        options: Gives the versions of a pacticipant that may be added, the preferred first.
        judged: Gives, for versions that are added to those asked about, the pacticipants that each reason against it speaks of;
            none: the set may be deployed.
        most: So many sets are judged at most.
    """
    search = _Search(options, judged, most, frozenset(asked))
    for size in range(MOST_ADDED + 1):
        search.was_cut = False
        found = search.find((), size)
        if found is not None:
            return Found(found, len(search.known), is_complete=True)
        if not search.was_cut or search.is_exhausted:
            break
    return Found(None, len(search.known), is_complete=not search.was_cut)
