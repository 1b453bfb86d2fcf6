"""The calls of a step as a saga file declares them: requests, replies by outcome, callbacks, probes (pure)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    TypeAdapter,
    ValidationError,
    WrapSerializer,
    model_validator,
)

from saga_contracts.declare.kinds import Json, Model, Name, NullStatus, Transport
from saga_contracts.declare.outputs import DeclaredOutput, shown_headers
from saga_contracts.declare.templates import LIKE


class Request(Model):
    """An HTTP request as a template."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    """Path, or `{callback_url}`; templates allowed."""
    query: dict[str, str] = Field(default={})
    headers: dict[str, str] = Field(default={})
    body: Json = None
    """JSON body; null means none."""


def _form_of_header(declared: Any) -> str:
    return "like" if isinstance(declared, Mapping) else "text"


Header = Annotated[
    Annotated[str, Tag("text")] | Annotated[dict[Literal["$like"], str], Field(min_length=1), Tag("like")],
    Discriminator(_form_of_header),
]
"""The value of a header: a text, or `{$like: example}` for any."""


class Reply(Model):
    """A reply as it is told from the others: its status, and the literal values in its body and headers.

    In `body` a plain value must be equal; `{$like: example}` accepts any value of the example's type. So it is in `headers`,
    where all values are texts.
    """

    status: Annotated[int, Field(ge=100, le=599)]
    body: Json = None
    headers: dict[str, Header] = Field(default={})


def _as_list(data: Any) -> Any:
    return (data,) if isinstance(data, dict | Reply) else data


def _as_short(replies: tuple[Reply, ...], write: SerializerFunctionWrapHandler) -> Any:
    """Write a single reply without a list around it."""
    written = write(replies)
    return written[0] if len(written) == 1 else written


MOST_REPLIES = 10
_Several = Annotated[tuple[Reply, ...], Field(min_length=1, max_length=MOST_REPLIES)]
Replies = Annotated[_Several, BeforeValidator(_as_list, json_schema_input_type=Reply | _Several), WrapSerializer(_as_short)]
"""One reply or a list of replies that mean the same, the usual one first."""


class RepliesByName(Model):
    """The declared replies of a call, each name with one or several of them."""

    def named(self, name: str) -> tuple[Reply, ...]:
        """Give the replies that stand under a name, the usual one first; none when none does."""
        return getattr(self, name, None) or ()

    def each(self) -> Iterator[tuple[tuple[str | int, ...], Reply]]:
        """Give every declared reply with its place: its name, and its number where the name has several."""
        for name in type(self).model_fields:
            found = self.named(name)
            for number, reply in enumerate(found):
                yield (name, number) if len(found) > 1 else (name,), reply


class ForwardReplies(RepliesByName):
    """Replies to a forward call, by outcome; each outcome has one reply, or a list with the usual one first."""

    done: Replies | None = None
    done_again: Replies | None = None
    """The same call repeated; default: as `done`."""
    in_progress: Replies | None = None
    """Accepted; the callback tells the outcome."""
    refused: Replies | None = None
    suspended: Replies | None = None
    """A forward call that arrives after its compensation; default: as `refused`."""
    misused: Replies | None = None
    """The same key with another payload; default: status 422."""
    retryable: Replies | None = None
    """An explicit 'try again'; 408, 425, 429 and 5xx always count as such."""


class CompensateReplies(RepliesByName):
    """Replies to a compensating call, by outcome; each outcome has one reply, or a list as above."""

    done: Replies
    done_again: Replies | None = None
    """Default: as `done`."""
    null: Replies | None = None
    """Nothing was there to undo; default: as `done`. A declared other reply (such as 404) counts as success."""
    impossible: Replies | None = None
    """It cannot be undone any more; allowed only after the saga's end."""
    retryable: Replies | None = None


class StatusReplies(RepliesByName):
    """Replies to a status call, by the durable state of the step; each state has one reply, or a list as above."""

    applied: Replies
    absent: Replies
    compensated: Replies | None = None
    refused: Replies | None = None
    in_progress: Replies | None = None


class Forward(Model):
    """The call that makes the step's effect."""

    transport: Transport = Transport.HTTP
    request: Request
    replies: ForwardReplies
    outputs: dict[Name, DeclaredOutput] = Field(default={})
    """Name of an output for later steps, and where it stands in what tells `done`: a JSON pointer, or more about the place."""

    @model_validator(mode="before")
    @classmethod
    def _show_headers(cls, data: Any) -> Any:
        """Show each header that holds an output in the replies that tell `done`, unless they show it themselves."""
        if not isinstance(data, dict) or not isinstance(data.get("outputs"), dict) or not isinstance(data.get("replies"), dict):
            return data
        try:
            shown = shown_headers({name: _DECLARED_OUTPUT.validate_python(one) for name, one in data["outputs"].items()})
        except ValidationError:  # told at its place
            return data
        told = {name: _showing_each(reply, shown) for name, reply in data["replies"].items() if name in _TELL_DONE}
        return {**data, "replies": {**data["replies"], **told}} if shown else data


_DECLARED_OUTPUT: TypeAdapter[Any] = TypeAdapter(DeclaredOutput)
_TELL_DONE = ("done", "done_again")


def _showing_each(replies: Any, shown: Mapping[str, str]) -> Any:
    return [_showing(one, shown) for one in replies] if isinstance(replies, list | tuple) else _showing(replies, shown)


def _showing(reply: Any, shown: Mapping[str, str]) -> Any:
    """Give a reply with examples of headers that it does not name."""
    if not isinstance(reply, dict) or not isinstance(reply.get("headers", {}), dict):
        return reply
    named = {name.lower() for name in reply.get("headers", {})}
    more = {name: {LIKE: value} for name, value in shown.items() if name.lower() not in named}
    return {**reply, "headers": {**reply.get("headers", {}), **more}} if more else reply


class Backoff(Model):
    """How long a call waits before its next try: each pause so many times as long as the one before, up to a longest.

    A caller may make each pause shorter by chance, down to half of it, so that not all come at once.
    """

    first_ms: Annotated[int, Field(ge=1, le=600_000)]
    factor: Annotated[float, Field(ge=1, le=100)] = 2
    longest_ms: Annotated[int, Field(ge=1, le=86_400_000)] | None = None
    """Default: as many as it becomes."""

    def pause_ms(self, tries: int) -> float:
        """Give the longest pause after so many tries, in milliseconds.

        >>> Backoff(first_ms=100, factor=3, longest_ms=500).pause_ms(2)
        300.0
        """
        grown = self.first_ms * self.factor ** min(tries - 1, 100)
        return float(grown if self.longest_ms is None else min(grown, self.longest_ms))

    def most_tries(self, within_ms: float) -> int:
        """Give how many tries at most begin within so many milliseconds after the first one, each pause being half as long.

        >>> Backoff(first_ms=100).most_tries(400)
        4
        """
        tries, left_ms = 1, within_ms
        while (pause_ms := self.pause_ms(tries) / 2) <= left_ms:
            if self.pause_ms(tries + 1) == pause_ms * 2:
                return tries + int(left_ms // pause_ms)
            tries, left_ms = tries + 1, left_ms - pause_ms
        return tries


class Compensate(Model):
    """The call that undoes the step's effect."""

    transport: Transport = Transport.HTTP
    request: Request
    replies: CompensateReplies
    tries: Annotated[int, Field(ge=1, le=30)] | None = None
    """How often the compensation is sent at most, the first time included; default: as often as the forward call."""
    backoff: Backoff | None = None
    """How long to wait between its tries; default: as the step says."""
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
        declared = null if isinstance(null, list) else [null]
        if not any(one.get("status") == statuses[0] for one in declared if isinstance(one, dict)):
            raise ValueError("`null_compensation` and the reply `null` name different statuses; keep one of them")
        return {**data, "replies": {**replies, "null": null}}


class Status(Model):
    """The call that tells the step's durable state."""

    transport: Transport = Transport.HTTP
    request: Request
    replies: StatusReplies


class LookupReplies(RepliesByName):
    """Replies to a look-up; each has one reply, or a list as above."""

    found: Replies
    absent: Replies


class Lookup(Model):
    """The call that finds the step's own outputs by its key or by fields of the payload, when the reply that told them was lost.

    It is made before a compensation or a status call that needs such an output, whenever nobody told it.
    """

    transport: Transport = Transport.HTTP
    request: Request
    replies: LookupReplies
    outputs: Annotated[dict[Name, DeclaredOutput], Field(min_length=1)]
    """The step's outputs that it gives, and where each stands in the reply `found`."""


class Poll(Model):
    """How the outcome of an accepted forward call is asked for, by the status call."""

    interval_ms: Annotated[int, Field(ge=1, le=600_000)] = 500
    """From one status call to the next."""
    timeout_ms: Annotated[int, Field(ge=1, le=86_400_000)] = 60_000
    """From the acceptance on; an outcome that has not come by then does not come."""


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
    backoff: Backoff | None = None
    """How long the participant waits before it tells again what was not taken; default: as it chooses, but never a storm."""


class Reads(Model):
    """What the effect probe reads, as templates: the fields that matter, nothing else is compared.

    A field is a name in the object that is read, or a JSON pointer (`/0/free`) into whatever is read; `/items/#` is how many
    members a list has.
    """

    before: dict[str, Json]
    """Under the `enough` precondition, without an effect."""
    applied: dict[str, Json]
    """Under the `enough` precondition, with exactly one effect."""
    refusing: dict[str, Json] | None = None
    """Under the `refusing` precondition, without an effect; default: as `before`."""


class Probe(Model):
    """The reading of a step's effect."""

    transport: Transport = Transport.HTTP
    request: Request | None = None
    """The call that reads it; none where no call of the API shows it: then the provider file says how it is read."""
    reads: Reads
