"""The trace: every call of one saga as it passed the proxy, as values (shapes only). Which words they spell is `words`."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saga_contracts.wire.replies import Received
from saga_e2e.derive.faults import Fault, Role
from saga_e2e.proxy.shapes import Incoming


class Fate(StrEnum):
    """What became of a call on its way."""

    OK = "ok"  # it arrived, and its reply came back
    REQUEST_LOST = "request_lost"  # it never arrived
    REPLY_LOST = "reply_lost"  # it arrived, its reply did not come back
    DUPLICATED = "duplicated"  # it arrived twice, the first reply came back
    UNAVAILABLE = "unavailable"  # it never arrived, and was answered 503
    FAILS_AFTER = "fails_after"  # it arrived, and was answered 500 on the way back
    DELAYED = "delayed"  # it was cut, and arrived after the saga's end
    UNANSWERED = "unanswered"  # the participant gave no answer


_ARRIVALS = {Fate.REQUEST_LOST: 0, Fate.UNAVAILABLE: 0, Fate.DUPLICATED: 2}
_HEARD = frozenset({Fate.OK, Fate.DUPLICATED})


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a target.

    Attributes:
        outcome: What it means, in the words of the role.
    """

    reply: Received
    outcome: str | None = None

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return self.reply.status

    @property
    def body(self) -> Any:
        """Its JSON value, or a text of another media type; None when there is none."""
        return self.reply.body


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step's participant said of the step when it was asked directly, at the moment of a fault.

    Attributes:
        status: What the status call told; None when the step declares none.
        probe: What the effect probe read; None when it was not read.
        probe_trouble: Why it was not read.
        context: The values of the step's templates.
        trouble: Why nothing could be asked; empty when it could.
        place: Where the probe read, when that is no call of the API.
    """

    status: str | None = None
    probe: Any = None
    probe_trouble: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One call.

    Attributes:
        at_ms: When it came to the proxy, in milliseconds on the proxy's own clock; of a delayed one, when it was passed on.
        ended_ms: When its reply was there, or it was given up.
        sent: The request as it came.
        replies: What the target answered, once for each arrival; kept when the reply was lost on its way back.
        told: What the call itself tells: a callback its outcome, a notification its event.
        met: The fault that it met.
        asked: What the participant said of the step just then, when that was asked.
        differs: Where it is not the declared request, in sentences.
        beside: What the target answered to a call of nobody's that was made up beside this one.
    """

    at_ms: float
    ended_ms: float
    source: str
    target: str
    saga_id: str
    step: str
    role: Role
    key: str
    sent: Incoming
    replies: tuple[Answered, ...]
    told: str | None
    fate: Fate
    met: Fault | None = None
    asked: Asked | None = None
    differs: str = ""
    beside: tuple[Answered, ...] = ()

    @property
    def request(self) -> str:
        """Method and path."""
        return self.sent.line

    @property
    def status(self) -> int | None:
        """The status of the first answer; None when there was none."""
        return self.replies[0].status if self.replies else None

    @property
    def outcome(self) -> str | None:
        """What the first answer means; None when there was none."""
        return self.replies[0].outcome if self.replies else None

    @property
    def arrivals(self) -> int:
        """How often it came to its target."""
        return _ARRIVALS.get(self.fate, 1)

    @property
    def heard(self) -> str | None:
        """What the caller heard in answer; None when it heard nothing."""
        return self.outcome if self.fate in _HEARD else None


@dataclass(frozen=True, slots=True)
class Stray:
    """A call to one of the saga's services that the saga file does not declare.

    Attributes:
        at_ms: When it came, on the clock of the traces.
        request: Method and path.
        differs: What it comes nearest to, and where it differs, in sentences.
        status: What it was answered; None when there was no answer.
        names: The texts in it, by which it is seen to which saga it belongs.
        stranger: The id of a saga that nobody has created, when it is a declared call of one.
    """

    at_ms: float
    target: str
    request: str
    differs: str
    status: int | None = None
    names: frozenset[str] = frozenset()
    stranger: str = ""

    def is_of(self, marks: Collection[str]) -> bool:
        """Does it bear one of the marks, such as a saga's id or the key of one of its steps?"""
        return any(mark and (mark in self.names or any(name.startswith(f"{mark}:") for name in self.names)) for mark in marks)


Trace = tuple[TracedCall, ...]


def calls_of(trace: Iterable[TracedCall], step: str, *roles: Role) -> Trace:
    """Give the calls of one step in the given roles, in the order in which they came."""
    return tuple(sorted((call for call in trace if call.step == step and call.role in roles), key=lambda call: call.at_ms))
