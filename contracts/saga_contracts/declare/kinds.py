"""The words and kinds of text that a saga file is written in: names, classes, places of a key (pure)."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

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
    READ_ONLY = "read_only"  # it only reads: there is nothing to undo, and no harm in reading again


class Completion(StrEnum):
    """When the outcome of a forward call is known."""

    SYNC = "sync"  # in its reply
    CALLBACK = "callback"  # in a later call of the participant to the saga service
    POLL = "poll"  # by status calls of the saga service, again and again


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
