"""One connection to the harness's server: requests in, answers out, by h11, and the bounds of each request.

Whatever goes wrong is answered with a status, and never printed.
"""

import json
import logging
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import h11
import httpx

MAX_HEADER_BYTES = 64 * 1024
_CHUNK = 65536
_LINGER_S = 1.0
_WHY = {408: "it did not come in time", 413: "its body is too long"}
_FRAMING = frozenset({"content-length", "transfer-encoding"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came.

    Attributes:
        path: Encoded as it was sent, without the query.
        query: What stands after the question mark, encoded; empty: nothing.
        headers: Names in any case; `get_list(name)` and `multi_items()` give the repeated ones.
        body: Its bytes, chunks put together.
    """

    method: str
    path: str
    query: str
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; its length and framing are added.

    Attributes:
        pace_s: How long to wait between any two of its bytes, for who plays a slow service.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    pace_s: float = 0


def as_json(status: int, value: Any) -> Answer:
    """Give an answer with a JSON body.

    Raises:
        TypeError: when the value is no JSON.
    """
    return Answer(status, [("Content-Type", "application/json")], json.dumps(value).encode())


class NoAnswer(Enum):
    """What a function may say instead of an answer."""

    CLOSE = "close"  # close the connection without a word
    WAIT = "wait"  # stay silent until the caller goes away, or the server ends


Refused = Callable[[int, str], object]
"""Is told of a request that was refused before anybody saw it: with which status, and why, in a few words."""
Handle = Callable[[Received], Answer | NoAnswer]
"""Answers one request; called by a thread of its own for each connection, so by several at once."""


class _RefusedError(Exception):
    """A request that is not answered by the function, but with a status (inside this module only)."""

    def __init__(self, status: int) -> None:
        self.status = status


class Connection:
    """Its requests, one after the other.

    Args:
        sock: The connection.
        handle: Answers a request.
        refused: Is told of what is refused.
        max_body: Of a request, in bytes.
        timeout_s: How long one whole request may take to come, and an idle connection may stay.
    """

    def __init__(self, sock: socket.socket, handle: Handle, refused: Refused, max_body: int, timeout_s: float) -> None:
        self._socket, self._handle, self._refused = sock, handle, refused
        self._max_body, self._timeout_s = max_body, timeout_s
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._until = 0.0

    def serve(self) -> None:
        """Answer until either side closes."""
        while self._one():
            self._http.start_next_cycle()
        shut(self._socket, socket.SHUT_WR)
        self._drain()

    def _one(self) -> bool:
        """Answer one request; say whether another may follow."""
        try:
            received = self._read()
        except h11.RemoteProtocolError as error:
            return self._refuse(error.error_status_hint, str(error))
        except _RefusedError as refused:
            return self._refuse(refused.status, _WHY[refused.status])
        if received is None:
            return False
        answer = self._answered(received)
        if answer is NoAnswer.WAIT:
            self._socket.settimeout(None)
            while self._socket.recv(_CHUNK):
                pass
        if isinstance(answer, NoAnswer):
            return False
        self._send(received.method, answer)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _read(self) -> Received | None:
        """Give a whole request, or None when the caller has gone."""
        self._until = time.monotonic() + self._timeout_s
        request = self._event()
        if not isinstance(request, h11.Request):
            return None
        headers = httpx.Headers(request.headers.raw_items())
        if int(headers.get("Content-Length", "0")) > self._max_body:
            raise _RefusedError(413)
        body = bytearray()
        while isinstance(part := self._event(), h11.Data):
            body += part.data
            if len(body) > self._max_body:
                raise _RefusedError(413)
        path, _, query = _without_host(request.target.decode("ascii")).partition("?")
        return Received(request.method.decode("ascii"), path, query, headers, bytes(body))

    def _event(self) -> object:
        """Give what comes next, reading as much as it needs."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._socket.sendall(self._http.send(go_on) or b"")
            self._http.receive_data(self._some())
        return event

    def _some(self) -> bytes:
        try:
            self._socket.settimeout(max(0.001, self._until - time.monotonic()))
            return self._socket.recv(_CHUNK)
        except TimeoutError:
            if self._http.their_state is h11.IDLE and not self._http.trailing_data[0]:
                return b""  # an idle connection is closed without a word
            raise _RefusedError(408) from None

    def _answered(self, received: Received) -> Answer | NoAnswer:
        try:
            return self._handle(received)
        except Exception:  # noqa: BLE001  (whatever it is, the caller must be answered)
            _log.debug("%s %s could not be answered.", received.method, received.path, exc_info=True)
            return Answer(500, [("Content-Type", "text/plain")], b"The harness could not answer.")

    def _send(self, method: str, answer: Answer) -> None:
        try:
            self._write(self._framed(method, answer), answer.pace_s)
        except (h11.LocalProtocolError, ValueError, TypeError, AttributeError):
            _log.debug("An answer is not HTTP.", exc_info=True)
            self._socket.sendall(b"HTTP/1.1 500 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    def _write(self, content: bytes, pace_s: float) -> None:
        """Write a whole answer at once, or byte by byte."""
        if not pace_s:
            self._socket.sendall(content)
            return
        for byte in content:
            self._socket.sendall(bytes([byte]))
            time.sleep(pace_s)

    def _framed(self, method: str, answer: Answer) -> bytes:
        """Give the whole answer, for one write: two would cost 40 ms each on the loopback device."""
        bodiless = answer.status in (204, 304)
        headers = [(name.encode("ascii"), value.encode()) for name, value in answer.headers if name.lower() not in _FRAMING]
        if not bodiless:
            headers.append((b"Content-Length", str(len(answer.body)).encode()))
        response = h11.Response(status_code=answer.status, headers=headers)
        body = b"" if bodiless or method == "HEAD" else answer.body
        events: list[h11.Event] = [response, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
        return b"".join(self._http.send(event) or b"" for event in events)

    def _refuse(self, status: int, why: str) -> bool:
        self._refused(status, why)
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send("", Answer(status, [("Connection", "close")]))
        return False

    def _drain(self) -> None:
        """Read on for a moment: closing while something comes would take the answer away from the caller."""
        until, left = time.monotonic() + _LINGER_S, 2 * self._max_body
        with suppress(TimeoutError):
            while left > 0 and time.monotonic() < until:
                self._socket.settimeout(max(0.001, until - time.monotonic()))
                some = len(self._socket.recv(_CHUNK))
                left = left - some if some else 0


def _without_host(target: str) -> str:
    """Give a target without scheme and host, which callers of a proxy send."""
    if target[:7].lower() != "http://":
        return target
    _, slash, rest = target[7:].partition("/")
    return slash + rest


def shut(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    """Shut a connection down, whatever state it is in."""
    with suppress(OSError):
        connection.shutdown(how)
