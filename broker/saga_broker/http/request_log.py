"""ASGI middleware: each request gets an id that the client is told, and one line in the log once it is answered.

The line has `method`, `path`, `query`, `status`, `ms`, `bytes` and `client`. Headers and bodies are never logged.
"""

import logging
import re
import secrets
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_broker.http.logs import FIELDS, REQUEST_ID, shown_path, shown_query

LOG = logging.getLogger("saga_broker.requests")
ID_HEADER = b"x-request-id"
_USABLE_ID = re.compile(rb"\A[A-Za-z0-9._-]{1,64}\Z")
_FIRST_SERVER_ERROR = 500
_MAX_SHOWN = 2000


class RequestLog:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and write its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = _id_of(scope)
        REQUEST_ID.set(own_id)
        answer = _Watched(receive, send, own_id)
        begun = time.perf_counter()
        try:
            await self._app(scope, answer.receive, answer.send)
        finally:
            _write(scope, answer, time.perf_counter() - begun)


class _Watched:
    """Sends the answer on and remembers how it was, and whether the client went away."""

    def __init__(self, receive: Receive, send: Send, own_id: str) -> None:
        self._receive, self._send = receive, send
        self._id = own_id.encode()
        self.status = 0
        self.bytes = 0
        self.is_gone = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.is_gone = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], (ID_HEADER, self._id)]}
        else:
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _id_of(scope: Scope) -> str:
    """Take the id that a proxy gave the request, so that its log and ours can be laid side by side; else make one."""
    given: bytes = next((value for name, value in scope["headers"] if name == ID_HEADER), b"")
    return given.decode() if _USABLE_ID.match(given) else secrets.token_hex(8)


def _write(scope: Scope, answer: _Watched, took_s: float) -> None:
    failed = answer.status >= _FIRST_SERVER_ERROR or (answer.status == 0 and not answer.is_gone)
    level = logging.ERROR if failed else logging.INFO
    if not LOG.isEnabledFor(level):
        return
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    fields: dict[str, Any] = {"method": scope["method"], "path": shown_path(raw[:_MAX_SHOWN])}
    if scope["query_string"]:
        fields["query"] = shown_query(scope["query_string"].decode("latin-1")[:_MAX_SHOWN])
    fields |= {"status": answer.status, "ms": round(took_s * 1000, 1), "bytes": answer.bytes}
    if scope.get("client"):
        fields["client"] = scope["client"][0]
    unanswered = "request whose client went away" if answer.is_gone else "request without an answer"
    LOG.log(level, "request" if answer.status else unanswered, extra={FIELDS: fields})
