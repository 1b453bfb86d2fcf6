"""What a reply means: the outcome of a step call, told from the declared replies of the saga file (pure).

Every reply is given exactly one outcome, and none is guessed: a declared reply has its declared meaning, the statuses that HTTP
itself calls passing mean `retryable`, and whatever else arrives is `unknown`. How often a call is repeated, and what becomes of a
step whose outcome stays open, is left to the callers.

Of several declared replies that fit, the most specific one is meant: first the one that asks for more literal values (in body and
headers), then the one that asks for more values by type, then the one declared first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.calls import RepliesByName
from saga_contracts.declare.outcomes import LookedUp, Outcome, Sought, State, Told
from saga_contracts.declare.saga import Reply, Step
from saga_contracts.wire import bodies
from saga_contracts.wire.likeness import differs

PASSING = frozenset({408, 425, 429})
"""Statuses below 500 that always mean: try again."""
IMPLIED_MISUSE = Reply(status=422)
"""What 'same key, other payload' is answered where the file declares no reply for it."""
IMPLIED_RETRY = Reply(status=503)
"""What stands for 'try again' where the file declares no reply for it; any other status that HTTP calls passing does as well."""

FORWARD = {
    "done": Outcome.DONE,
    "done_again": Outcome.DONE,
    "in_progress": Outcome.IN_PROGRESS,
    "refused": Outcome.REFUSED,
    "suspended": Outcome.SUSPENDED,
    "misused": Outcome.MISUSED,
    "retryable": Outcome.RETRYABLE,
}
"""What each declared reply to a forward call means."""
COMPENSATE = {
    "done": Outcome.DONE,
    "done_again": Outcome.DONE,
    "null": Outcome.DONE,
    "impossible": Outcome.IMPOSSIBLE,
    "retryable": Outcome.RETRYABLE,
}
"""What each declared reply to a compensation means."""
STATUS = {state.value: state for state in (State.APPLIED, State.ABSENT, State.COMPENSATED, State.REFUSED, State.IN_PROGRESS)}
"""What each declared reply to a status call means."""
LOOKUP = {"found": Sought.FOUND, "absent": Sought.ABSENT}
"""What each declared reply to a look-up means."""


@dataclass(frozen=True, slots=True)
class Received:
    """One reply as it came.

    Attributes:
        status: HTTP status.
        body: The JSON value, or the text of another media type; None when the body was empty, unreadable or too long.
        headers: With names in lower case.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def fits(reply: Reply, received: Received, context: Mapping[str, Any] | None = None) -> str | None:
    """Tell why a received reply is not the declared one.

    The status must be equal. Of body and headers, what is declared must be there: plain values equal, `{$like: example}` with the
    example's JSON type all the way down, other fields and headers allowed.

    Args:
        reply: The declared reply.
        received: What came.
        context: The values of templates in the declared reply; None: a text with a template fits whatever stands there.

    Returns:
        One sentence, or None when the reply fits.

    Raises:
        TemplateError: when the declared reply names a value that the context does not hold.
    """
    if received.status != reply.status:
        return f"The status is {received.status} instead of {reply.status}."
    for name, declared in reply.headers.items():
        found = received.headers.get(name.lower())
        if found is None:
            return f"The header {name} is missing."
        if not _is_header(name, declared, found, context):
            return f"The header {name} is {found!r} instead of {templates.examples(declared)!r}."
    return None if reply.body is None else differs(reply.body, received.body, context)


def _is_header(name: str, declared: Any, found: str, context: Mapping[str, Any] | None) -> bool:
    """A header is a text: a number stands there written out, `{$like}` is any text, a media type takes further parameters."""
    if isinstance(declared, Mapping):
        return True
    filled = declared if context is None else bodies.as_text(templates.fill(declared, context))
    if name.lower() == "content-type":
        return bodies.is_media_type(filled, found)
    return differs(filled, found) is None if context is None else filled == found


def fits_body(declared: Any, body: Any, context: Mapping[str, Any] | None = None) -> str | None:
    """Tell why a received body is not the declared one: as in `fits`, without a status."""
    return differs(declared, body, context)


def forward_outcome(step: Step, received: Received, context: Mapping[str, Any] | None = None) -> Outcome:
    """Give the outcome of a forward call that was answered.

    Without a declared `suspended` reply, the `refused` one stands for both; without a declared `misused` reply, status 422 means
    misuse unless another reply fits.
    """
    names = forward_replies(step, received, context)
    return FORWARD[names[0]] if names else _undeclared(received.status)


def compensate_outcome(step: Step, received: Received, context: Mapping[str, Any] | None = None) -> Outcome:
    """Give the outcome of a compensating call that was answered.

    Raises:
        ValueError: when the step declares no compensation.
    """
    names = compensate_replies(step, received, context)
    return COMPENSATE[names[0]] if names else _undeclared(received.status)


def status_outcome(step: Step, received: Received, context: Mapping[str, Any] | None = None) -> Told:
    """Give what an answered status call tells.

    Raises:
        ValueError: when the step declares no status call.
    """
    if step.status is None:
        raise ValueError(f"The step {step.step} declares no status call.")
    names = declared_names(step.status.replies, STATUS, received, context)
    return STATUS[names[0]] if names else _undeclared(received.status)


def lookup_outcome(step: Step, received: Received, context: Mapping[str, Any] | None = None) -> LookedUp:
    """Give what an answered look-up found.

    Raises:
        ValueError: when the step declares no look-up.
    """
    if step.lookup is None:
        raise ValueError(f"The step {step.step} declares no look-up.")
    names = declared_names(step.lookup.replies, LOOKUP, received, context)
    return LOOKUP[names[0]] if names else _undeclared(received.status)


def forward_replies(step: Step, received: Received, context: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Give the names of the declared replies to a forward call that may be meant, such as `done_again`; the first one counts."""
    names = declared_names(step.forward.replies, FORWARD, received, context)
    implied = step.forward.replies.misused is None and fits(IMPLIED_MISUSE, received) is None
    return names or (("misused",) if implied else ())


def compensate_replies(step: Step, received: Received, context: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Give the names of the declared replies to a compensation that may be meant; the first one counts.

    Raises:
        ValueError: when the step declares no compensation.
    """
    if step.compensate is None:
        raise ValueError(f"The step {step.step} declares no compensation.")
    return declared_names(step.compensate.replies, COMPENSATE, received, context)


def callback_outcome(step: Step, body: Any, context: Mapping[str, Any] | None = None) -> Outcome | None:
    """Give what a callback's body tells, or None when it is not one that the step declares."""
    fitting = [(outcome, fields) for outcome, fields in callback_bodies(step) if differs(fields, body, context) is None]
    return max(fitting, key=lambda pair: _specific(pair[1]))[0] if fitting else None


def callback_bodies(step: Step) -> Iterator[tuple[Outcome, Mapping[str, Any]]]:
    """Give each outcome that a step's callback can tell, with its whole body as declared."""
    if step.callback is None:
        return
    common = step.callback.request.body if isinstance(step.callback.request.body, Mapping) else {}
    for outcome in (Outcome.DONE, Outcome.REFUSED):
        fields = getattr(step.callback.outcomes, outcome.value)
        if fields is not None:
            yield outcome, {**common, **fields}


def passes(status: int) -> bool:
    """Does this status always mean: try again?"""
    return status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that `Retry-After` asks to wait; None when it asks for none, or names a date.

    >>> retry_after_s({"retry-after": "2"}), retry_after_s({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})
    (2.0, None)
    """
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdecimal() else None


def declared_names(
    replies: RepliesByName, means: Mapping[str, Any], received: Received, context: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Give the names of the declared replies that fit and are equally specific, in their order; none when none fits.

    Args:
        replies: The declared replies of a call.
        means: The names that are looked at, in their order.
        received: What came.
        context: As for `fits`.
    """
    found = {name: [specificity(one) for one in fitting(replies.named(name), received, context)] for name in means}
    best = max((max(ranks) for ranks in found.values() if ranks), default=None)
    return tuple(name for name, ranks in found.items() if best in ranks)


def fitting(several: Sequence[Reply], received: Received, context: Mapping[str, Any] | None = None) -> list[Reply]:
    """Give those of several declared replies that fit what came; context as for `fits`."""
    return [reply for reply in several if fits(reply, received, context) is None]


def specificity(reply: Reply) -> tuple[int, int]:
    """Count what a declared reply asks for: literal values, and values by type."""
    counted = [_specific(declared) for declared in (reply.body, *reply.headers.values())]
    return sum(one[0] for one in counted), sum(one[1] for one in counted)


def mistaken(
    replies: RepliesByName, means: Mapping[str, Any], same: Callable[[str, str], bool], context: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give where a declared reply stands that nobody can recognise: as declared it reads as another of different meaning.

    Args:
        replies: The declared replies of a call.
        means: The names that are looked at, in their order.
        same: Do two names mean the same to whoever reads?
        context: Values for the templates.
    """
    for place, reply in replies.each():
        read = declared_names(replies, means, example_of(reply, context), context)
        other = next((one for one in read if not same(str(place[0]), one)), None)
        if other is not None:
            yield place, other


def example_of(reply: Reply, context: Mapping[str, Any]) -> Received:
    """Give a reply as it comes when it is as declared and nothing more."""
    body = templates.examples(templates.fill(reply.body, context))
    headers = {name.lower(): value for name, value in headers_of(reply, context).items()}
    return Received(reply.status, body, headers)


def headers_of(reply: Reply, context: Mapping[str, Any]) -> dict[str, str]:
    """Give the declared headers of a reply as they come when they are as declared, and nothing more."""
    filled = {name: templates.examples(templates.fill(value, context)) for name, value in reply.headers.items()}
    return {name: bodies.as_text(value) for name, value in filled.items()}


def _undeclared(status: int) -> Outcome:
    return Outcome.RETRYABLE if passes(status) else Outcome.UNKNOWN


def _specific(declared: Any) -> tuple[int, int]:
    """Count the literal values that a declared body asks for, and those by type, among them places that must be there."""
    if declared is None:
        return 0, 0
    if isinstance(declared, Mapping) and set(declared) == {templates.LIKE}:
        return 0, 1 + _places(declared[templates.LIKE])
    if isinstance(declared, Mapping | list | tuple):
        members = declared.values() if isinstance(declared, Mapping) else declared
        counted = [_specific(member) for member in members]
        return sum(one[0] for one in counted), 1 + sum(one[1] for one in counted)
    return 1, 0


def _places(example: Any) -> int:
    if isinstance(example, Mapping):
        return sum(1 + _places(member) for member in example.values())
    return 0
