"""A stub participant over real HTTP for client-only cases: it answers as scripted, and keeps what came. Knows no Pact.

Silence is measured: the stub stays silent for a time that is derived from the client's time-out, counted from when the whole
call had come, in short waits of its own, so that a machine under load stretches the silence as much as it delays the client.
Whoever is still waiting when it ends has no time-out, or another one.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Reply
from saga_contracts.derive.client_cases import Answer as Scripted
from saga_contracts.exercise.served import server, targets
from saga_contracts.exercise.served.expected import Expected
from saga_contracts.exercise.served.server import Answer, Call
from saga_contracts.wire import bodies

STRANGERS = ("/health", "/metrics")
"""What other programs of this machine ask for, when they look for a server of theirs that had this port before."""
FURTHER_CALLS = 5
"""So many calls more than allowed are answered as scripted; then comes the reply that ends a client's loop."""
PATIENCE_FACTOR = 2
PATIENCE_S = 2.0
"""A client has to give up before this time and twice its time-out have passed."""
SLICE_S = 0.05


@dataclass(slots=True)
class Stub:
    """A running stub: where it is, and what it got so far.

    Attributes:
        outlasted_s: How long the longest silence lasted that the client did not end, in seconds; 0: it ended each.
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    outlasted_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """How a stub behaves.

    Attributes:
        answers: Call by call; the last one stands for all further calls.
        context: Values for the templates in the replies' bodies.
        echo: Headers of every reply.
        timeout_s: How long the client waits for an answer, as it was told.
        last: What is answered when the client calls far too often.
        path: Where the client should call; no stranger is looked for there.
    """

    answers: Sequence[Reply | Scripted]
    context: Mapping[str, Any]
    echo: Mapping[str, str]
    timeout_s: float = 1.0
    last: Reply = field(default_factory=lambda: Reply(status=200))
    path: str = ""

    def answer(self, number: int) -> Reply | Scripted:
        """Give the answer to a call, counted from 1."""
        if number > len(self.answers) + FURTHER_CALLS:
            return self.last
        return self.answers[min(number, len(self.answers)) - 1]


@contextmanager
def serve(script: Script) -> Iterator[Stub]:
    """Serve scripted answers until the block is left."""
    stub, over, lock = Stub(), threading.Event(), threading.Lock()

    def respond(call: Call) -> Answer | None:
        if is_stranger(call, script.path):
            return Answer(404)
        with lock:
            stub.calls.append(call)
            chosen = script.last if stub.outlasted_s else script.answer(len(stub.calls))
        if isinstance(chosen, Reply):
            return as_answer(chosen, script.context, script.echo)
        if chosen == Scripted.SILENCE:
            stub.outlasted_s = max(stub.outlasted_s, _silence(over, PATIENCE_FACTOR * script.timeout_s + PATIENCE_S))
        return None

    with server.serve(respond) as stub.url:
        try:
            yield stub
        finally:
            over.set()


def as_answer(reply: Reply, context: Mapping[str, Any], echo: Mapping[str, str]) -> Answer:
    """Give a declared reply as it is sent, with example values."""
    declared = {name: str(templates.fill(value, context)) for name, value in reply.headers.items()}
    kind = next((value for name, value in declared.items() if name.lower() == "content-type"), bodies.JSON)
    content = bodies.write(templates.examples(templates.fill(reply.body, context)), kind) or b""
    usual = {} if "content-type" in {name.lower() for name in declared} else {"Content-Type": kind}
    return Answer(reply.status, tuple({**usual, **declared, **echo}.items()), content)


def is_stranger(call: Call, path: str) -> bool:
    """Is this call of another program of this machine, and not of the client, which calls this path?"""
    return call.path in STRANGERS and call.path != path


def difference(call: Call, expected: Expected) -> str | None:
    """Tell what is wrong with a call, or None when it is as the case says."""
    return call.fault or targets.unencoded(call.target) or _elsewhere(call, expected) or _otherwise(call, expected)


def _elsewhere(call: Call, expected: Expected) -> str | None:
    if call.method != expected.method or not targets.same_path(call.path, expected.path.shown):
        return f"It is {call.method} {call.path} instead of {expected.method} {expected.path.shown}."
    query = [(name, str(value.shown)) for name, value in expected.query]
    if not targets.same_fields(targets.fields(call.query), query):
        return f"Its query is {targets.fields(call.query)} instead of {query}."
    return None


def _otherwise(call: Call, expected: Expected) -> str | None:
    for name, value in expected.headers:
        found = header(call, name)
        if found != value.shown:
            return f"Its header {name} is {found!r} instead of {value.shown!r}."
    if bodies.is_json(expected.content_type):
        body, wanted = _json(call.body), expected.shown_body
        return None if body == wanted else f"Its body is {json.dumps(body)} instead of {json.dumps(wanted)}."
    return _other_text(call.body, expected)


def _other_text(content: bytes, expected: Expected) -> str | None:
    """Compare a body that is no JSON: the fields of a form in any order, any other text as it is."""
    found, wanted = content.decode("utf-8", "replace"), expected.shown_content.decode()
    is_form = bodies.media_type(expected.content_type) == bodies.FORM
    same = targets.same_fields(targets.fields(found), targets.fields(wanted)) if is_form else found == wanted
    return None if same else f"Its body is {found!r} instead of {wanted!r}."


def header(call: Call, name: str) -> str | None:
    """Give the value of a header: several lines of one name are one list, and letters may be sent as UTF-8 or Latin-1."""
    found = [text(value) for one, value in call.headers if one.lower() == name.lower()]
    return ", ".join(found) if found else None


def text(value: str) -> str:
    """Give the text of a header whose bytes came as one character each."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except ValueError:
        return value


def _silence(over: threading.Event, length_s: float) -> float:
    """Wait until the client is done (gives 0) or the time is over (gives the time)."""
    for _ in range(round(length_s / SLICE_S)):
        if over.wait(SLICE_S):
            return 0.0
    return length_s


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")
