"""What happens to every call before the application sees it: correlation headers are echoed, bodies are bounded."""

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CORRELATION_HEADERS = ("Saga-Id", "Saga-Step")
LARGEST_BODY_BYTES = 64 * 1024


class EchoCorrelation:
    """Send the caller's Saga-Id and Saga-Step back with every reply, errors included: hence outside of the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and add the headers to its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        echo = {name: asked[name] for name in CORRELATION_HEADERS if name in asked}

        async def send_with_echo(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(echo)
            await send(message)

        await self._app(scope, receive, send_with_echo)


class BoundBody:
    """Answer 413 to a call whose body is larger than a participant's requests ever are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and count what is read of its body."""
        read = 0

        async def receive_bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY_BYTES:
                raise HTTPException(413, f"A request body may have at most {LARGEST_BODY_BYTES} bytes.")
            return message

        await self._app(scope, receive_bounded, send)
