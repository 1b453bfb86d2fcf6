"""Stands between a client and Pact's mock provider: counts the calls, and gives each the one form that the mock provider knows.

What Pact does (mock server and verifier of its FFI 0.5, tried with raw sockets):

- The **mock server** compares the path with the declared one byte by byte: `%3a`, `%3A` and `:` are three different things to
  it, and a declared blank or umlaut is met by nothing that HTTP allows to be sent. A query it decodes first, `+` and `%20`
  alike. A header with letters beyond ASCII it drops, in UTF-8 as well as in Latin-1, and of several lines of one name it takes
  the values apart.
- The **verifier** sends a path as it stands in the pact: `%2F`, `%25` and `%3A` stay, blanks and umlauts are encoded, a bare
  `%` stays and `?` begins a query, `..` and `%2E%2E` are removed with the segment before. What a provider-state generator gives
  for a path is put in as it is, too: a `/` or `?` in it would address another resource. Values of a query it encodes, as forms
  are; a header it sends as UTF-8, and of several values of one header only the last.

So a pact holds the path percent-encoded, and here every path that says the same as the declared one is handed on in the
declared form; lines of one header become one, and letters beyond ASCII are percent-encoded on both sides.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from saga_contracts.exercise.served import server, stub, targets
from saga_contracts.exercise.served.expected import Expected
from saga_contracts.exercise.served.server import Answer, Call

TIMEOUT_S = 60.0
MOST_CALLS = 20
"""A client that calls more often is answered something else, which ends most loops."""
_OWN = {"connection", "content-length", "expect", "keep-alive", "transfer-encoding"}
"""Headers of one connection."""


@dataclass(slots=True)
class Front:
    """What came.

    Attributes:
        url: Where the client has to call.
        calls: All calls of the client, in their order.
        fault: What was wrong with the first call that could not be handed on, one sentence.
    """

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    fault: str = ""


@contextmanager
def serve(mock_url: str, expected: Expected, last: Answer) -> Iterator[Front]:
    """Hand every call on to the mock provider until the block is left.

    Args:
        mock_url: Where the mock provider is.
        expected: The call that is declared.
        last: What is answered when the client calls far too often.
    """
    front, lock = Front(), threading.Lock()

    def respond(call: Call) -> Answer | None:
        if stub.is_stranger(call, expected.path.shown):
            return Answer(404)
        with lock:
            front.calls.append(call)
            number = len(front.calls)
        fault = call.fault or targets.unencoded(call.target)
        if fault:
            front.fault = front.fault or fault
            return Answer(400)
        return _hand_on(mock_url, call, expected) if number <= MOST_CALLS else last

    with server.serve(respond) as front.url:
        yield front


def as_the_mock_knows_it(value: str) -> str:
    """Give a header's value with letters beyond ASCII percent-encoded; an ASCII value stays as it is."""
    return value if value.isascii() else "utf-8''" + quote(value)


def _hand_on(mock_url: str, call: Call, expected: Expected) -> Answer:
    parts = urlsplit(mock_url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
    try:
        connection.putrequest(call.method, _target(call, expected), skip_host=True, skip_accept_encoding=True)
        for name, value in _headers(call):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(call.body)))
        connection.endheaders(call.body or None)
        reply = connection.getresponse()
        headers = tuple((name, value) for name, value in reply.getheaders() if name.lower() not in _OWN)
        return Answer(reply.status, headers, reply.read())
    finally:
        connection.close()


def _target(call: Call, expected: Expected) -> str:
    path = expected.path.shown if targets.same_path(call.path, expected.path.shown) else call.path
    return f"{path}?{call.query}" if call.query else path


def _headers(call: Call) -> Iterator[tuple[str, str]]:
    """Give each header of the call once."""
    for name in dict.fromkeys(one.lower() for one, _ in call.headers):
        if name not in _OWN:
            yield name, as_the_mock_knows_it(stub.header(call, name) or "")
