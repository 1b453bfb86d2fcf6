"""The rules that whatever is declared can be written on the wire, and is read there as what it was declared for (pure)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from saga_contracts.declare import outputs, templates
from saga_contracts.declare.outputs import Teller
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Reply, Saga, Step
from saga_contracts.derive.examples import example_context
from saga_contracts.wire import bodies, replies
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import content_type_of
from saga_contracts.wire.unfilling import leaves

_BODILESS = (204, 205, 304)


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give everything of a step's calls that cannot be written, or reads as another thing."""
    for rule in _RULES:
        yield from rule(saga, step, at)


def notes(saga: Saga) -> Iterator[str]:
    """Say where a text is taken for JSON, since no media type says otherwise: one sentence each."""
    for step in saga.steps:
        found = [place for place, body, headers in _bodies(step) if _is_bare_text(body, headers)]
        if found:
            yield (
                f"{step.step}: the body of {' and '.join(found)} is a text without a media type, so it is sent and expected as "
                "JSON, between quotes; declare a `Content-Type` such as text/plain where it is not."
            )


def _bodies(step: Step) -> Iterator[tuple[str, Any, Mapping[str, str]]]:
    for role in ("forward", "compensate", "status"):
        call = getattr(step, role)
        if call is not None:
            yield f"{role}.request", call.request.body, call.request.headers
            for place, reply in call.replies.each():
                yield f"{role}.replies.{'.'.join(map(str, place))}", reply.body, reply.headers


def _is_bare_text(body: Any, headers: Mapping[str, str]) -> bool:
    plain = isinstance(body, str) and templates.whole(body) is None
    return plain and not any(name.lower() == "content-type" for name in headers)


def _replies(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    context = example_context(saga, step)
    for role in ("forward", "compensate", "status", "lookup"):
        call = getattr(step, role)
        for place, reply in call.replies.each() if call is not None else ():
            why = _unreadable(reply, context)
            if why is not None:
                mend = "Declare what a service can send: a status from 200 on, fields as JSON, other media types as one text."
                yield Problem((*at, role, "replies", *place), why, mend)


def _unreadable(reply: Reply, context: Mapping[str, Any]) -> str | None:
    """Tell why a reply that is as declared does not read as declared."""
    sent = replies.example_of(reply, context)
    content_type = sent.headers.get("content-type", "")
    if reply.status < 200 or (reply.status in _BODILESS and sent.body is not None):  # noqa: PLR2004
        return f"A reply with status {reply.status} {'has no body' if reply.status in _BODILESS else 'is no final reply'}."
    why = bodies.unwritable(sent.body, content_type)
    if why is not None:
        return why
    odd = next((name for name, value in sent.headers.items() if value != value.strip()), None)
    if odd is not None:
        return f"The header {odd} begins or ends with a blank, which is lost on its way."
    read = bodies.body_of(bodies.write(sent.body, content_type) or b"", content_type)
    return replies.fits(reply, Received(reply.status, read, sent.headers), context)


def _callback(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.callback is None:
        return
    content_type, context = content_type_of(step.callback.request), example_context(saga, step)
    for outcome, declared in replies.callback_bodies(step):
        body = templates.examples(templates.fill(declared, context))
        written = None if bodies.unwritable(body, content_type) else bodies.write(body, content_type)
        read = None if written is None else bodies.body_of(written, content_type)
        if replies.callback_outcome(step, read, context) != outcome:
            what = f"A callback of the media type {bodies.media_type(content_type)} cannot tell `{outcome}` by fields."
            yield Problem((*at, "callback", "request", "headers"), what, "Declare a media type of JSON.")


def _outputs(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Whatever tells that a step is done carries its outputs: the first reply may be lost."""
    for here, told, body, headers in outputs.examples(step):
        for name, place in outputs.told_by(step, told).items():
            if outputs.raw(place, body, headers) is None:
                what = f"It tells that the step is {_TOLD[told]}, and has no output `{name}` {outputs.where(place)}."
                kind = "headers" if place.header is not None else "body"
                yield Problem(
                    (*at, *here), what, f"Add it to the declared {kind} as `{{$like: example}}`, or take the output out."
                )
            elif outputs.read(place, body, headers) is None:
                what = f"The output `{name}` {outputs.where(place)} is no number in this example."
                yield Problem((*at, *here), what, "Show a number there, or take `as: number` out.")


_TOLD = {
    Teller.DONE: "done",
    Teller.CALLBACK: "done",
    Teller.STATUS: "applied",
    Teller.ACCEPTED: "accepted",
    Teller.LOOKUP: "found",
}


def _texts(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """An object or a list has no place inside a text."""
    context = example_context(saga, step)
    for role in ("forward", "compensate", "status", "lookup", "probe", "callback"):
        call = getattr(step, role)
        if call is None or call.request is None:
            continue
        request = call.request
        inside = [leaf for leaf in leaves(request.body) if isinstance(leaf, str) and templates.whole(leaf) is None]
        for part, texts in (
            ("path", [request.path]),
            ("query", [*request.query.values()]),
            ("headers", [*request.headers.values()]),
            ("body", inside),
        ):
            for name in templates.names_in(texts):
                if isinstance(templates.look_up(name, context), Mapping | list):
                    what = f"`{{{name}}}` is an object or a list, which cannot stand in a text."
                    yield Problem((*at, role, "request", part), what, "Name one of its fields.")


_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (_replies, _callback, _outputs, _texts)
