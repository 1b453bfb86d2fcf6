"""Faults that are put between the orchestrator and its participants, as values (pure).

A scenario speaks of them, a report shows them, the proxy and the player do them. What each kind is stands in one table. Which
faults a saga can meet is `schedules`, what may come of them `orchestration`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from saga_contracts.declare.saga import Completion, Saga


class Role(StrEnum):
    """What a call is for."""

    FORWARD = "forward"  # make the step's effect
    COMPENSATE = "compensate"  # undo it
    STATUS = "status"  # tell its durable state
    PROBE = "probe"  # read its effect
    CALLBACK = "callback"  # the participant tells an outcome later
    NOTIFICATION = "notification"  # the owner is told
    CREATION = "creation"  # the owner starts the saga; it stands with the saga's first step


class Kind(StrEnum):
    """What happens to a call."""

    REFUSED = "refused"
    REQUEST_LOST = "request_lost"
    REPLY_LOST = "reply_lost"
    DUPLICATED = "duplicated"
    OVERLAPPED = "overlapped"
    UNAVAILABLE = "unavailable"
    FAILS_AFTER = "fails_after"
    DELAYED = "delayed"
    LATE_AFTER_UNDO = "late_after_undo"
    SLOW = "slow"
    CUT = "cut"
    PAUSED = "paused"
    DOWN = "down"
    RECEIVER_DIES_BEFORE = "receiver_dies_before"
    RECEIVER_DIES_WITHIN = "receiver_dies_within"
    RECEIVER_DIES = "receiver_dies"
    CALLER_DIES_BEFORE_SEND = "caller_dies_before_send"
    CALLER_DIES = "caller_dies"
    CALLER_DIES_AFTER_REPLY = "caller_dies_after_reply"
    CALLER_DIES_AFTER_RECORD = "caller_dies_after_record"
    EARLY = "early"
    FOREIGN = "foreign"
    EFFECT_LOST = "effect_lost"


class Who(StrEnum):
    """Who suffers from a fault, besides the call that meets it."""

    NOBODY = "nobody"  # it is done on the way
    RECEIVER = "receiver"  # a service that others use, too, stands still or is killed
    CALLER = "caller"  # the orchestrator is killed


class Nature(NamedTuple):
    """What a kind of fault is.

    Attributes:
        fault_class: K1 to K7.
        text: In words; `{call}` stands for the call, `{ms}` for how long it takes.
        who: Who suffers besides.
    """

    fault_class: str
    text: str
    who: Who = Who.NOBODY


_NATURES = {
    Kind.REFUSED: Nature("K5", "{call} is refused"),  # by the participant's own data; nothing is done on the way
    Kind.REQUEST_LOST: Nature("K1", "{call} does not arrive"),
    Kind.REPLY_LOST: Nature("K2", "the reply to {call} is lost"),
    Kind.DUPLICATED: Nature("K4", "{call} arrives twice"),  # one after the other; the first reply counts
    Kind.OVERLAPPED: Nature("K4", "{call} arrives twice at once"),
    Kind.UNAVAILABLE: Nature("K1", "{call} is answered 503"),  # on the way: it does not arrive
    Kind.FAILS_AFTER: Nature("K2", "{call} does its work and is answered 500"),
    Kind.DELAYED: Nature("K3", "{call} arrives only after the saga's end"),
    Kind.LATE_AFTER_UNDO: Nature("K3", "{call} arrives right after the step is compensated"),
    Kind.SLOW: Nature("K3", "the reply to {call} takes {ms} ms"),
    Kind.CUT: Nature("K1", "{call} and its like do not get through for {ms} ms"),
    Kind.PAUSED: Nature("K3", "the receiver of {call} stands still for {ms} ms", Who.RECEIVER),
    Kind.DOWN: Nature("K1", "the receiver of {call} is down before the saga is created", Who.RECEIVER),
    Kind.RECEIVER_DIES_BEFORE: Nature("K1", "the participant dies before {call} gets in, and is started again", Who.RECEIVER),
    Kind.RECEIVER_DIES_WITHIN: Nature("K7", "the participant dies while it works on {call}, and is started again", Who.RECEIVER),
    Kind.RECEIVER_DIES: Nature("K2", "the participant dies before it replies to {call}, and is started again", Who.RECEIVER),
    Kind.CALLER_DIES_BEFORE_SEND: Nature(
        "K1", "the saga service dies before it has sent {call}, and is started again", Who.CALLER
    ),
    Kind.CALLER_DIES: Nature("K2", "the saga service dies before it hears the reply to {call}, and is started again", Who.CALLER),
    Kind.CALLER_DIES_AFTER_REPLY: Nature(
        "K2", "the saga service dies right after the reply to {call}, and is started again", Who.CALLER
    ),
    Kind.CALLER_DIES_AFTER_RECORD: Nature(
        "K2", "the saga service dies once it has gone on after the reply to {call}, and is started again", Who.CALLER
    ),
    Kind.EARLY: Nature("K4", "{call} comes before the reply to the forward call"),
    Kind.FOREIGN: Nature("K4", "before {call} comes one that belongs to nobody"),
    Kind.EFFECT_LOST: Nature("K6", "what {call} did is lost after the saga's end, with its acknowledgement", Who.RECEIVER),
}
CALL_IN_WORDS = {
    Role.FORWARD: "the forward call",
    Role.COMPENSATE: "the compensation",
    Role.STATUS: "the status call",
    Role.PROBE: "the probe",
    Role.CALLBACK: "the callback",
    Role.NOTIFICATION: "the notification",
    Role.CREATION: "the creation of the saga",
}
_ONCE_ONLY = (Kind.SLOW, Kind.CUT, Kind.PAUSED, Kind.REFUSED, Kind.DOWN, Kind.EFFECT_LOST)
"""Kinds of which it need not be said how often they come."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that happens to one kind of call.

    Attributes:
        occurrence: Which try of the call it meets, from 1 on; None: every try that no fault before it meets, for good.
        lasts_ms: How long a slow reply, a pause or a cut takes.
    """

    step: str
    role: Role
    kind: Kind
    occurrence: int | None = 1
    lasts_ms: int = 0

    @property
    def fault_class(self) -> str:
        """The class of the fault, K1 to K7."""
        return _NATURES[self.kind].fault_class

    @property
    def persistent(self) -> bool:
        """Does it last?"""
        return self.occurrence is None

    @property
    def crashes(self) -> bool:
        """Does a service die or stand still by it? That disturbs every saga that is under way at this moment."""
        return _NATURES[self.kind].who != Who.NOBODY

    @property
    def kills_caller(self) -> bool:
        """Does the orchestrator die of it, so that it may begin its tries anew?"""
        return _NATURES[self.kind].who == Who.CALLER

    @property
    def code(self) -> str:
        """The fault as one word, such as `reply_lost:forward:apply_vas:1`; `read` in `schedules` reads it."""
        parts = [
            self.kind.value,
            self.role.value,
            self.step.replace(":", "."),
            "always" if self.persistent else str(self.occurrence),
        ]
        return ":".join([*parts, *([str(self.lasts_ms)] if self.lasts_ms else [])])

    @property
    def text(self) -> str:
        """The fault in words."""
        whose = "" if self.role == Role.CREATION else f" of {self.step}"
        said = _NATURES[self.kind].text.format(call=f"{CALL_IN_WORDS[self.role]}{whose}", ms=self.lasts_ms)
        return said if self.kind in _ONCE_ONLY else f"{said}, {self._when()}"

    def meets(self, step: str, role: Role, number: int) -> bool:
        """Is this call, the n-th of its step and role, meant?"""
        return (self.step, self.role) == (step, role) and self.occurrence in (None, number)

    def _when(self) -> str:
        if self.occurrence is None:
            return "every time"
        return "once" if self.occurrence == 1 else f"at try {self.occurrence}"


def on_the_way(saga: Saga, fault: Fault) -> tuple[Fault, ...]:
    """Give what the proxy must do to make a fault; the first part must be met for the fault to have happened.

    A refusal needs nothing: the participant's precondition makes it. When no reply of a callback step comes back any more, its
    callbacks are lost as well: else its outcome would come back after all.
    """
    if fault.kind == Kind.REFUSED or fault.role == Role.CREATION:
        return ()
    tells_later = saga.step(fault.step).completion == Completion.CALLBACK
    if tells_later and fault.persistent and (fault.role, fault.kind) == (Role.FORWARD, Kind.REPLY_LOST):
        return (fault, Fault(fault.step, Role.CALLBACK, Kind.REQUEST_LOST, None))
    return (fault,)
