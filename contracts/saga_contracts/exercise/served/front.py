"""Stands between a client and Pact's mock provider: counts the calls, and gives each the one form that the mock provider knows.

What Pact does (mock server and verifier of its FFI 0.5, tried with raw sockets):

- The **mock server** compares the path with the declared one byte by byte: `%3a`, `%3A` and `:` are three different things to
  it, and a declared blank or umlaut is met by nothing that HTTP allows to be sent. A query it decodes first, `+` and `%20`
  alike. A header with letters beyond ASCII it drops, in UTF-8 as well as in Latin-1, and of several lines of one name it takes
  the values apart.
- The **verifier** sends a path as it stands in the pact: `%2F`, `%25` and `%3A` stay, blanks and umlauts are encoded, a bare
  `%` stays and `?` begins a query, `..` and `%2E%2E` are removed with the segment before. What a provider-state generator
  gives for a path is put in as it is, too: a `/` or `?` in it would address another resource. Values of a query it encodes, as
  forms are; a header it sends as UTF-8, and of several values of one header only the last.

So a pact holds the path percent-encoded, and here every path that says the same as the declared one is handed on in the declared
form; lines of one header become one, and letters beyond ASCII are percent-encoded on both sides. So is a form whose fields are
the declared ones.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

from saga_contracts.exercise.served import targets
from saga_contracts.exercise.served.calls import CLOSE, Heard, body_of, header, listening, written
from saga_contracts.exercise.served.expected import Expected
from saga_contracts.rim.server import Answer, Received
from saga_contracts.wire import bodies

TIMEOUT_S = 60.0
MOST_CALLS = 20
"""A client that calls more often is answered something else, which ends most loops."""
_OWN = {"connection", "content-length", "expect", "keep-alive", "transfer-encoding"}
"""Headers of one connection."""


@contextmanager
def serve(mock_url: str, expected: Expected, last: Answer, heard: Heard) -> Iterator[None]:
    """Hand every call on to the mock provider until the block is left.

    Args:
        mock_url: Where the mock provider is.
        expected: The call that is declared.
        last: What is answered when the client calls far too often.
        heard: Where the client's calls are kept.
    """

    def answer(call: Received, number: int) -> Answer:
        return _hand_on(mock_url, call, expected) if number <= MOST_CALLS else last

    with listening(heard, expected, answer) as server:
        heard.url = server.base_url
        yield


def as_the_mock_knows_it(value: str) -> str:
    """Give a header's value with letters beyond ASCII percent-encoded; an ASCII value stays as it is."""
    return value if value.isascii() else "utf-8''" + quote(value)


def _hand_on(mock_url: str, call: Received, expected: Expected) -> Answer:
    parts = urlsplit(mock_url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
    content = _content(call, expected)
    try:
        connection.putrequest(call.method, _target(call, expected), skip_host=True, skip_accept_encoding=True)
        for name, value in _headers(call):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content or None)
        reply = connection.getresponse()
        headers = [(name, value) for name, value in reply.getheaders() if name.lower() not in _OWN]
        return Answer(reply.status, [*headers, CLOSE], reply.read())
    finally:
        connection.close()


def _target(call: Received, expected: Expected) -> str:
    path = expected.path.shown if targets.same_path(call.path, expected.path.shown) else call.path
    return f"{path}?{call.query}" if call.query else path


def _headers(call: Received) -> Iterator[tuple[str, str]]:
    """Give each header of the call once."""
    for name in dict.fromkeys(name.lower() for name in call.headers):
        if name not in _OWN:
            yield name, as_the_mock_knows_it(header(call, name) or "")


def _content(call: Received, expected: Expected) -> bytes:
    """Give the body of a call; a form that holds the declared fields is the declared one."""
    declared = written(expected) or b""
    is_form = bodies.media_type(expected.content_type) == bodies.FORM
    return declared if is_form and body_of(call.body, expected) == body_of(declared, expected) else call.body
