"""What both clients share at the rim: a built request as httpx takes it, and what came back as the client reads it."""

import httpx

from saga_contracts.rim.sender import NoAnswer, Reply, Why
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


def received(answered: Reply | NoAnswer) -> Received | None:
    """Give a reply, without its body where that cannot be read; None when no whole reply came in time."""
    if isinstance(answered, Reply):
        headers = {name.lower(): value for name, value in answered.headers.items()}
        return Received(answered.status, bodies.body_of(answered.body, headers.get("content-type", "")), headers)
    if answered.status is not None and answered.why in (Why.TOO_LARGE, Why.NOT_HTTP):
        return Received(answered.status)
    return None
