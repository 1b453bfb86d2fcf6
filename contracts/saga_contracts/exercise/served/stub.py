"""A stub participant over real HTTP for client-only cases: it answers as scripted, and keeps what came. Knows no Pact.

Silence is measured: the stub stays silent for a time that is derived from the client's time-out, counted from when the whole
call had come, in short waits of its own, so that a machine under load stretches the silence as much as it delays the client.
Whoever is still waiting when it ends has no time-out, or another one.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare.saga import Reply
from saga_contracts.derive.client_cases import Answer as Scripted
from saga_contracts.exercise.served.calls import CLOSE, Heard, listening
from saga_contracts.exercise.served.expected import Expected
from saga_contracts.rim.server import Answer, NoAnswer, Received
from saga_contracts.wire import bodies, replies

FURTHER_CALLS = 5
"""So many calls more than allowed are answered as scripted; then comes the reply that ends a client's loop."""
PATIENCE_FACTOR = 2
PATIENCE_S = 2.0
"""A client has to give up before this time and twice its time-out have passed."""
SLICE_S = 0.05


@dataclass(slots=True)
class Stub(Heard):
    """A running stub.

    Attributes:
        outlasted_s: How long the longest silence lasted that the client did not end, in seconds; 0: it ended each.
    """

    outlasted_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """How a stub behaves.

    Attributes:
        answers: Call by call; the last one stands for all further calls.
        context: Values for the templates in the replies.
        echo: Headers of every reply.
        timeout_s: How long the client waits for an answer, as it was told.
        last: What is answered when the client calls far too often.
    """

    answers: Sequence[Reply | Scripted]
    context: Mapping[str, Any]
    echo: Mapping[str, str]
    timeout_s: float
    last: Reply

    def answer(self, number: int) -> Reply | Scripted:
        """Give the answer to a call, counted from 1."""
        if number > len(self.answers) + FURTHER_CALLS:
            return self.last
        return self.answers[min(number, len(self.answers)) - 1]


@contextmanager
def serve(script: Script, expected: Expected) -> Iterator[Stub]:
    """Serve scripted answers until the block is left."""
    stub, over = Stub(), threading.Event()

    def answer(_: Received, number: int) -> Answer | NoAnswer:
        chosen = script.last if stub.outlasted_s else script.answer(number)
        if isinstance(chosen, Reply):
            return as_answer(chosen, script.context, script.echo)
        if chosen == Scripted.SILENCE:
            stub.outlasted_s = max(stub.outlasted_s, _silence(over, PATIENCE_FACTOR * script.timeout_s + PATIENCE_S))
        return NoAnswer.CLOSE

    with listening(stub, expected, answer) as server:
        stub.url = server.base_url
        try:
            yield stub
        finally:
            over.set()


def as_answer(reply: Reply, context: Mapping[str, Any], echo: Mapping[str, str]) -> Answer:
    """Give a declared reply as it is sent, with example values."""
    example = replies.example_of(reply, context)
    headers = {"content-type": bodies.JSON} | dict(example.headers) | {name.lower(): value for name, value in echo.items()}
    content = bodies.write(example.body, headers["content-type"])
    return Answer(reply.status, [*headers.items(), CLOSE], content or b"")


def _silence(over: threading.Event, length_s: float) -> float:
    """Wait until the client is done (gives 0) or the time is over (gives the time)."""
    for _ in range(round(length_s / SLICE_S)):
        if over.wait(SLICE_S):
            return 0.0
    return length_s
