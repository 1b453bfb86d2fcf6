"""The words and kinds of text that a saga file is written in: names, classes, places of a key (pure)."""

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, StringConstraints, WithJsonSchema

FORMAT = 1
NONE = "none"
"""Says positively that there is nothing."""
_IN_EDITORS = r"^[^\s\d!-/:-@\[-`{-~][^\s!-,./:-@\[-^`{-~]{0,62}$"
"""Much the same in words that every validator of JSON Schema knows; not all of them know classes of letters."""
Name = Annotated[
    str,
    StringConstraints(pattern=r"^\p{L}[\p{L}\p{M}\p{N}_-]{0,62}$"),
    WithJsonSchema({"type": "string", "pattern": _IN_EDITORS}),
]
"""A saga's or a step's name: letters of any script, digits, `_` and `-`, beginning with a letter."""
Pacticipant = Annotated[str, StringConstraints(pattern=r"^[^\s][^\r\n]{0,254}$")]
"""A service's name as the broker knows it, such as `acme/billing`."""
NullStatus = Annotated[str, StringConstraints(pattern=r"^4[0-9]{2}$")]
"""A status that may mean that there was nothing to undo."""
Pointer = Annotated[str, StringConstraints(pattern=r"^/")]
"""A JSON pointer (RFC 6901) to a member of a document."""
Json = Any
"""Any JSON value; strings may hold templates such as `{payload.price_minor}`."""


def written(name: str) -> str:
    """Write a name so that it can stand in a key and in a header: letters beyond ASCII percent-encoded.

    >>> written("reserve-money"), written("réserver")
    ('reserve-money', 'r%C3%A9server')
    """
    return name if name.isascii() else quote(name, safe="")


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
    PAIR = "pair"  # the saga's id and the step's name stand apart, both in each call
    NATURAL = "natural"  # fields of the payload identify the step
    UNNEEDED = "unneeded"  # the forward call may be repeated by its nature, such as a PUT
    NONE = "none"  # nothing does: the key obligations are broken, as declared


DEFAULT_KEY_FORM = "{saga_id}:{step}"
"""How a key is written where the file does not say."""


class Transport(StrEnum):
    """How a call travels."""

    HTTP = "http"
    MESSAGE = "message"  # comes with choreography
    GRPC = "grpc"  # comes later


class Model(BaseModel):
    """A frozen value without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
