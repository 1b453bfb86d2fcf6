"""The trace: every call of one saga as it passed the proxy, and the arrival words read off it (pure).

Letters are those of `saga_contracts.derive.model`: F forward, R a forward call that the precondition refused, C compensate, D and
X the participant's own callback; besides them S for the status call and N for a notification to the owner.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from saga_contracts.derive.expectations import Letter, Word
from saga_e2e.derive.faults import Role

UNREADABLE = "?"
"""The letter of a callback whose body tells no declared outcome."""


class Fate(StrEnum):
    """What became of a call on its way."""

    OK = "ok"  # it arrived, and its reply came back
    REQUEST_LOST = "request_lost"  # it never arrived
    REPLY_LOST = "reply_lost"  # it arrived, its reply did not come back
    DUPLICATED = "duplicated"  # it arrived twice, the first reply came back
    UNAVAILABLE = "unavailable"  # it never arrived, and was answered 503
    DELAYED = "delayed"  # it arrived late
    UNANSWERED = "unanswered"  # the participant gave no answer


_ARRIVALS = {Fate.REQUEST_LOST: 0, Fate.UNAVAILABLE: 0, Fate.DUPLICATED: 2}


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One call.

    Attributes:
        at_ms: When it came to the proxy, in milliseconds on the proxy's own clock.
        ended_ms: When its reply was there, or it was given up.
        request: Method and path.
        status: The status that the target answered; None when there was no answer. Kept when the reply was lost on its way back.
        outcome: What this answer means, in the words of the role.
        told: What the call itself tells: a callback its outcome, a notification its event.
    """

    at_ms: float
    ended_ms: float
    source: str
    target: str
    saga_id: str
    step: str
    role: Role
    key: str
    request: str
    status: int | None
    outcome: str | None
    told: str | None
    fate: Fate

    @property
    def arrivals(self) -> int:
        """How often it came to its target."""
        return _ARRIVALS.get(self.fate, 1)


Trace = tuple[TracedCall, ...]


def calls_of(trace: Iterable[TracedCall], step: str, *roles: Role) -> Trace:
    """Give the calls of one step in the given roles, in the order in which they came."""
    return tuple(sorted((call for call in trace if call.step == step and call.role in roles), key=lambda call: call.at_ms))


def letters(trace: Iterable[TracedCall]) -> dict[int, str]:
    """Give each call's letter, by the call's place in the trace."""
    found: dict[int, str] = {}
    reached: set[str] = set()
    ordered = sorted(enumerate(trace), key=lambda pair: pair[1].at_ms)
    for index, call in ordered:
        found[index] = _letter(call, first=call.key not in reached)
        if call.arrivals and call.role in (Role.FORWARD, Role.COMPENSATE):
            reached.add(call.key)
    return found


def word(trace: Sequence[TracedCall], step: str) -> tuple[str, ...]:
    """Give the arrival word of one step: what came to its participant, and what this one told, in order.

    A callback stands once, however often it was sent. One that is seen after a compensation was promised before it, so it stands
    before.
    """
    ordered = calls_of(trace, step, Role.FORWARD, Role.COMPENSATE, Role.CALLBACK)
    by_index = letters(ordered)
    found: list[str] = []
    for index, call in enumerate(ordered):
        letter = by_index[index]
        if call.role == Role.CALLBACK:
            _place_callback(found, letter)
        elif call.arrivals:
            found += [letter, *([Letter.FORWARD.value if letter == Letter.REFUSED else letter] * (call.arrivals - 1))]
    return tuple(found)


def as_word(found: Iterable[str]) -> Word | None:
    """Give the model's word, or None when the letters are not all its own."""
    try:
        return tuple(Letter(letter) for letter in found)
    except ValueError:
        return None


def as_json(trace: Sequence[TracedCall], began_ms: float) -> list[dict[str, Any]]:
    """Give the trace as plain JSON, in the order in which the calls came; times count from `began_ms`."""
    by_index = letters(trace)
    ordered = sorted(enumerate(trace), key=lambda pair: pair[1].at_ms)
    return [_call_json(call, by_index[index], began_ms) for index, call in ordered]


def _call_json(call: TracedCall, letter: str, began_ms: float) -> dict[str, Any]:
    return {
        "at_ms": round(call.at_ms - began_ms, 1),
        "source": call.source,
        "target": call.target,
        "step": call.step,
        "role": call.role.value,
        "letter": letter,
        "request": call.request,
        "status": call.status,
        "fate": call.fate.value,
    }


def _letter(call: TracedCall, *, first: bool) -> str:
    if call.role == Role.FORWARD:
        return Letter.REFUSED if first and call.outcome == "refused" else Letter.FORWARD
    if call.role == Role.CALLBACK:
        return {"done": Letter.DONE.value, "refused": Letter.CALLBACK_REFUSED.value}.get(call.told or "", UNREADABLE)
    return {Role.COMPENSATE: Letter.COMPENSATE.value, Role.STATUS: "S", Role.NOTIFICATION: "N"}.get(call.role, "")


def _place_callback(found: list[str], letter: str) -> None:
    if letter in found:
        return
    undone = found.index(Letter.COMPENSATE) if Letter.COMPENSATE in found else len(found)
    found.insert(undone, letter)
