"""What the rules of a saga file have in common: a broken rule as a value, and the nearest known word."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where, what, and the mend."""

    path: Path
    what: str
    mend: str


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Suggest the known word that is nearest to a found one, or list the known ones.

    >>> did_you_mean("notfy", ["notify", "pay"])
    'Did you mean `notify`?'
    """
    words = list(known)
    close = difflib.get_close_matches(found, words, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known here: {', '.join(words)}." if words else "Remove it."
