"""The outcome that a client reported, in any of the forms in which clients report it (pure)."""

import difflib
from enum import Enum
from typing import Any

from saga_contracts.declare.outcomes import Outcome
from saga_contracts.derive.cases import Role
from saga_contracts.wire import replies

UNKNOWN = Outcome.UNKNOWN.value
TAKEN = "taken"
_OPEN = (Outcome.RETRYABLE, Outcome.UNKNOWN)
_WORDS: dict[Role, tuple[str, ...]] = {
    Role.FORWARD: (*replies.FORWARD.values(), *_OPEN),
    Role.COMPENSATE: (*replies.COMPENSATE.values(), *_OPEN),
    Role.LOOKUP: (*replies.LOOKUP.values(), *_OPEN),
    Role.STATUS: (*replies.STATUS.values(), *_OPEN),
    Role.CALLBACK: (Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN),
    Role.CREATION: (TAKEN, UNKNOWN),
    Role.NOTIFICATION: (TAKEN, UNKNOWN),
}


def words(role: Role) -> tuple[str, ...]:
    """Give the words that a client of this role may report."""
    return tuple(dict.fromkeys(str(word) for word in _WORDS[role]))


def reported(value: Any) -> Any:
    """Give what a test gave as its outcome; of a member of an enumeration, its value."""
    return value.value if isinstance(value, Enum) else value


def misreported(role: Role, value: Any) -> str | None:
    """Tell why a value is no outcome of this role: one sentence with the mend, or None when it is one."""
    known = ", ".join(words(role))
    if value is None:
        return f"The test gave no outcome (it returned None): return what the client made of it, one of {known}."
    if isinstance(value, str) and value in words(role):
        return None
    close = difflib.get_close_matches(str(value).lower(), words(role), n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    return f"The test returned {value!r}, which is no outcome of a {role} call: return one of {known}.{meant}"
