"""Cases whose caller is the provider of a message: callbacks, the creation of a saga, what its owner is told (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import Outcome
from saga_contracts.declare.saga import ProviderState, Request, Saga, Step, StepClass, Under
from saga_contracts.derive.cases.case import WHOLE, Case, Role, states
from saga_contracts.wire import replies


def callback_cases(saga: Saga, step: Step) -> Iterator[Case]:
    """Give the callbacks of a step: what its participant tells."""
    for outcome, body in replies.callback_bodies(step):
        refused = outcome == Outcome.REFUSED
        if refused and not step.given.can_refuse:
            continue
        under = Under.REFUSING if refused else Under.ENOUGH
        assert step.callback is not None  # noqa: S101  (it has outcomes)
        yield Case(
            name=f"{saga.saga}/{step.step}/{Role.CALLBACK}/{outcome}",
            saga=saga.saga,
            step=step.step,
            role=Role.CALLBACK,
            participant=step.participant,
            states=states(saga, step, "F X" if refused else "F D", under),
            outcome=outcome.value,
            obligations=("O18", "O31"),
            request=step.callback.request,
            message=dict(body),
            fields=step.given.fields(under),
        )


def creation(saga: Saga) -> Case:
    """Give the message by which the owner starts a saga."""
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


def notifications(saga: Saga) -> Iterator[Case]:
    """Give the messages by which the owner hears what could not be undone or finished."""
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
