"""Consumer version selectors as a user writes them: read, and every fault told before a broker is asked (pure).

A broker that does not know a word leaves it out, and then selects something else, or nothing.
"""

import difflib
import json
from collections.abc import Iterator
from typing import Any

from saga_contracts.errors import UsageError

_TEXTS = ("consumer", "branch", "tag", "environment", "fallbackTag", "fallbackBranch")
_FLAGS = ("mainBranch", "matchingBranch", "latest", "deployed", "released", "deployedOrReleased")
KNOWN = (*_FLAGS, *_TEXTS)
_EXAMPLE = 'Write, for example, \'[{"mainBranch": true}, {"deployedOrReleased": true}]\'.'


def read_selectors(text: str) -> tuple[dict[str, Any], ...]:
    """Read the selectors of an option.

    Raises:
        UsageError: with all of their faults.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) and one for one in value):
        raise UsageError(
            f"The selectors {text!r} are not a JSON list of objects with at least one field each. {_EXAMPLE} Leave the option "
            "out for the broker's own choice."
        )
    faults = [f"selector {number}: {fault}" for number, one in enumerate(value, start=1) for fault in _faults(one)]
    if faults:
        raise UsageError("\n  ".join([f"The selectors {text!r} cannot be used:", *faults]))
    return tuple(value)


def _faults(selector: dict[str, Any]) -> Iterator[str]:
    for name, value in selector.items():
        if name not in KNOWN:
            close = difflib.get_close_matches(name, KNOWN, n=1)
            mend = f"Did you mean {close[0]!r}?" if close else f"Known are {', '.join(KNOWN)}."
            yield f"{name!r} is not known. {mend}"
        elif name in _FLAGS and not isinstance(value, bool):
            yield f"{name!r} is {json.dumps(value)}. Write true, without quotes."
        elif name in _TEXTS and not (isinstance(value, str) and value.strip()) and (name, value) != ("branch", True):
            yield f"{name!r} is {json.dumps(value)}. Write a name in quotes."
