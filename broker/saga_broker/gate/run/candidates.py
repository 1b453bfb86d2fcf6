"""Which versions of a pacticipant are live once the candidates are deployed. Pure.

A candidate takes the place of one installation and of no more:

* with an application instance (`NAME:VERSION@INSTANCE`), of what is deployed to that instance;
* without one, of what is deployed without an instance; or, when exactly one installation is deployed, of that one;
* when several instances are deployed and none is named, of none: the candidate is judged beside all of them.

What is released stays live. Several candidates of one pacticipant are live side by side.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that is to be deployed.

    Attributes:
        instance: Where; None when it was not named.
    """

    pacticipant: str
    version: str
    instance: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """A version that is deployed or released now.

    Attributes:
        instance: The application instance; None for the only one, and for a release.
    """

    version: str
    instance: str | None = None
    released: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """What is to be taken away.

    Attributes:
        version: None: every version.
        instance: None: every installation, and what is released.
    """

    pacticipant: str
    version: str | None = None
    instance: str | None = None

    def takes(self, one: Live) -> bool:
        """Is a version taken away?"""
        return self.version in (None, one.version) and self.instance in (None, one.instance)


def standing(live: Sequence[Live], candidates: Sequence[Candidate], removed: Sequence[Removed] = ()) -> list[str]:
    """Give the versions of one pacticipant that are live with the candidates: those first, each version once."""
    live = [one for one in live if not any(away.takes(one) for away in removed)]
    deployed = [one for one in live if not one.released]
    gone: set[str | None] = set()
    for candidate in candidates:
        instances = {one.instance for one in deployed}
        if candidate.instance is not None or None in instances:
            gone.add(candidate.instance)
        elif len(deployed) == 1:
            gone |= instances
    stays = [one.version for one in live if one.released or one.instance not in gone]
    return list(dict.fromkeys([*(one.version for one in candidates), *stays]))


def did_you_mean(wrong: str, known: Collection[str]) -> str:
    """Give the sentence that names the nearest known words; empty when none is near."""
    near = get_close_matches(wrong, known, n=2)
    return f" Did you mean {' or '.join(near)}?" if near else ""
