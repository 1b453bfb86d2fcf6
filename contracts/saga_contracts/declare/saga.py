"""The saga as a value: what one saga file says, after it was read and found right.

These frozen models are format version 1 and also the way to declare a saga in Python. They hold shapes only. Reading a
file and finding its faults is `sagafile`, the rules that need more than one field are `lint`, and everything derived
(cases, decks, slices) has a module of its own.

Rule for later versions: a field may be added to format 1 only if it has a default that means what its absence meant before, and
the default must be null (or stand outside of a step's slice), so that no slice of an unchanged file changes. Whatever removes a
field, or changes what one means, is format 2, read beside format 1.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from saga_contracts.declare.graph import Graph
from saga_contracts.declare.outputs import example_outputs

FORMAT = 1
NONE = "none"
"""Says positively that there is nothing."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A saga's or a step's name: lower case, digits and underscores, since it stands in keys, URLs and pacts."""
Pacticipant = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\r\n/]{0,254}$")]
"""A service's name as the broker knows it."""
NullStatus = Annotated[str, StringConstraints(pattern=r"^4[0-9]{2}$")]
"""A status that may mean that there was nothing to undo."""
Pointer = Annotated[str, StringConstraints(pattern=r"^/")]
"""A JSON pointer (RFC 6901) to a member of a document."""
Json = Any
"""Any JSON value; strings may hold templates such as `{payload.price_minor}`."""


class StepClass(StrEnum):
    """What may happen to a step once it is done (Richardson, Microservices Patterns, chapter 4)."""

    COMPENSATABLE = "compensatable"  # it can be undone
    PIVOT = "pivot"  # it decides: once done, the saga goes only forward
    RETRIABLE = "retriable"  # it is repeated until done, never undone


class Completion(StrEnum):
    """When the outcome of a forward call is known."""

    SYNC = "sync"  # in its reply
    CALLBACK = "callback"  # in a later call of the participant to the saga service


class KeyStyle(StrEnum):
    """Where the step key stands in a call."""

    HEADER = "header"
    PATH = "path"
    BODY = "body"
    NATURAL = "natural"  # fields of the payload identify the step
    NONE = "none"  # nothing does: the key obligations are broken, as declared


class Transport(StrEnum):
    """How a call travels."""

    HTTP = "http"
    MESSAGE = "message"  # comes with choreography
    GRPC = "grpc"  # comes later


class Model(BaseModel):
    """A frozen value without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Request(Model):
    """An HTTP request as a template."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Path, or `{callback_url}`; templates allowed."""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Json = None
    """JSON body; null means none."""


class Reply(Model):
    """A reply as it is told from the others: its status, and the literal values in its body.

    In `body` a plain value must be equal; `{$like: example}` accepts any value of the example's type.
    """

    status: Annotated[int, Field(ge=100, le=599)]
    body: Json = None
    headers: dict[str, str] = {}


class ForwardReplies(Model):
    """Replies to a forward call, by outcome."""

    done: Reply | None = None
    done_again: Reply | None = None
    """The same call repeated; default: as `done`."""
    in_progress: Reply | None = None
    """Accepted; the callback tells the outcome."""
    refused: Reply | None = None
    suspended: Reply | None = None
    """A forward call that arrives after its compensation; default: as `refused`."""
    misused: Reply | None = None
    """The same key with another payload; default: status 422."""
    retryable: Reply | None = None
    """An explicit 'try again'; 408, 425, 429 and 5xx always count as such."""


class CompensateReplies(Model):
    """Replies to a compensating call, by outcome."""

    done: Reply
    done_again: Reply | None = None
    """Default: as `done`."""
    null: Reply | None = None
    """Nothing was there to undo; default: as `done`. A declared other reply (such as 404) counts as success."""
    impossible: Reply | None = None
    """It cannot be undone any more; allowed only after the saga's end."""
    retryable: Reply | None = None


class StatusReplies(Model):
    """Replies to a status call, by the durable state of the step."""

    applied: Reply
    absent: Reply
    compensated: Reply | None = None
    refused: Reply | None = None
    in_progress: Reply | None = None


class Forward(Model):
    """The call that makes the step's effect."""

    transport: Transport = Transport.HTTP
    request: Request
    replies: ForwardReplies
    outputs: dict[Name, str] = {}
    """Name of an output for later steps, and the JSON pointer to it in the `done` reply, or in the callback that tells `done`."""


class Compensate(Model):
    """The call that undoes the step's effect."""

    transport: Transport = Transport.HTTP
    request: Request
    replies: CompensateReplies
    tries: Annotated[int, Field(ge=1, le=30)] | None = None
    """How often the compensation is sent at most, the first time included; default: as often as the forward call."""
    null_compensation: Annotated[dict[NullStatus, Literal["done"]], Field(min_length=1, max_length=1)] | None = None
    """Short for a `null` reply without a body: `{404: done}` says that 'not found' means 'nothing to undo', which is success."""

    @model_validator(mode="before")
    @classmethod
    def _write_out(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("null_compensation"), dict):
            return data
        statuses = [int(status) for status in data["null_compensation"] if str(status).isdecimal()]
        replies = data.get("replies")
        if not isinstance(replies, dict) or len(statuses) != 1:
            return data
        null = replies.get("null") or {"status": statuses[0]}
        if isinstance(null, dict) and null.get("status") != statuses[0]:
            raise ValueError("`null_compensation` and the reply `null` name different statuses; keep one of them")
        return {**data, "replies": {**replies, "null": null}}


class Status(Model):
    """The call that tells the step's durable state."""

    transport: Transport = Transport.HTTP
    request: Request
    replies: StatusReplies


class CallbackOutcomes(Model):
    """What the callback's body holds besides the common part, by outcome."""

    done: dict[str, Json]
    refused: dict[str, Json] | None = None


class CallbackReplies(Model):
    """What the saga service answers a callback."""

    done: Reply


class Callback(Model):
    """The participant's later call that tells the outcome of a forward call it had accepted."""

    transport: Transport = Transport.HTTP
    request: Request
    outcomes: CallbackOutcomes
    replies: CallbackReplies


class Reads(Model):
    """What the effect probe reads, as templates: the fields that matter, nothing else is compared."""

    before: dict[str, Json]
    """Under the `enough` precondition, without an effect."""
    applied: dict[str, Json]
    """Under the `enough` precondition, with exactly one effect."""
    refusing: dict[str, Json] | None = None
    """Under the `refusing` precondition, without an effect; default: as `before`."""


class Probe(Model):
    """The reading of a step's effect."""

    transport: Transport = Transport.HTTP
    request: Request
    reads: Reads


class ProviderState(Model):
    """A domain precondition that the participant can be put into."""

    state: str
    params: dict[str, Json] = {}


class Given(Model):
    """The preconditions of a step, in the participant's own words."""

    enough: tuple[ProviderState, ...] = ()
    """Exactly enough for one forward call to succeed."""
    refusing: tuple[ProviderState, ...] = ()
    """A forward call is refused."""


class SemanticLock(Model):
    """What a step keeps for its saga until the step is undone or the saga ends."""

    resource: str
    """Template of what is locked, such as `{payload.account_id}`."""
    conflict: Literal["refused", "retryable"] = "refused"
    """The outcome that another saga gets meanwhile."""


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
    siblings_of_failed_step: Literal["wait", "cancel"] = "wait"
    """Are parallel steps let finish before the undoing starts, or undone at once?"""
    failing_compensation: Literal["continue", "stop"] = "continue"
    """Do the other compensations go on when one failed for good?"""
    owner_notification: OwnerNotification | None = None


class Step(Model):
    """One step of a saga."""

    step: Name
    participant: Pacticipant
    step_class: StepClass = Field(alias="class")
    after: tuple[Name, ...] = ()
    """Steps that must be done before; none: it starts at once."""
    optional: bool = False
    completion: Completion = Completion.SYNC
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a call is sent at most, the first time included; `compensate.tries` may name another number for the undoing."""
    timeout_ms: Annotated[int, Field(ge=1, le=600_000)] = 5000
    callback_timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    key: KeyStyle = KeyStyle.HEADER
    key_form: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """How the key is written: a template such as `{saga_id}-{step}`, or `uuid`, derived from both; default `{saga_id}:{step}`."""
    key_fields: tuple[str, ...] | None = None
    """For `key: natural`: the fields of the payload that identify the step, such as `order_id`."""
    given: Given = Given()
    forward: Forward
    compensate: Compensate | None = None
    status: Status | None = None
    callback: Callback | None = None
    probe: Probe | None = None
    semantic_lock: SemanticLock | None = None

    @property
    def undo_tries(self) -> int:
        """How often the compensation is sent at most."""
        own = self.compensate.tries if self.compensate is not None else None
        return self.tries if own is None else own


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

    headers: dict[str, str] = {}
    body: dict[Pointer, str] = {}
    """By JSON pointer into the body."""


class Correlation(Model):
    """By which headers a call says to which saga and step it belongs; `correlation: none` for no header at all."""

    saga_id: str = "Saga-Id"
    step: str = "Saga-Step"
    headers: dict[str, str] | None = None
    """The headers as templates of `saga_id`, `step` and `key`, in the place of `saga_id` and `step`; `{}`: none."""
    echo: Echo | None = None
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
    payload: Payload
    correlation: Correlation = Correlation()
    policies: Policies = Policies()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=200)]
    waivers: tuple[Waiver, ...] = ()
    conserved: tuple[Conserved, ...] = ()

    @property
    def consumer(self) -> str:
        """The pacticipant that stands as consumer in the step contracts."""
        return self.executes_as or self.owner

    @cached_property
    def graph(self) -> Graph:
        """The order of the steps."""
        return Graph.of((step.step, step.after) for step in self.steps)

    @cached_property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """The outputs of every step as its examples hold them, by step."""
        return {step.step: example_outputs(step) for step in reversed(self.steps)}

    def step(self, name: str) -> Step:
        """Give the step of this name.

        Raises:
            KeyError: when the saga has no such step.
        """
        return self.steps[self.graph.index[name]]

    def ancestors(self, name: str) -> frozenset[str]:
        """Give the names of all steps that are done before this one starts."""
        return self.graph.ancestors(name)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the saga; what was worked out of its steps is worked out anew for the copy."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("graph", "outputs"):
            copied.__dict__.pop(name, None)
        return copied

    def as_json(self) -> dict[str, Json]:
        """Give the saga as plain JSON, without the fields that have their default value."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"format": self.format}
