"""Helpers for participants: answering status calls as declared, sending callbacks until they are taken, forgetting old keys.

What a step's state is, and where keys and callbacks are stored, is the participant's own business: it must be written in the
transaction of the effect. These helpers hold what is the same for all.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx

from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff
from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.policies import CHECK_AFTER_MS
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.errors import UsageError
from saga_contracts.rim import sender
from saga_contracts.wire.replies import callback_bodies
from saga_contracts.wire.requests import StepCall, UnsendableError, call_context, step_request

CALLBACK_TIMEOUT_S = 10.0
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that a participant gives.

    Attributes:
        status: HTTP status.
        body: JSON body; None for none.
    """

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one callback that was sent.

    Attributes:
        taken: Was it answered 2xx? Then it need not be sent again.
        reached: Was anybody there? If nobody listened, or nothing came in time, other callbacks to that place can wait as well.
        text: What was seen, in words that fit after "it".
    """

    taken: bool
    reached: bool
    text: str


def status_answer(step: Step, state: State, call: StepCall | None = None, values: Mapping[str, Any] | None = None) -> Answer:
    """Give the reply that the saga file declares for a state of a step; of several, the usual one (the first).

    Args:
        step: The step.
        state: Its durable state; a key that is not known is `absent`.
        call: The values that the declared reply names; None where it names none.
        values: What your service knows better than the example that the file shows with `$like`, by field of the body.

    Raises:
        UsageError: when the step declares no status call, or no reply for this state.
        TemplateError: when the reply names a value that `call` does not hold.
    """
    declared = step.status.replies.named(state.value) if step.status is not None else ()
    if not declared:
        raise UsageError(
            f"The step {step.step} declares no status reply for the state {state.value!r}. "
            "Declare it in the saga file, or do not let the step come into this state."
        )
    reply = declared[0]
    context = call_context(step, call) if call is not None else {}
    return Answer(
        reply.status, None if reply.body is None else _with(values, templates.examples(templates.fill(reply.body, context)))
    )


def attempt_callback(
    saga: Saga,
    step: str,
    call: StepCall,
    outcome: Outcome,
    http: httpx.Client,
    *,
    values: Mapping[str, Any] | None = None,
    correlation: Mapping[str, str] | None = None,
    timeout_s: float = CALLBACK_TIMEOUT_S,
) -> Delivery:
    """Tell the outcome of an accepted forward call once: for an outbox, which knows itself when to tell it again.

    Args:
        saga: The saga's definition.
        step: The step's name.
        call: The values of the forward call: its `callback_url`, and its `key` as it came.
        outcome: What became of it.
        http: Sends; best one of `saga_contracts.rim.sender.bounded_client`, with which `timeout_s` bounds the whole exchange.
        values: What your service knows better than the example that the file shows with `$like`, by field of the body.
        correlation: The correlation headers as they came; None: as the file declares them.
        timeout_s: How long it may take. A redirect does not count as taken.

    Raises:
        UsageError: when the step declares no such callback.
        UnsendableError: when `call` has no callback address, or one that is none.
    """
    request = _callback_request(saga, step, call, outcome, values, correlation)
    try:
        answered = sender.send(http, request, timeout_s)
    except httpx.InvalidURL as error:
        raise UnsendableError(f"The callback of {step} cannot be sent: {error}.") from None
    if isinstance(answered, sender.Reply):
        return Delivery(answered.is_success, reached=True, text=f"answered {answered.status}")
    silent = answered.why in (sender.Why.REFUSED, sender.Why.UNREACHABLE, sender.Why.TIMEOUT)
    return Delivery(taken=False, reached=not silent, text=answered.text)


def send_callback(
    saga: Saga,
    step: str,
    call: StepCall,
    outcome: Outcome,
    http: httpx.Client,
    *,
    values: Mapping[str, Any] | None = None,
    tries: int = 10,
    backoff: Backoff = DEFAULT_BACKOFF,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Tell the outcome of an accepted forward call until it is taken.

    Keep the callback in your database until this gives True, and call again after a restart: a callback may come twice, but it
    must come.

    Args:
        saga: The saga's definition.
        step: The step's name.
        call: The values of the forward call, its `callback_url` included.
        outcome: What became of it.
        http: Sends; a redirect does not count as taken.
        values: As for `attempt_callback`.
        tries: How often it is sent at most in this call.
        backoff: How long to wait between tries.
        sleep: Waits so many seconds.

    Returns:
        Was it taken (any 2xx)?

    Raises:
        UsageError: when the step declares no such callback.
        UnsendableError: when `call` has no callback address.
    """
    for number in range(1, tries + 1):
        if attempt_callback(saga, step, call, outcome, http, values=values).taken:
            return True
        if number < tries:
            sleep(backoff.pause_s(number))
    return False


class KeyStore(Protocol):
    """Where a participant keeps its step keys."""

    def forget(self, before: datetime, most: int) -> int:
        """Delete at most so many keys whose step was last touched before a moment, the oldest first; tell how many."""
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long keys are kept: longer than any late call can take.

    Attributes:
        longest_saga: From the first call of a saga to its end, compensations included.
        checker_delay: How long after the end a checker still asks.
        margin: For calls that were held up on their way.
    """

    longest_saga: timedelta
    checker_delay: timedelta = timedelta(milliseconds=CHECK_AFTER_MS)
    margin: timedelta = timedelta(days=1)

    def cutoff(self, now: datetime) -> datetime:
        """Give the moment before which keys may be forgotten."""
        return now - self.longest_saga - self.checker_delay - self.margin


def forget_old_keys(store: KeyStore, retention: Retention, now: datetime, batch: int = BATCH) -> int:
    """Delete the keys that no late call can ask for any more, in batches, so that no transaction grows long.

    Returns:
        How many were deleted.

    Raises:
        UsageError: when a part of the retention, or the batch, is not above zero: late duplicates would be taken for new calls.
    """
    if min(retention.longest_saga, retention.checker_delay, retention.margin) <= timedelta(0) or batch < 1:
        raise UsageError(
            "Keys would be forgotten too early: give every part of the retention, and the batch, a value above zero."
        )
    before, total = retention.cutoff(now), 0
    while True:
        forgotten = store.forget(before, batch)
        total += forgotten
        if forgotten < batch:
            return total


def _callback_request(
    saga: Saga,
    name: str,
    call: StepCall,
    outcome: Outcome,
    values: Mapping[str, Any] | None,
    correlation: Mapping[str, str] | None,
) -> httpx.Request:
    step = saga.step(name)
    fields: Mapping[str, Any] | None = getattr(step.callback.outcomes, outcome.value) if step.callback is not None else None
    if step.callback is None or fields is None:
        raise UsageError(f"The step {name} declares no callback for {outcome.value!r}. Declare it in the saga file.")
    if call.callback_url is None:
        raise UnsendableError(f"The callback of {name} cannot be sent: the forward call brought no callback address.")
    body = _with(values, templates.examples(dict(callback_bodies(step))[outcome]))
    request = step.callback.request.model_copy(update={"body": body, "path": ""})
    built = step_request(saga, step, request, call, call.callback_url)
    headers = list(built.headers)
    if correlation is not None:
        declared = {sent.lower() for sent in saga.correlation.sent}
        headers = [*((sent, value) for sent, value in headers if sent.lower() not in declared), *correlation.items()]
    return httpx.Request(built.method, built.url, params=list(built.query) or None, headers=headers, content=built.content)


def _with(values: Mapping[str, Any] | None, body: Any) -> Any:
    return {**body, **values} if values and isinstance(body, Mapping) else body
