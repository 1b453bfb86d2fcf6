"""An event of a saga as its file declares it, and how a run begins (pure)."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from saga_contracts.declare.calls import Request
from saga_contracts.declare.kinds import Json, Model, Name, Pacticipant, Pointer

Word = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""A name as a message broker knows it: a topic, an exchange, a queue, a header."""


class Channel(Model):
    """Where an event travels: a topic, or an exchange with its routing key and the queue that a subscriber reads."""

    topic: Word | None = None
    exchange: Word | None = None
    routing_key: str | None = None
    queue: Word | None = None
    group: Word | None = None
    """Under which name its subscribers share a topic, where all of them use one."""

    @property
    def name(self) -> str:
        """What orders its messages, at most: the topic, or the queue."""
        return self.topic or self.queue or f"{self.exchange}/{self.routing_key or ''}"


class Identity(Model):
    """Where the id of a message stands; `cloudevents` for the attribute `id`, in the body or in headers."""

    cloudevents: Literal["binary", "structured"] | None = None
    header: Word | None = None
    body: Pointer | None = None


def _channel(value: Any) -> Any:
    return {"topic": value} if isinstance(value, str) else value


def _identity(value: Any) -> Any:
    return {"cloudevents": "binary"} if value == "cloudevents" else value


class Event(Model):
    """An event: who publishes it, where it travels, how its messages are told apart and kept in order."""

    description: str = ""
    publisher: Pacticipant
    channel: Annotated[Channel, BeforeValidator(_channel, json_schema_input_type=Channel | Word)]
    """A topic's name, or `{exchange, routing_key, queue}`."""
    ordering_key: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """What messages are kept in order by: a template of the body, such as `{body.order_id}`."""
    ordered_by: Literal["key", "queue"] | None = None
    """`queue`: one queue keeps the order, and there is no key. Default: `key`."""
    identity: (
        Annotated[Identity, BeforeValidator(_identity, json_schema_input_type=Identity | Literal["cloudevents", "none"])]
        | Literal["none"]
        | None
    ) = None
    """Where the message id stands; default: the CloudEvents `id` in headers. `none`: there is none."""
    business_key: tuple[str, ...] = ()
    """Fields of the body, reached by dots, that say that two messages are about the same thing."""
    version: Annotated[int, Field(ge=1)] = 1
    json_schema: dict[str, Json] | None = Field(default=None, alias="schema")
    example: Json
    """The body of a message of the same run as the examples of all other events."""
    codec: Literal["json", "text", "base64"] | None = None
    """How the body is written, whatever its content type says; default: JSON. `base64`: the example is its bytes in Base64."""
    step: Name | None = None
    """In a mixed saga: the step whose forward call makes its participant publish the event."""

    @property
    def keeps_order_by_queue(self) -> bool:
        """Is its order kept by one queue, without a key?"""
        return self.ordered_by == "queue"


class StartReplies(Model):
    """What the call that starts a run is answered with."""

    accepted: dict[str, Json]
    refused: dict[str, Json] | None = None


class Start(Model):
    """How a run begins: by an event, by a call to one participant, or by a command that it is started with."""

    event: Name
    """The event that everything follows from."""
    participant: Pacticipant | None = None
    """Who is called; None: the event comes from outside, or from its publisher by itself."""
    request: Request | None = None
    replies: StartReplies | None = None
    command: Annotated[tuple[Word, ...], Field(min_length=1)] | None = None
    """In the place of a call: a command line that makes the participant begin."""
