"""What a saga chooses for all of its steps, and what it knowingly lets go: policies, waivers, the owner's notification (pure)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from saga_contracts.declare.calls import CallbackReplies, Request
from saga_contracts.declare.choreography.reactions import Poison
from saga_contracts.declare.kinds import Model, Name, Pacticipant, Transport

CHECK_AFTER_MS = 43_200_000
"""So long after its end a saga is looked at again where its file does not say it: half a day, longer than replicas lag."""


class Waiver(Model):
    """An obligation that is knowingly not kept for a while."""

    obligation: Annotated[str, StringConstraints(pattern=r"^[OE][0-9]{1,2}$")]
    step: Name
    reason: Annotated[str, StringConstraints(min_length=1)]
    person: Annotated[str, StringConstraints(min_length=1)]
    expires: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class OwnerNotification(Model):
    """The call that tells the saga's owner what could not be undone or finished."""

    participant: Pacticipant
    transport: Transport = Transport.HTTP
    request: Request
    replies: CallbackReplies


class Policies(Model):
    """The choices of this saga that the model of the orchestrator follows."""

    uncertain_step: Literal["compensate"] = "compensate"
    """What becomes of a step without an answer after all tries."""
    suspended_forward: Literal["refused", "accepted"] = "refused"
    """What a forward call is answered that arrives after its compensation; it never has an effect."""
    uncertain_pivot: Literal["forward", "ask_then_forward"] | None = None
    """A pivot without an answer after all tries: `forward`, it counts as done as far as undoing goes, and the owner is told;
    `ask_then_forward`, its status is asked first, and only when that tells nothing clear it is as under `forward`. That it is
    absent is clear only when none of its calls can still be on its way. Default: `forward`, and an orchestrator that asks is
    right, too."""
    ask_for_ms: Annotated[int, Field(ge=1, le=86_400_000)] | None = None
    """How long after its last try a pivot is asked for, as one of its calls may still arrive; default: its `timeout_ms`."""
    siblings_of_failed_step: Literal["wait", "cancel"] = "wait"
    """Are parallel steps let finish before the undoing starts, or undone at once?"""
    failing_compensation: Literal["continue", "stop"] = "continue"
    """Do the other compensations go on when one failed for good?"""
    undo_for_ms: Annotated[int, Field(ge=1, le=7 * 86_400_000)] | None = None
    """How long a compensation is tried again at least, from its first try on; only when this time is over, too, are its tries
    used up. Each compensation then declares its pauses (`backoff`). Default: `tries` alone."""
    check_after_ms: Annotated[int, Field(ge=0, le=30 * 86_400_000)] | None = None
    """How long after its end a saga is looked at again, by a checker that undoes what has vanished; `0`: nobody looks. As long a
    version that executes it is asked about after it was taken away. Default: half a day."""
    late_success: Literal["undone"] | None = None
    """What becomes of a success that arrives after its time-out."""
    poison: Poison | None = None
    """What becomes of a message that cannot be processed."""
    owner_notification: OwnerNotification | None = None
