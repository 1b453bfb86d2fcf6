"""What both clients share of httpx: a built request as httpx takes it, a reply as it is read."""

import httpx

from saga_contracts.wire import bodies
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest, UnsendableError


def http_request(http: httpx.Client | httpx.AsyncClient, request: BuiltRequest, timeout_s: float) -> httpx.Request:
    """Give a built request as one of httpx, with what the client adds to every request (such as its credentials).

    Raises:
        UnsendableError: when the address is none.
    """
    try:
        return http.build_request(
            request.method,
            request.url,
            params=request.query or None,
            headers=[(name.encode(), value.encode()) for name, value in request.headers],
            content=request.content,
            timeout=timeout_s,
        )
    except httpx.InvalidURL as error:
        raise UnsendableError(
            f"{request.method} cannot be sent: {error}. Look at the path and the participant's address."
        ) from None


def received_from(response: httpx.Response, content: bytes) -> Received:
    """Give a reply as it is read: its body by its media type; no content for a body that was too long or no sense."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Received(response.status_code, bodies.body_of(content, headers.get("content-type", "")), headers)
