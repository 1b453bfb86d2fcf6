"""What an answer to a call means, and what a call itself tells, in the words of the saga file (pure)."""

from collections.abc import Mapping
from typing import Any

from saga_contracts.declare.outcomes import Outcome
from saga_contracts.declare.saga import Saga
from saga_contracts.wire import replies
from saga_contracts.wire.replies import Received
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.shapes import value_of

UNDECLARED = Outcome.UNKNOWN.value
"""The outcome of an answer that the saga file does not declare."""
RETRYABLE = Outcome.RETRYABLE.value
"""The outcome of an answer that always means: try again."""
Context = Mapping[str, Any] | None
"""The values of templates; None: any value fits where a template stands."""


def outcome_of(saga: Saga, step: str, role: Role, reply: Received, context: Context = None) -> str | None:
    """Say what a reply to a call means, in the words of its role; None when the role declares none."""
    one = saga.step(step)
    if role == Role.FORWARD:
        return replies.forward_outcome(one, reply, context).value
    if role == Role.COMPENSATE:
        return replies.compensate_outcome(one, reply, context).value
    if role == Role.STATUS:
        return replies.status_outcome(one, reply, context).value
    told = saga.policies.owner_notification
    declared = told.replies.done if role == Role.NOTIFICATION and told is not None else None
    if role == Role.CALLBACK and one.callback is not None:
        declared = one.callback.replies.done
    if declared is None:
        return None
    if replies.fits(declared, reply, context) is None:
        return "done"
    return RETRYABLE if replies.passes(reply.status) else UNDECLARED


def told_by(saga: Saga, step: str, role: Role, body: Any, context: Context = None) -> str | None:
    """Say what the body of a call tells: a callback its outcome, a notification its event; None for other calls."""
    if role == Role.CALLBACK:
        outcome = replies.callback_outcome(saga.step(step), body, context)
        return None if outcome is None else outcome.value
    if role == Role.NOTIFICATION and saga.policies.owner_notification is not None:
        return value_of("{event}", saga.policies.owner_notification.request.body, body)
    return None
