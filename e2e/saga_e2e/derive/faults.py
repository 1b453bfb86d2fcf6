"""Faults that are put between the saga service and its participants, as values (pure).

A scenario speaks of them, a report shows them, the proxy does them. Which faults a saga can meet is `scenarios`.
"""

from dataclasses import dataclass
from enum import StrEnum

from saga_contracts.declare.saga import Completion, Saga


class Role(StrEnum):
    """What a call is for."""

    FORWARD = "forward"  # make the step's effect
    COMPENSATE = "compensate"  # undo it
    STATUS = "status"  # tell its durable state
    PROBE = "probe"  # read its effect
    CALLBACK = "callback"  # the participant tells an outcome later
    NOTIFICATION = "notification"  # the owner is told


class Kind(StrEnum):
    """What happens to a call."""

    REFUSED = "refused"  # the participant's own data make it refuse; nothing is done on the way
    REQUEST_LOST = "request_lost"  # it never arrives
    REPLY_LOST = "reply_lost"  # it arrives and does its work; nobody hears of it
    DUPLICATED = "duplicated"  # it arrives twice; the first reply counts
    UNAVAILABLE = "unavailable"  # it is answered 503 on the way and never arrives
    DELAYED = "delayed"  # nobody answers it; it arrives when the saga has ended
    RECEIVER_DIES = "receiver_dies"  # it does its work; then the participant dies without a reply, and is started again
    SLOW = "slow"  # it does its work; its reply comes late, but in time
    CALLER_DIES = "caller_dies"  # it does its work; then the saga service dies before the reply, and is started again


_CLASS = {
    Kind.REFUSED: "K5",
    Kind.REQUEST_LOST: "K1",
    Kind.REPLY_LOST: "K2",
    Kind.DUPLICATED: "K4",
    Kind.UNAVAILABLE: "K1",
    Kind.DELAYED: "K3",
    Kind.RECEIVER_DIES: "K2",
    Kind.SLOW: "K3",
    Kind.CALLER_DIES: "K2",
}
CALL_IN_WORDS = {
    Role.FORWARD: "the forward call",
    Role.COMPENSATE: "the compensation",
    Role.STATUS: "the status call",
    Role.PROBE: "the probe",
    Role.CALLBACK: "the callback",
    Role.NOTIFICATION: "the notification",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that happens to one kind of call.

    Attributes:
        occurrence: Which try of the call it meets, from 1 on; None: every try that no fault before it meets, for good.
        lasts_ms: How long a slow reply takes.
    """

    step: str
    role: Role
    kind: Kind
    occurrence: int | None = 1
    lasts_ms: int = 0

    @property
    def fault_class(self) -> str:
        """The class of the fault, K1 to K7."""
        return _CLASS[self.kind]

    @property
    def persistent(self) -> bool:
        """Does it last?"""
        return self.occurrence is None

    @property
    def crashes(self) -> bool:
        """Does a service die of it? That disturbs every saga that is under way at this moment."""
        return self.kind in (Kind.RECEIVER_DIES, Kind.CALLER_DIES)

    @property
    def text(self) -> str:
        """The fault in words."""
        call = f"{CALL_IN_WORDS[self.role]} of {self.step}"
        if self.kind == Kind.REFUSED:
            return f"{call} is refused"
        if self.kind == Kind.SLOW:
            return f"the reply to {call} takes {self.lasts_ms} ms"
        words = {
            Kind.REQUEST_LOST: f"{call} does not arrive",
            Kind.REPLY_LOST: f"the reply to {call} is lost",
            Kind.DUPLICATED: f"{call} arrives twice",
            Kind.UNAVAILABLE: f"{call} is answered 503",
            Kind.DELAYED: f"{call} arrives only after the saga's end",
            Kind.RECEIVER_DIES: f"the participant dies before it replies to {call}, and is started again",
            Kind.CALLER_DIES: f"the saga service dies before it hears the reply to {call}, and is started again",
        }
        return f"{words[self.kind]}, {self._when()}"

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
    if fault.kind == Kind.REFUSED:
        return ()
    tells_later = saga.step(fault.step).completion == Completion.CALLBACK
    if tells_later and fault.persistent and (fault.role, fault.kind) == (Role.FORWARD, Kind.REPLY_LOST):
        return (fault, Fault(fault.step, Role.CALLBACK, Kind.REQUEST_LOST, None))
    return (fault,)
