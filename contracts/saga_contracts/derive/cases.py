"""Contract cases: every exchange that an owner's client can have with each participant (pure, deterministic).

A case is one call in one state of the step, the declared reply, and the outcome that the client must make of it. The state of
the step is reached by real calls (`arrived: F C`), only the domain precondition is the provider's own business. From each case
comes one Pact interaction, keyed and described `saga/step/role/case`.

States in a pact, in this order, so that a stock verifier can serve them by handlers:

1. `a fresh step key for SAGA/STEP` gives the values `stepKey`, `sagaId`, `callbackUrl` and every fresh payload field;
2. the domain preconditions in the provider's own words, with example values of the payload;
3. `SAGA/STEP arrived: F C`: these calls were made with the step key before (letters as in `model`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Completion, KeyStyle, ProviderState, Reply, Request, Saga, Step, StepClass
from saga_contracts.derive.slices import StepSlice, example_outputs, step_slice
from saga_contracts.wire.replies import forward_outcome

SAGA_ID = "saga-1"
WHOLE = "_saga"
"""Stands in the place of the step in the name of a case that belongs to the whole saga; no step can have this name."""
CALLBACK_URL = "http://saga-service.example/callbacks/{key}"


class Role(StrEnum):
    """The roles of a call."""

    FORWARD = "forward"
    COMPENSATE = "compensate"
    STATUS = "status"
    CALLBACK = "callback"
    CREATION = "creation"  # the owner starts a saga at the saga service
    NOTIFICATION = "notification"  # the owner is told what could not be undone or finished


MESSAGES = (Role.CALLBACK, Role.CREATION, Role.NOTIFICATION)
"""Roles whose caller is the provider of a message: a changed caller would go unnoticed otherwise."""


@dataclass(frozen=True, slots=True)
class Case:
    """One exchange that a contract must hold.

    Attributes:
        name: Its identity, `saga/step/role/case`.
        participant: Who is called; for a callback, who calls.
        states: Provider states in the order in which they are set up.
        request: The call as templates.
        reply: What comes back, as declared; for a callback, None.
        message: The callback's body as templates; for a call, None.
        outcome: What the client must make of the reply.
        obligations: Which obligations the case serves.
        slice: The step's slice when this case carries it in its pact.
        consumer: Who receives the message, when it is not the pacticipant that executes the saga.
    """

    name: str
    saga: str
    step: str
    role: Role
    participant: str
    states: tuple[ProviderState, ...]
    outcome: str
    obligations: tuple[str, ...]
    request: Request
    reply: Reply | None = None
    message: Any = None
    slice: StepSlice | None = field(default=None, compare=False)
    consumer: str | None = None


def derive(saga: Saga) -> tuple[Case, ...]:
    """Give every case of a saga, in the order of its steps."""
    return tuple(case for step in saga.steps for case in _step_cases(saga, step))


def derive_messages(saga: Saga) -> tuple[Case, ...]:
    """Give the messages between the saga's owner and the saga service; none when one process is both.

    They are cases of the receiver: of the saga service for the creation, of the owner for the notifications. A run of contract
    tests needs not exercise them; those that it exercises stand in a pact.
    """
    if saga.owner == saga.consumer:
        return ()
    return (_creation(saga), *_notifications(saga))


def example_context(saga: Saga, step: Step) -> dict[str, Any]:
    """Give the example values that fill the templates of a step's calls."""
    key = step_key(SAGA_ID, step.step)
    outputs = {before: example_outputs(saga.step(before)) for before in sorted(saga.ancestors(step.step))}
    return {
        "payload": saga.payload.example,
        "outputs": outputs,
        "key": key,
        "saga_id": SAGA_ID,
        "step": step.step,
        "callback_url": CALLBACK_URL.replace("{key}", key),
    }


def generator_context(saga: Saga, step: Step) -> dict[str, Any]:
    """Give the expressions that a verifier replaces by fresh values, in the places of the examples."""
    payload: dict[str, Any] = dict(saga.payload.example)
    payload.update({name: f"${{{name}}}" for name in saga.payload.fresh})
    fresh = {"key": "${stepKey}", "saga_id": "${sagaId}", "callback_url": "${callbackUrl}"}
    return example_context(saga, step) | {"payload": payload} | fresh


def step_key(saga_id: str, step: str) -> str:
    """Give the key of one step of one saga instance: the idempotency key of all its calls."""
    return f"{saga_id}:{step}"


def fresh_state(saga: str, step: str) -> str:
    """Give the name of the state that asks for a fresh step key."""
    return f"a fresh step key for {saga}/{step}"


def arrived_state(saga: str, step: str, word: str) -> str:
    """Give the name of the state that says which calls were made before."""
    return f"{saga}/{step} arrived: {word}"


def _step_cases(saga: Saga, step: Step) -> Iterator[Case]:
    done = "F D" if step.completion == Completion.CALLBACK else "F"
    refused = "F X" if step.completion == Completion.CALLBACK else "R"
    for role, name, word, outcome, reply, obligations in _rows(step, done, refused):
        refusing = word.startswith(refused) if refused == "R" else word.startswith("F X")
        refusing = refusing or name == "refused"
        call = getattr(step, role.value)
        carries = role == Role.FORWARD and name in ("done", "in_progress")
        yield Case(
            name=f"{saga.saga}/{step.step}/{role}/{name}",
            saga=saga.saga,
            step=step.step,
            role=role,
            participant=step.participant,
            states=_states(saga, step, word, refusing=refusing),
            outcome=outcome,
            obligations=obligations,
            request=call.request,
            reply=reply,
            slice=step_slice(saga, step.step) if carries else None,
        )
    yield from _callback_cases(saga, step)


_Row = tuple[Role, str, str, str, Reply, tuple[str, ...]]


def _rows(step: Step, done: str, refused: str) -> Iterator[_Row]:
    yield from _forward_rows(step, done, refused)
    if step.compensate is not None:
        undo = step.compensate.replies
        again = undo.done_again or undo.done
        yield Role.COMPENSATE, "done", done, "done", undo.done, ("O1", "O6", "O13", "O31")
        yield Role.COMPENSATE, "done_again", f"{done} C", "done", again, ("O7", "O13", "O31")
        yield Role.COMPENSATE, "null", "", "done", undo.null or undo.done, ("O8", "O13", "O31")
        if step.given.refusing:
            yield Role.COMPENSATE, "after_refusal", refused, "done", undo.null or undo.done, ("O2", "O13", "O31")
    if step.status is not None:
        yield from _status_rows(step, done, refused)


def _forward_rows(step: Step, done: str, refused: str) -> Iterator[_Row]:
    replies = step.forward.replies
    first = replies.in_progress if step.completion == Completion.CALLBACK else replies.done
    if first is not None:
        name = "in_progress" if step.completion == Completion.CALLBACK else "done"
        extra = ("O18",) if step.completion == Completion.CALLBACK else ()
        yield Role.FORWARD, name, "", name, first, ("O1", *extra, "O31")
    again = replies.done_again or replies.done
    if again is not None:
        yield Role.FORWARD, "done_again", done, "done", again, ("O3", "O31")
    if replies.refused is not None and step.given.refusing:
        if step.completion == Completion.SYNC:
            yield Role.FORWARD, "refused", "", "refused", replies.refused, ("O1", "O2", "O31")
        yield Role.FORWARD, "refused_again", refused, "refused", replies.refused, ("O32", "O31")
    suspended = replies.suspended or replies.refused
    if step.step_class == StepClass.COMPENSATABLE and suspended is not None:
        outcome = "suspended" if replies.suspended is not None else "refused"
        yield Role.FORWARD, "suspended", "C", outcome, suspended, ("O9", "O31")
    if step.key != KeyStyle.NONE:
        misused = replies.misused or Reply(status=422)
        outcome = forward_outcome(step, misused.status, templates.examples(misused.body))
        yield Role.FORWARD, "misused", "M", outcome.value, misused, ("O4", "O31")


def _status_rows(step: Step, done: str, refused: str) -> Iterator[_Row]:
    assert step.status is not None  # noqa: S101  (the caller looked)
    replies = step.status.replies
    obligations = ("O14", "O31", "O33")
    yield Role.STATUS, "absent", "", "absent", replies.absent, obligations
    yield Role.STATUS, "applied", done, "applied", replies.applied, obligations
    if replies.refused is not None and step.given.refusing:
        yield Role.STATUS, "refused", refused, "refused", replies.refused, obligations
    if replies.compensated is not None and step.compensate is not None:
        yield Role.STATUS, "compensated", f"{done} C", "compensated", replies.compensated, obligations
        yield Role.STATUS, "null_compensated", "C", "compensated", replies.compensated, ("O8", *obligations)


def _callback_cases(saga: Saga, step: Step) -> Iterator[Case]:
    if step.callback is None:
        return
    outcomes: Mapping[str, Any] = {"done": step.callback.outcomes.done, "refused": step.callback.outcomes.refused}
    for outcome, body in outcomes.items():
        if body is None or (outcome == "refused" and not step.given.refusing):
            continue
        common = step.callback.request.body or {}
        yield Case(
            name=f"{saga.saga}/{step.step}/{Role.CALLBACK}/{outcome}",
            saga=saga.saga,
            step=step.step,
            role=Role.CALLBACK,
            participant=step.participant,
            states=_states(saga, step, "F D" if outcome == "done" else "F X", refusing=outcome == "refused"),
            outcome=outcome,
            obligations=("O18", "O31"),
            request=step.callback.request,
            message={**common, **body},
        )


def _creation(saga: Saga) -> Case:
    return Case(
        name=f"{saga.saga}/{WHOLE}/{Role.CREATION}/started",
        saga=saga.saga,
        step=saga.steps[0].step,
        role=Role.CREATION,
        participant=saga.owner,
        states=(ProviderState(state=f"the saga {saga.saga} is started", params={"saga": saga.saga}),),
        outcome="taken",
        obligations=("O28",),
        request=Request(method="POST", path="/sagas"),
        message={
            "saga": saga.saga,
            "request_id": {templates.LIKE: "request-1"},
            "payload": {templates.LIKE: saga.payload.example},
        },
    )


def _notifications(saga: Saga) -> Iterator[Case]:
    told = saga.policies.owner_notification
    if told is None:
        return
    events = {"compensation_failed": StepClass.COMPENSATABLE, "step_exhausted": StepClass.RETRIABLE}
    for event, step_class in events.items():
        step = next((step for step in saga.steps if step.step_class == step_class), None)
        if step is not None:
            params = {"saga": saga.saga, "step": step.step, "event": event}
            yield Case(
                name=f"{saga.saga}/{WHOLE}/{Role.NOTIFICATION}/{event}",
                saga=saga.saga,
                step=step.step,
                role=Role.NOTIFICATION,
                participant=saga.consumer,
                states=(ProviderState(state=f"the owner of {saga.saga} has to be told", params=params),),
                outcome="taken",
                obligations=("O27", "O31"),
                request=told.request,
                message=_with_event(told.request.body, event),
                consumer=told.participant,
            )


def _with_event(body: Any, event: str) -> Any:
    if isinstance(body, str):
        return body.replace("{event}", event)
    if isinstance(body, Mapping):
        return {name: _with_event(member, event) for name, member in body.items()}
    return [_with_event(member, event) for member in body] if isinstance(body, list | tuple) else body


def _states(saga: Saga, step: Step, word: str, *, refusing: bool) -> tuple[ProviderState, ...]:
    preconditions = step.given.refusing if refusing else step.given.enough
    context = {"payload": saga.payload.example}
    domain = tuple(ProviderState(state=one.state, params=templates.fill(one.params, context)) for one in preconditions)
    fresh = ProviderState(state=fresh_state(saga.saga, step.step), params={"saga": saga.saga, "step": step.step})
    if not word:
        return (fresh, *domain)
    arrived = ProviderState(
        state=arrived_state(saga.saga, step.step, word), params={"saga": saga.saga, "step": step.step, "word": word}
    )
    return (fresh, *domain, arrived)
