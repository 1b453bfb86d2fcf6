"""What a contract case is, and the names of the states of a pact in which it begins (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import ProviderState, Reply, Request, Saga, Step, Under
from saga_contracts.derive.examples import example_context, with_fields
from saga_contracts.derive.slices import StepSlice

REFUSED_PAYLOAD = "refused"
"""The parameter `payload` of a fresh step key whose payload is the one that is refused (`given.refusing_payload`)."""
WHOLE = "_saga"
"""Stands in the place of the step in the name of a case that belongs to the whole saga; no step can have this name."""


class Role(StrEnum):
    """The roles of a call."""

    FORWARD = "forward"
    COMPENSATE = "compensate"
    STATUS = "status"
    LOOKUP = "lookup"
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
        fields: Fields of the payload, by dots, that have another value than the example's.
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
    fields: Mapping[str, Any] = field(default_factory=dict)

    def called_in(self, saga: Saga) -> Saga:
        """Give the saga as this case is called in it: with its own values in some fields of the example."""
        return with_fields(saga, self.fields) if self.fields else saga

    @property
    def short_name(self) -> str:
        """Its name within its role, such as `done_again`."""
        return self.name.rpartition("/")[2]


def fresh_state(saga: str, step: str) -> str:
    """Give the name of the state that asks for a fresh step key."""
    return f"a fresh step key for {saga}/{step}"


def arrived_state(saga: str, step: str, word: str) -> str:
    """Give the name of the state that says which calls were made before."""
    return f"{saga}/{step} arrived: {word}"


def states(saga: Saga, step: Step, word: str, under: Under) -> tuple[ProviderState, ...]:
    """Give the states of a pact in which a case begins, in their order.

    Args:
        saga: The saga.
        step: The step.
        word: The calls that came before; empty: none.
        under: The domain precondition.
    """
    fields = step.given.fields(under)
    context = example_context(with_fields(saga, fields), step)
    domain = tuple(ProviderState(state=one.state, params=templates.fill(one.params, context)) for one in step.given.states(under))
    named = {"saga": saga.saga, "step": step.step, **({"payload": REFUSED_PAYLOAD} if fields else {})}
    fresh = ProviderState(state=fresh_state(saga.saga, step.step), params=named)
    if not word:
        return (fresh, *domain)
    arrived = ProviderState(
        state=arrived_state(saga.saga, step.step, word), params={"saga": saga.saga, "step": step.step, "word": word}
    )
    return (fresh, *domain, arrived)
