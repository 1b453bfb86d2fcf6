"""Outputs of a step: where they stand, how they are read there and written there, and what they are by example (pure).

An output is a JSON pointer into the body, or says more: a header, the part of a text that counts, the type that later steps get,
and which of the participant's answers holds it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from saga_contracts.declare import templates
from saga_contracts.declare.kinds import Model, Pointer

if TYPE_CHECKING:  # a saga works its outputs out by this module
    from saga_contracts.declare.saga import Reply, Step

VALUE = "{value}"
_HEADER_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"


class Teller(StrEnum):
    """What may tell outputs."""

    DONE = "done"  # the reply to the forward call that says that the effect is there
    ACCEPTED = "accepted"  # the reply that accepts the forward call
    CALLBACK = "callback"  # the callback that tells `done`
    STATUS = "status"  # the status reply `applied`
    LOOKUP = "lookup"  # the reply `found` to a look-up


class Output(Model):
    """Where an output stands, when a JSON pointer into the body does not say it all."""

    body: Pointer | None = None
    """JSON pointer into the body."""
    header: Annotated[str, StringConstraints(pattern=_HEADER_NAME)] | None = None
    """Name of a header, in the place of `body`."""
    match: str | None = None
    """The text in which the output stands, as `{value}`: `/holds/{value}`. The host of an address need not be written out."""
    as_type: Literal["text", "number"] | None = Field(default=None, alias="as")
    """The type that later steps get; default: as it stands there."""
    of: Literal["forward", "status", "callback"] | None = None
    """Which answer holds it; default: whatever tells that the step is done."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.body is None) == (self.header is None):
            raise ValueError("An output stands in the body or in a header; name one of `body` and `header`")
        if self.match is not None and self.match.count(VALUE) != 1:
            raise ValueError("`match` says by `{value}` which part is the output; write it once, as in /holds/{value}")
        return self


def _form(declared: Any) -> str:
    return "place" if isinstance(declared, Mapping | Output) else "pointer"


DeclaredOutput = Annotated[Annotated[str, Tag("pointer")] | Annotated[Output, Tag("place")], Discriminator(_form)]
"""A JSON pointer into the body, or a place that says more."""


def place_of(declared: str | Output) -> Output:
    """Give where an output stands."""
    return declared if isinstance(declared, Output) else Output.model_construct(body=declared)


def told_by(step: "Step", told: Teller) -> dict[str, Output]:
    """Give the outputs that one kind of answer must hold, by name."""
    if told == Teller.LOOKUP:
        return {} if step.lookup is None else {name: place_of(declared) for name, declared in step.lookup.outputs.items()}
    places = {name: place_of(declared) for name, declared in step.forward.outputs.items()}
    means = {Teller.DONE: (None, "forward"), Teller.ACCEPTED: ("forward",), Teller.CALLBACK: (None, "callback")}
    holding = means.get(told, (None, "status"))
    return {name: place for name, place in places.items() if place.of in holding}


def outputs_in(
    step: "Step", body: Any, headers: Mapping[str, str] | None = None, told: Teller = Teller.DONE
) -> dict[str, Any] | None:
    """Give the outputs that an answer holds, or None when one is missing that it must hold.

    Args:
        step: The step.
        body: The JSON value that came.
        headers: What came, with names in lower case; None: none.
        told: Which answer it is.
    """
    found = {name: read(place, body, headers or {}) for name, place in told_by(step, told).items()}
    return None if None in found.values() else found


def read(place: Output, body: Any, headers: Mapping[str, str]) -> Any:
    """Give the output that stands at a place, or None when there is none."""
    return as_typed(raw(place, body, headers), place.as_type)


def raw(place: Output, body: Any, headers: Mapping[str, str]) -> Any:
    """Give what stands at a place, without its type: the matched part, or None when there is none."""
    found = pointer(body, place.body) if place.body is not None else headers.get((place.header or "").lower())
    return found if place.match is None or found is None else _part(place.match, found)


def whole(place: Output, value: Any) -> Any:
    """Give what stands at a place that holds a (raw) value: the reverse of `raw`."""
    if place.match is None:
        return value
    return place.match.replace(VALUE, quote(as_text(value), safe="") if _is_address(place.match) else as_text(value))


def shown_headers(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Give an example of each header that holds an output which tells that the step is done, for replies that show none."""
    found = {}
    for name, declared in outputs.items():
        place = place_of(declared)
        if place.header is not None and place.of in (None, "forward"):
            found[place.header] = str(whole(place, "1" if place.as_type == "number" else f"{name}-1"))
    return found


def example_outputs(step: "Step") -> dict[str, Any]:
    """Give the outputs of a step as the examples of its answers hold them; what none of them shows is None."""
    found: dict[str, Any] = dict.fromkeys(step.forward.outputs)
    for _, told, body, headers in examples(step):
        for name, place in told_by(step, told).items():
            if name in found and found[name] is None:
                found[name] = read(place, body, headers)
    return found


def examples(step: "Step") -> Iterator[tuple[tuple[str | int, ...], Teller, Any, dict[str, str]]]:
    """Give each answer that tells outputs, as declared: its place in the step, what it tells, body, headers in lower case."""
    forward, status = step.forward.replies, step.status
    shown = {"done": Teller.DONE, "done_again": Teller.DONE, "in_progress": Teller.ACCEPTED}
    for place, reply in forward.each():
        if place[0] in shown:
            yield ("forward", "replies", *place), shown[str(place[0])], templates.examples(reply.body), _headers(reply)
    if step.callback is not None:
        common = step.callback.request.body
        body = {**(common if isinstance(common, dict) else {}), **step.callback.outcomes.done}
        yield ("callback", "outcomes", "done"), Teller.CALLBACK, templates.examples(body), {}
    if status is not None and step.polls:
        for place, reply in status.replies.each():
            if place[0] == "applied":
                yield ("status", "replies", *place), Teller.STATUS, templates.examples(reply.body), _headers(reply)
    if step.lookup is not None:
        for place, reply in step.lookup.replies.each():
            if place[0] == "found":
                yield ("lookup", "replies", *place), Teller.LOOKUP, templates.examples(reply.body), _headers(reply)


def where(place: Output) -> str:
    """Tell where an output stands, in words."""
    at = f"at `{place.body}`" if place.body is not None else f"in the header `{place.header}`"
    return f"{at} as `{place.match}`" if place.match is not None else at


def pointer(document: Any, path: str) -> Any:
    """Give the value at a JSON pointer (RFC 6901), or None when it is not there."""
    current = document
    for raw_part in path.split("/")[1:]:
        part = raw_part.replace("~1", "/").replace("~0", "~")
        if isinstance(current, dict):
            current = current.get(part)
        elif isinstance(current, list) and part.isdigit() and int(part) < len(current):
            current = current[int(part)]
        else:
            return None
    return current


def as_text(value: Any) -> str:
    """Write a value the way JSON does, text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _headers(reply: "Reply") -> dict[str, str]:
    return {name.lower(): as_text(templates.examples(value)) for name, value in reply.headers.items()}


def _is_address(match: str) -> bool:
    return match.startswith("/") or "://" in match


def _part(match: str, found: Any) -> str | None:
    """Give the part of a text that stands in the place of `{value}`; of an address without its host, where none is asked for."""
    text, address = as_text(found), _is_address(match)
    if match.startswith("/"):
        text = urlsplit(text).path
    before, _, after = match.partition(VALUE)
    part = re.fullmatch(f"{re.escape(before)}({'[^/?#]+' if address else '.+'}){re.escape(after)}", text)
    return None if part is None else unquote(part[1]) if address else part[1]


def as_typed(value: Any, as_type: str | None) -> Any:
    """Give a value as the type that later steps get; None when it is none of that type."""
    if value is None or as_type is None:
        return value
    if as_type == "text":
        return as_text(value)
    if isinstance(value, str):
        return _number(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(text: str) -> int | float | None:
    """Read a number as JSON writes it; what is none, or is not finite, gives None."""
    if re.fullmatch(r"-?(?:0|[1-9]\d{0,300})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,2})?", text) is None:
        return None
    number: int | float = json.loads(text)
    return number
