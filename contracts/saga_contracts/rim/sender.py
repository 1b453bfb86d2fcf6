"""The one bounded sender for code without `async`: one request, one value.

    answered = send(http, http.build_request("GET", url), timeout_s=5)

No redirect is followed. The deadline is that of the whole exchange, with a client of `transport.bounded_client`; with any other
httpx client it is looked at between two pieces of the body. What is pure here is shared with asynchronous senders.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import httpx

from saga_contracts.rim.transport import bounded_client, deadline, is_loopback

__all__ = [
    "MAX_BODY_BYTES",
    "NoAnswer",
    "Reply",
    "Why",
    "bounded_client",
    "elapsed_ms",
    "is_loopback",
    "send",
    "too_large",
    "why_not",
]

MAX_BODY_BYTES = 1024 * 1024
"""A longer body is not read, where the caller does not say otherwise."""


class Why(StrEnum):
    """Why there is no answer."""

    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"  # no such host, no route, a certificate that is not trusted
    RESET = "reset"  # the connection ended before the answer was whole
    TIMEOUT = "timeout"  # the answer was not whole in time
    TOO_LARGE = "too large"  # its body is longer than allowed
    NOT_HTTP = "not HTTP"  # what came is no HTTP answer, or its body cannot be decoded


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        body: Decoded as its Content-Encoding says.
        elapsed_ms: From the beginning of the call to the last byte.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    elapsed_ms: float

    @property
    def is_success(self) -> bool:
        """Is the status 2xx?"""
        return httpx.codes.is_success(self.status)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """There is no answer that could be read whole.

    Attributes:
        text: Why, in words that fit after "it": `did not answer within 5 s`.
        status: Of an answer that began; None when none did.
    """

    why: Why
    text: str
    elapsed_ms: float
    status: int | None = None


def send(http: httpx.Client, request: httpx.Request, timeout_s: float, *, max_body: int = MAX_BODY_BYTES) -> Reply | NoAnswer:
    """Send one request.

    Args:
        http: Sends it; its own credentials are added by httpx.
        request: Built by that client.
        timeout_s: How long all of it may take, from connecting to the last byte of the answer.
        max_body: The longest body that is read, in bytes.
    """
    began = time.monotonic()
    request.extensions = {**request.extensions, "timeout": httpx.Timeout(timeout_s).as_dict()}
    status = None
    try:
        with deadline(began + timeout_s), contextlib.closing(http.send(request, stream=True, follow_redirects=False)) as reply:
            status = reply.status_code
            body = b"".join(_pieces(reply, began + timeout_s, max_body))
            return Reply(status, reply.headers, body, elapsed_ms(began))
    except _TooLargeError:
        return NoAnswer(*too_large(max_body), elapsed_ms(began), status)
    except (httpx.TransportError, httpx.DecodingError) as error:
        return NoAnswer(*why_not(error, timeout_s), elapsed_ms(began), status)


def why_not(error: httpx.HTTPError | TimeoutError, timeout_s: float) -> tuple[Why, str]:
    """Say why a request was not answered: the kind, and words that fit after "it"."""
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return Why.TIMEOUT, f"did not answer within {timeout_s:g} s"
    if isinstance(error, httpx.ConnectError):
        if any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error)):
            return Why.REFUSED, "refused the connection: nobody listens there"
        return Why.UNREACHABLE, f"cannot be reached ({error})"
    if isinstance(error, httpx.NetworkError) or "disconnected" in str(error) or "closed connection" in str(error):
        return Why.RESET, "closed the connection before its answer was whole"
    return Why.NOT_HTTP, f"gave no HTTP answer ({str(error) or type(error).__name__})"


def too_large(max_body: int) -> tuple[Why, str]:
    """Say that a body is longer than allowed, as `why_not` does."""
    return Why.TOO_LARGE, f"answered with a body of more than {max_body} bytes"


def elapsed_ms(began: float) -> float:
    """Give the time since a moment of `time.monotonic`, in milliseconds."""
    return (time.monotonic() - began) * 1000


class _TooLargeError(Exception):
    """The body is longer than allowed (inside this module only)."""


def _pieces(reply: httpx.Response, until: float, max_body: int) -> Iterator[bytes]:
    size = 0
    for piece in reply.iter_bytes():
        size += len(piece)
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the time is over")
        if size > max_body:
            raise _TooLargeError
        yield piece


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield cause
        yield from _causes(cause)
