"""The saga as a value: what one saga file says, after it was read and found right.

These frozen models are format version 1 and also the way to declare a saga in Python. They hold shapes only. Reading a
file and finding its faults is `sagafile`, the rules that need more than one field are `lint`, and everything derived
(cases, decks, slices) has a module of its own. Its parts are `kinds`, `calls`, `steps`, `policies`.

Rule for later versions: a field may be added to format 1 only if it has a default that means what its absence meant before, and
the default must be null (or stand outside of a step's slice), so that no slice of an unchanged file changes. Whatever removes a
field, or changes what one means, is format 2, read beside format 1.
"""

import operator
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from saga_contracts.declare.calls import (
    Callback,
    CallbackOutcomes,
    CallbackReplies,
    Compensate,
    CompensateReplies,
    Forward,
    ForwardReplies,
    Lookup,
    LookupReplies,
    Poll,
    Probe,
    Reads,
    Reply,
    Request,
    Status,
    StatusReplies,
)
from saga_contracts.declare.choreography.events import Event, Start
from saga_contracts.declare.choreography.reactions import Ends, Reaction, Timer
from saga_contracts.declare.graph import Graph, undo_graph
from saga_contracts.declare.kinds import (
    DEFAULT_KEY_FORM,
    FORMAT,
    NONE,
    Completion,
    Json,
    KeyStyle,
    Model,
    Name,
    NullStatus,
    Pacticipant,
    Pointer,
    StepClass,
    Transport,
)
from saga_contracts.declare.outputs import Output, example_outputs
from saga_contracts.declare.policies import OwnerNotification, Policies, Waiver
from saga_contracts.declare.steps import Given, KeyPlaces, ProviderState, SemanticLock, Step, Under

__all__ = [
    "FORMAT",
    "NONE",
    "Callback",
    "CallbackOutcomes",
    "CallbackReplies",
    "Compensate",
    "CompensateReplies",
    "Completion",
    "Conserved",
    "ConservedRead",
    "Correlation",
    "Echo",
    "Forward",
    "ForwardReplies",
    "Given",
    "Json",
    "KeyPlaces",
    "KeyStyle",
    "Lookup",
    "LookupReplies",
    "Model",
    "Name",
    "NullStatus",
    "Output",
    "OwnerNotification",
    "Pacticipant",
    "Payload",
    "Pointer",
    "Policies",
    "Poll",
    "Probe",
    "ProviderState",
    "Reads",
    "Reply",
    "Request",
    "Saga",
    "SemanticLock",
    "Status",
    "StatusReplies",
    "Step",
    "StepClass",
    "Transport",
    "Under",
    "Waiver",
]


class Payload(Model):
    """What a saga is started with."""

    json_schema: dict[str, Json] = Field(alias="schema")
    example: dict[str, Json]
    fresh: tuple[str, ...] = ()
    """Text and number fields of the example, reached by dots, that get a new value whenever the saga is played."""


class ConservedRead(Model):
    """Where a part of a conserved quantity can be read."""

    participant: Pacticipant
    request: Request
    sum: Annotated[tuple[Pointer, ...], Field(min_length=1)]
    """JSON pointers to the numbers that count, holds included."""


class Conserved(Model):
    """A quantity that no run of the saga makes or loses, whatever fails: the sum of all its reads stays the same."""

    quantity: Name
    reads: Annotated[tuple[ConservedRead, ...], Field(min_length=1)]


class Echo(Model):
    """What of the correlation stands in every reply and callback, as templates of `saga_id`, `step` and `key`."""

    headers: dict[str, str] = Field(default={})
    body: dict[Pointer, str] = Field(default={})
    """By JSON pointer into the body."""


def _as_it_is(value: Any) -> Any:
    """Read by the model itself; here so that the JSON Schema knows the word `none`, too."""
    return value


class Correlation(Model):
    """By which headers a call says to which saga and step it belongs; `correlation: none` for no header at all."""

    saga_id: str = "Saga-Id"
    step: str = "Saga-Step"
    headers: dict[str, str] | None = None
    """The headers as templates of `saga_id`, `step` and `key`, in the place of `saga_id` and `step`; `{}`: none."""
    echo: Annotated[Echo, BeforeValidator(_as_it_is, json_schema_input_type=Echo | Literal["none"])] | None = None
    """What a reply gives back; default: the same headers. `none`: nothing, so that O31 is not asked."""

    @model_validator(mode="before")
    @classmethod
    def _none(cls, data: Any) -> Any:
        if data == NONE:
            return {"headers": {}, "echo": {}}
        if isinstance(data, dict) and data.get("echo") == NONE:
            return {**data, "echo": {}}
        return data

    @property
    def sent(self) -> dict[str, str]:
        """The headers of every call, as templates."""
        return {self.saga_id: "{saga_id}", self.step: "{step}"} if self.headers is None else self.headers

    @property
    def echoed(self) -> dict[str, str]:
        """The headers of every reply, as templates."""
        return self.sent if self.echo is None else self.echo.headers

    @property
    def echoed_in_body(self) -> dict[str, str]:
        """What stands in the body of every reply, as templates by JSON pointer."""
        return {} if self.echo is None else self.echo.body


class Saga(Model):
    """One saga: who owns it, what it is started with, its steps and its policies."""

    format: Literal[1]
    saga: Name
    description: str = ""
    owner: Pacticipant
    orchestrator: Pacticipant | None = None
    executes_as: Pacticipant | None = None
    """Whose process makes the calls in the owner's name; default: the owner."""
    level: Annotated[int, Field(ge=1, le=4)] = 3
    """Level of adoption: 1 pacts, 2 and status calls, 3 and effect probes, 4 and crash and race."""
    timeout_ms: Annotated[int, Field(ge=1, le=2_592_000_000)] | None = None
    """How long after its start the saga may still begin steps. Then it is undone, unless it can only go forward by then."""
    payload: Payload
    correlation: Annotated[Correlation, BeforeValidator(_as_it_is, json_schema_input_type=Correlation | Literal["none"])] = (
        Correlation()
    )
    policies: Policies = Policies()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=200, exclude_if=operator.not_)] = ()
    """What is called, one after another; a saga without any has `reactions`."""
    style: Literal["orchestrated", "choreographed", "mixed"] | None = None
    """Who leads: one service by its calls, nobody (events), or both; default: as the file has steps, reactions or both."""
    start: Start | None = None
    events: Annotated[dict[Name, Event], Field(max_length=200)] = Field(default={})
    reactions: Annotated[tuple[Reaction, ...], Field(min_length=1, max_length=200, exclude_if=operator.not_)] = ()
    timers: Annotated[tuple[Timer, ...], Field(max_length=100)] = ()
    ends: Ends | None = None
    waivers: tuple[Waiver, ...] = ()
    conserved: tuple[Conserved, ...] = ()

    @property
    def consumer(self) -> str:
        """The pacticipant that stands as consumer in the step contracts."""
        return self.executes_as or self.owner

    @property
    def speaks_of_events(self) -> bool:
        """Is any part of it choreographed?"""
        return bool(self.events or self.reactions or self.timers or self.start or self.ends)

    @cached_property
    def graph(self) -> Graph:
        """The order of the steps."""
        return Graph.of((step.step, step.after) for step in self.steps)

    @cached_property
    def undo_graph(self) -> Graph:
        """The order of the undoing: a step waits for that of those in its `undo_after`, else of all that come after it."""
        return undo_graph(self.graph, {step.step: step.undo_after for step in self.steps if step.undo_after is not None})

    @cached_property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """The outputs of every step as its examples hold them, by step."""
        return {step.step: example_outputs(step) for step in reversed(self.steps)}

    @cached_property
    def key_forms(self) -> Mapping[str, str]:
        """How the key of each step is written, where it is one text."""
        return {step.step: step.key_form or DEFAULT_KEY_FORM for step in self.steps if step.has_written_key and not step.for_each}

    def step(self, name: str) -> Step:
        """Give the step of this name.

        Raises:
            KeyError: when the saga has no such step.
        """
        return self.steps[self.graph.index[name]]

    def ancestors(self, name: str) -> frozenset[str]:
        """Give the names of all steps that are done before this one starts."""
        return self.graph.ancestors(name)

    def goes_only_forward(self, name: str) -> bool:
        """Is a step begun only once the saga can no longer be undone?"""
        return any(self.step(one).step_class in (StepClass.PIVOT, StepClass.RETRIABLE) for one in self.ancestors(name))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the saga; what was worked out of its steps is worked out anew for the copy."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("graph", "undo_graph", "outputs", "key_forms"):
            copied.__dict__.pop(name, None)
        return copied

    def as_json(self) -> dict[str, Json]:
        """Give the saga as plain JSON, without the fields that have their default value."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"format": self.format}
