"""DELIBERATE MISTAKES that several participants can make; each participant's `faults` switches them on. Do not copy this file."""

from collections.abc import Mapping
from typing import Any

import httpx
from sqlalchemy import Connection
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from participants.common.middleware import CORRELATION_HEADERS
from participants.common.outbox import SEND_TIMEOUT_S, Callback, Outbox
from saga_contracts.client import Outcome
from saga_contracts.client.participant import Delivery


class PromisesNothing(Outbox):
    """The outcome is never told.

    Args:
        right: The outbox whose table it uses.
    """

    def __init__(self, right: Outbox) -> None:
        self.callbacks = right.callbacks

    def promise(self, connection: Connection, key: str, outcome: Outcome, values: Mapping[str, Any] | None = None) -> None:
        """Promise nothing."""


def told_under_other_names(callback: Callback, http: httpx.Client) -> Delivery:
    """Tell a callback whose fields were renamed without asking the receiver."""
    body = {"order": callback.key, "result": callback.outcome.value}
    try:
        answer = http.post(str(callback.call.callback_url), json=body, headers=callback.correlation, timeout=SEND_TIMEOUT_S)
    except httpx.TransportError as failure:
        return Delivery(taken=False, reached=False, text=str(failure))
    return Delivery(answer.is_success, reached=True, text=f"answered {answer.status_code}")


class DropCorrelation:
    """The correlation headers are lost before anything can echo them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on without them."""
        if scope["type"] == "http":
            lost = {name.lower() for name in CORRELATION_HEADERS}
            kept = [pair for pair in Headers(scope=scope).raw if pair[0].decode("latin-1") not in lost]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)
