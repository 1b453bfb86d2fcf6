"""The step client for asynchronous code: as `StepClient`, each call awaited."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

import httpx

from saga_contracts.client import results
from saga_contracts.client.calls import NOTIFICATION_TIMEOUT_S, Calls, Prepared
from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff, Meaning, StepResult
from saga_contracts.client.transport import http_request, received_from
from saga_contracts.declare.outcomes import Outcome, Told
from saga_contracts.declare.saga import Saga
from saga_contracts.wire import bodies
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest, StepCall


class AsyncStepClient:
    """Calls the steps of one saga from a running event loop.

    Args:
        saga: The saga's definition.
        participants: Base URL of each participant, by name.
        http: A client to send with, which the caller closes; default: one of its own, which does not look at proxy variables.
        backoff: How long to wait between tries.
        sleep: Waits so many seconds.

    Raises:
        UsageError: when an address is no HTTP address.
    """

    def __init__(
        self,
        saga: Saga,
        participants: Mapping[str, str],
        http: httpx.AsyncClient | None = None,
        backoff: Backoff = DEFAULT_BACKOFF,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = Calls(saga, participants)
        self._http, self._is_own = http or httpx.AsyncClient(trust_env=False), http is None
        self._backoff, self._sleep = backoff, sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that this client opened itself."""
        if self._is_own:
            await self._http.aclose()

    async def forward(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """Make a step's effect, with as many tries as it declares; as `StepClient.forward`."""
        return await self._repeated(self._calls.forward(step, call))

    async def compensate(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """Undo a step's effect, or see to it that it never comes."""
        return await self._repeated(self._calls.compensate(step, call))

    async def status(self, step: str, call: StepCall) -> StepResult[Told]:
        """Ask for a step's durable state. A failing call is `retryable` or `unknown`, never `absent`."""
        return await self._repeated(self._calls.status(step, call))

    async def attempt_forward(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `forward`, with exactly one try."""
        return await self._once(self._calls.forward(step, call))

    async def attempt_compensate(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `compensate`, with exactly one try."""
        return await self._once(self._calls.compensate(step, call))

    async def attempt_status(self, step: str, call: StepCall) -> StepResult[Told]:
        """As `status`, with exactly one try."""
        return await self._once(self._calls.status(step, call))

    async def attempt_notification(self, step: str, event: str, call: StepCall) -> bool:
        """Tell the owner once what became of a step; was it taken?"""
        received = await self._send(self._calls.notification(step, event, call), NOTIFICATION_TIMEOUT_S)
        return self._calls.taken(step, event, call, received)

    async def _repeated(self, prepared: Prepared[Meaning]) -> StepResult[Meaning]:
        result = await self._once(prepared)
        while result.worth_retrying and result.tries < prepared.tries:
            await self._sleep(self._backoff.pause_s(result.tries))
            result = results.joined(result, await self._once(prepared))
        return result

    async def _once(self, prepared: Prepared[Meaning]) -> StepResult[Meaning]:
        return prepared.read(await self._send(prepared.request, prepared.timeout_s))

    async def _send(self, request: BuiltRequest, timeout_s: float) -> Received | None:
        """Send one request and give the reply, or None when no whole reply came in time."""
        outgoing = http_request(self._http, request, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._http.send(outgoing, stream=True, follow_redirects=False)
                async with contextlib.aclosing(response):
                    return await _read(response)
        except (httpx.TransportError, TimeoutError):
            return None


async def _read(response: httpx.Response) -> Received:
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > bodies.MAX_BODY_BYTES:
                return received_from(response, b"")
    except httpx.DecodingError:
        return received_from(response, b"")
    return received_from(response, bytes(content))
