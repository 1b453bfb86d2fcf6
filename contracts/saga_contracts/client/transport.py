"""What both clients share of httpx: a built request as httpx takes it."""

import httpx

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
