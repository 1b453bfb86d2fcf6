"""What a reply means: the outcome of a step call, told from the declared replies of the saga file (pure).

Every reply is given exactly one outcome, and none is guessed: a declared reply has its declared meaning, the statuses that HTTP
itself calls passing mean `retryable`, and whatever else arrives is `unknown`. How often a call is repeated, and what becomes of a
step whose outcome stays open, is left to the callers.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Reply, Step

PASSING = frozenset({408, 425, 429})
"""Statuses below 500 that always mean: try again."""


class ForwardOutcome(StrEnum):
    """What a forward call came to."""

    DONE = "done"  # the step has its effect, by this call or by an earlier one with the same key
    IN_PROGRESS = "in_progress"  # accepted; a callback tells the outcome
    REFUSED = "refused"  # definitely no effect, and none will come of this key
    SUSPENDED = "suspended"  # the step was compensated before the call came; no effect
    MISUSED = "misused"  # the key belongs to another payload; no effect of this call
    RETRYABLE = "retryable"  # try again: the participant said so, failed, or did not answer
    UNKNOWN = "unknown"  # an answer that the saga file does not declare: nothing is known about the effect


class CompensateOutcome(StrEnum):
    """What a compensating call came to."""

    DONE = "done"  # the step has no effect, and will have none
    IMPOSSIBLE = "impossible"  # the effect stays: it cannot be undone any more
    RETRYABLE = "retryable"  # try again: the participant said so, failed, or did not answer
    UNKNOWN = "unknown"  # an answer that the saga file does not declare


class StatusOutcome(StrEnum):
    """What a status call tells about the step's durable state."""

    APPLIED = "applied"  # the effect is there
    ABSENT = "absent"  # the participant has never heard of the key
    COMPENSATED = "compensated"  # undone, or undone before it ever came
    REFUSED = "refused"  # refused for good
    IN_PROGRESS = "in_progress"  # accepted, not finished
    RETRYABLE = "retryable"  # no answer about the state: never to be read as absent
    UNKNOWN = "unknown"  # an answer that the saga file does not declare: never to be read as absent


class CallbackOutcome(StrEnum):
    """What a callback tells about an accepted forward call."""

    DONE = "done"  # the step has its effect
    REFUSED = "refused"  # definitely no effect


_FORWARD = {
    "done": ForwardOutcome.DONE,
    "done_again": ForwardOutcome.DONE,
    "in_progress": ForwardOutcome.IN_PROGRESS,
    "refused": ForwardOutcome.REFUSED,
    "suspended": ForwardOutcome.SUSPENDED,
    "misused": ForwardOutcome.MISUSED,
    "retryable": ForwardOutcome.RETRYABLE,
}
_COMPENSATE = {
    "done": CompensateOutcome.DONE,
    "done_again": CompensateOutcome.DONE,
    "null": CompensateOutcome.DONE,
    "impossible": CompensateOutcome.IMPOSSIBLE,
    "retryable": CompensateOutcome.RETRYABLE,
}
_STATUS = {
    "applied": StatusOutcome.APPLIED,
    "absent": StatusOutcome.ABSENT,
    "compensated": StatusOutcome.COMPENSATED,
    "refused": StatusOutcome.REFUSED,
    "in_progress": StatusOutcome.IN_PROGRESS,
}


def fits(reply: Reply, status: int, body: Any, context: Mapping[str, Any] | None = None) -> str | None:
    """Tell why a received reply is not the declared one.

    The status must be equal. Of the body, what is declared must be there: plain values equal, `{$like: example}` with the
    example's JSON type all the way down, other fields allowed. Headers do not tell replies apart.

    Args:
        reply: The declared reply.
        status: The received HTTP status.
        body: The received body as JSON value; None when there was none, or when it was no JSON.
        context: The values of templates in the declared body; None: a text with a template fits whatever stands there.

    Returns:
        One sentence, or None when the reply fits.

    Raises:
        TemplateError: when the declared body names a value that the context does not hold.
    """
    if status != reply.status:
        return f"The status is {status} instead of {reply.status}."
    if reply.body is None:
        return None
    return _differs(reply.body, body, context, "")


def fits_body(declared: Any, body: Any, context: Mapping[str, Any] | None = None) -> str | None:
    """Tell why a received body is not the declared one: as in `fits`, without a status."""
    return _differs(declared, body, context, "")


def forward_outcome(step: Step, status: int, body: Any, context: Mapping[str, Any] | None = None) -> ForwardOutcome:
    """Give the outcome of a forward call that was answered.

    Without a declared `suspended` reply, the `refused` one stands for both; without a declared `misused` reply, status 422 means
    misuse unless another reply fits.
    """
    name = _declared(step.forward.replies, _FORWARD, status, body, context)
    if name is not None:
        return _FORWARD[name]
    if step.forward.replies.misused is None and status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return ForwardOutcome.MISUSED
    return ForwardOutcome.RETRYABLE if passes(status) else ForwardOutcome.UNKNOWN


def compensate_outcome(step: Step, status: int, body: Any, context: Mapping[str, Any] | None = None) -> CompensateOutcome:
    """Give the outcome of a compensating call that was answered.

    Raises:
        ValueError: when the step declares no compensation.
    """
    if step.compensate is None:
        raise ValueError(f"The step {step.step} declares no compensation.")
    name = _declared(step.compensate.replies, _COMPENSATE, status, body, context)
    if name is not None:
        return _COMPENSATE[name]
    return CompensateOutcome.RETRYABLE if passes(status) else CompensateOutcome.UNKNOWN


def status_outcome(step: Step, status: int, body: Any, context: Mapping[str, Any] | None = None) -> StatusOutcome:
    """Give what an answered status call tells.

    Raises:
        ValueError: when the step declares no status call.
    """
    if step.status is None:
        raise ValueError(f"The step {step.step} declares no status call.")
    name = _declared(step.status.replies, _STATUS, status, body, context)
    if name is not None:
        return _STATUS[name]
    return StatusOutcome.RETRYABLE if passes(status) else StatusOutcome.UNKNOWN


def callback_outcome(step: Step, body: Any, context: Mapping[str, Any] | None = None) -> CallbackOutcome | None:
    """Give what a callback's body tells, or None when it is not one that the step declares."""
    if step.callback is None:
        return None
    common = step.callback.request.body if isinstance(step.callback.request.body, Mapping) else {}
    declared = {CallbackOutcome.DONE: step.callback.outcomes.done, CallbackOutcome.REFUSED: step.callback.outcomes.refused}
    for outcome, fields in declared.items():
        if fields is not None and fits_body({**common, **fields}, body, context) is None:
            return outcome
    return None


def passes(status: int) -> bool:
    """Does this status always mean: try again?"""
    return status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _declared(replies: object, names: Mapping[str, Any], status: int, body: Any, context: Mapping[str, Any] | None) -> str | None:
    """Find the declared reply that fits; of several the one that declares most of the body, then the first.

    So `{status: 200}` for one outcome and `{status: 200, body: {state: pending}}` for another are told apart in either order.
    """
    declared = [(name, getattr(replies, name)) for name in names]
    fitting = [(name, reply) for name, reply in declared if reply is not None and fits(reply, status, body, context) is None]
    return max(fitting, key=lambda pair: _details(pair[1].body))[0] if fitting else None


def _details(declared: Any) -> int:
    """Count the values that a declared body asks for."""
    if isinstance(declared, Mapping) and set(declared) != {templates.LIKE}:
        return 1 + sum(_details(member) for member in declared.values())
    if isinstance(declared, list | tuple):
        return 1 + sum(_details(member) for member in declared)
    return 0 if declared is None else 1


def _differs(declared: Any, found: Any, context: Mapping[str, Any] | None, where: str) -> str | None:
    if isinstance(declared, Mapping):
        if set(declared) == {templates.LIKE}:
            return _unlike(templates.examples(declared), found, where)
        missing = _missing(declared, found, where)
        inside = (_differs(member, found[name], context, f"{where}.{name}") for name, member in declared.items())
        return missing or _first(inside)
    if isinstance(declared, list | tuple):
        if not isinstance(found, list) or len(found) != len(declared):
            return f"{_place(where)} is {_short(found)} instead of a list of {len(declared)}."
        pairs = enumerate(zip(declared, found, strict=True))
        return _first(_differs(want, have, context, f"{where}.{index}") for index, (want, have) in pairs)
    if context is None and any(True for _ in templates.names_in(declared)):
        return None
    expected = declared if context is None else templates.fill(declared, context)
    # Python takes 1 and True for equal, JSON does not.
    same = _kind(expected) == _kind(found) and expected == found
    return None if same else f"{_place(where)} is {_short(found)} instead of {_short(expected)}."


def _unlike(example: Any, found: Any, where: str) -> str | None:
    if _kind(example) != _kind(found):
        return f"{_place(where)} is {_short(found)} instead of a value of type {_kind(example)}."
    if isinstance(example, Mapping):
        inside = (_unlike(member, found[name], f"{where}.{name}") for name, member in example.items())
        return _missing(example, found, where) or _first(inside)
    if isinstance(example, list | tuple) and example:
        return _first(_unlike(example[0], member, f"{where}.{index}") for index, member in enumerate(found))
    return None


def _missing(declared: Mapping[str, Any], found: Any, where: str) -> str | None:
    if not isinstance(found, Mapping):
        return f"{_place(where)} is {_short(found)} instead of an object."
    return _first(f"{_place(f'{where}.{name}')} is missing." for name in declared if name not in found)


def _place(where: str) -> str:
    return f"The field `{where[1:]}`" if where else "The body"


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((reason for reason in reasons if reason is not None), None)


def _short(value: Any, limit: int = 80) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _kind(value: Any) -> str:
    """Name the JSON type of a value; whole and other numbers are one type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "list"
