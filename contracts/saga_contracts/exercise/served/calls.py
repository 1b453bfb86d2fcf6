"""The calls that came to a mock provider or a stub, and what can be said of one (mostly pure)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.exercise.served import targets
from saga_contracts.exercise.served.expected import Expected
from saga_contracts.rim.server import Answer, LoopbackServer, NoAnswer, Received
from saga_contracts.wire import bodies, likeness

STRANGERS = ("/health", "/metrics")
"""What other programs of this machine ask for, when they look for a server of theirs that had this port before."""
CLOSE = ("Connection", "close")
"""Ends the connection after the answer, so that no client meets an old one at a port that is used again."""

Answering = Callable[[Received, int], Answer | NoAnswer]
"""Answers a call of the client; the number counts from 1."""


@dataclass(slots=True)
class Heard:
    """What came from the client.

    Attributes:
        url: Where the client has to call.
        calls: Its calls, in their order.
        fault: What was wrong with the first one that cannot be understood, one or two sentences; empty: nothing.
    """

    url: str = ""
    calls: list[Received] = field(default_factory=list)
    fault: str = ""


def listening(heard: Heard, expected: Expected, answer: Answering) -> LoopbackServer:
    """Give a server that keeps the client's calls and answers those that can be understood.

    Args:
        heard: Where the calls are kept.
        expected: The call that is declared.
        answer: Answers a call.
    """

    def take(call: Received) -> Answer | NoAnswer:
        if call.path in STRANGERS and call.path != expected.path.shown:
            return Answer(404, [CLOSE])
        heard.calls.append(call)
        number = len(heard.calls)
        fault = targets.unencoded(call.path, call.query)
        if fault is None:
            return answer(call, number)
        heard.fault = heard.fault or fault
        return Answer(400, [CLOSE])

    def refused(_: int, why: str) -> None:
        heard.fault = heard.fault or (
            f"What it sent is no HTTP request ({why}). In a path, blanks and letters beyond ASCII have to be percent-encoded."
        )

    return LoopbackServer(take, refused=refused)


def header(call: Received, name: str) -> str | None:
    """Give the value of a header: several lines of one name are one list, and letters may be sent as UTF-8 or Latin-1."""
    found = [_text(value) for one, value in call.headers.raw if one.decode("latin-1").lower() == name.lower()]
    return ", ".join(found) if found else None


def difference(call: Received, expected: Expected) -> str | None:
    """Tell what is wrong with a call, or None when it is as the case says."""
    return _elsewhere(call, expected) or _otherwise(call, expected)


def _elsewhere(call: Received, expected: Expected) -> str | None:
    if call.method != expected.method or not targets.same_path(call.path, expected.path.shown):
        return f"It is {call.method} {call.path} instead of {expected.method} {expected.path.shown}."
    query = [(name, str(value.shown)) for name, value in expected.query]
    if not targets.same_fields(targets.fields(call.query), query):
        return f"Its query is {targets.fields(call.query)} instead of {query}."
    return None


def _otherwise(call: Received, expected: Expected) -> str | None:
    for name, value in expected.headers:
        found = header(call, name)
        if found != value.shown:
            return f"Its header {name} is {found!r} instead of {value.shown!r}."
    found_body, wanted = body_of(call.body, expected), body_of(written(expected) or b"", expected)
    if likeness.same(found_body, wanted):
        return None
    return f"Its body is {json.dumps(found_body)} instead of {json.dumps(wanted)}."


def written(expected: Expected) -> bytes | None:
    """Give the bytes of the declared body; None for no body."""
    return bodies.write(expected.shown_body, expected.content_type)


def body_of(content: bytes, expected: Expected) -> Any:
    """Give what a body says under the declared media type: a JSON value, sorted fields of a form, a text; None for no body."""
    if not content:
        return None
    if bodies.media_type(expected.content_type) == bodies.FORM:
        return sorted(map(list, targets.fields(content.decode("utf-8", "replace"))))
    if not bodies.is_json(expected.content_type):
        return content.decode("utf-8", "replace")
    found = bodies.body_of(content)
    return content.decode("utf-8", "replace") if found is None and content.strip() != b"null" else found


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except ValueError:
        return value.decode("latin-1")
