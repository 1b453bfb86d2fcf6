"""What the rules of a saga file have in common: a broken rule as a value, and the nearest known word."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

Path = tuple[str | int, ...]
_MOST_WORDS, _MOST_SHOWN, _LONGEST = 300, 40, 100


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
    words = list(islice(known, _MOST_WORDS))
    close = difflib.get_close_matches(found[:_LONGEST], [word for word in words if len(word) <= _LONGEST], n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    shown = ", ".join(word[:_LONGEST] for word in words[:_MOST_SHOWN])
    return f"Known here: {shown}{' and others' if words[_MOST_SHOWN:] else ''}." if words else "Remove it."
