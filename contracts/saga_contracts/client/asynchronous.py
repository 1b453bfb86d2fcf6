"""The step client for asynchronous code: as `StepClient`, each call awaited."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx

from saga_contracts.client import results
from saga_contracts.client.calls import NOTIFICATION_TIMEOUT_S, Calls, Prepared
from saga_contracts.client.results import DEFAULT_BACKOFF, Backoff, Meaning, StepResult
from saga_contracts.client.transport import http_request, received
from saga_contracts.declare.outcomes import LookedUp, Outcome, Sought, Told
from saga_contracts.declare.saga import Saga
from saga_contracts.rim.sender import MAX_BODY_BYTES, NoAnswer, Reply, elapsed_ms, too_large, why_not
from saga_contracts.rim.transport import certificates
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import BuiltRequest, StepCall


class AsyncStepClient:
    """Calls the steps of one saga from a running event loop.

    Args:
        saga: The saga's definition.
        participants: Base URL of each participant, by name.
        http: A client to send with, which the caller closes; default: one of its own, which does not look at proxy variables.
        backoff: How long to wait between tries where the saga file does not say.
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
        self._calls = Calls(saga, participants, backoff)
        self._http, self._is_own = http or httpx.AsyncClient(verify=certificates(), trust_env=False), http is None
        self._sleep = sleep

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
        sought = await self._sought(step, "compensate", call)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.undone_without(sought)
        known = call if sought is None else call.knowing(step, sought.outputs)
        return await self._repeated(self._calls.compensate(step, known))

    async def status(self, step: str, call: StepCall) -> StepResult[Told]:
        """Ask for a step's durable state. A failing call is `retryable` or `unknown`, never `absent`."""
        sought = await self._sought(step, "status", call)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.told_without(sought)
        return await self._repeated(self._calls.status(step, call if sought is None else call.knowing(step, sought.outputs)))

    async def lookup(self, step: str, call: StepCall) -> StepResult[LookedUp]:
        """Look up the outputs of a step whose reply was lost; as `StepClient.lookup`."""
        return await self._repeated(self._calls.lookup(step, call))

    async def outcome(self, step: str, call: StepCall) -> StepResult[Told]:
        """Ask for the outcome of an accepted forward call (`completion: poll`); as `StepClient.outcome`."""
        polling = self._calls.outcome(step, call)
        until = time.monotonic() + polling.timeout_s
        result = await self._once(polling.status)
        while not polling.is_over(result) and result.tries < polling.most and time.monotonic() < until:
            await self._sleep(polling.interval_s)
            result = results.joined(result, await self._once(polling.status))
        return replace(result, uncertain=not polling.is_over(result))

    async def attempt_forward(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `forward`, with exactly one try."""
        return await self._once(self._calls.forward(step, call))

    async def attempt_compensate(self, step: str, call: StepCall) -> StepResult[Outcome]:
        """As `compensate`, with exactly one try."""
        sought = await self._sought(step, "compensate", call, tries=1)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.undone_without(sought)
        return await self._once(self._calls.compensate(step, call if sought is None else call.knowing(step, sought.outputs)))

    async def attempt_status(self, step: str, call: StepCall) -> StepResult[Told]:
        """As `status`, with exactly one try."""
        sought = await self._sought(step, "status", call, tries=1)
        if sought is not None and sought.outcome != Sought.FOUND:
            return results.told_without(sought)
        return await self._once(self._calls.status(step, call if sought is None else call.knowing(step, sought.outputs)))

    async def attempt_notification(self, step: str, event: str, call: StepCall) -> bool:
        """Tell the owner once what became of a step; was it taken?"""
        answer = await self._send(self._calls.notification(step, event, call), NOTIFICATION_TIMEOUT_S)
        return self._calls.taken(step, event, call, answer)

    async def _sought(self, step: str, role: str, call: StepCall, tries: int | None = None) -> StepResult[LookedUp] | None:
        """Look up what a call needs and nobody told; None when it needs nothing."""
        if not self._calls.needs_lookup(step, role, call):
            return None
        prepared = self._calls.lookup(step, call)
        return await self._repeated(prepared if tries is None else replace(prepared, tries=tries))

    async def _repeated(self, prepared: Prepared[Meaning]) -> StepResult[Meaning]:
        result = await self._once(prepared)
        while result.worth_retrying and result.tries < prepared.tries:
            await self._sleep(prepared.backoff.after_s(result))
            result = results.joined(result, await self._once(prepared))
        return result

    async def _once(self, prepared: Prepared[Meaning]) -> StepResult[Meaning]:
        return prepared.read(await self._send(prepared.request, prepared.timeout_s))

    async def _send(self, request: BuiltRequest, timeout_s: float) -> Received | None:
        return received(await _sent(self._http, http_request(self._http, request, timeout_s), timeout_s))


async def _sent(http: httpx.AsyncClient, request: httpx.Request, timeout_s: float) -> Reply | NoAnswer:
    """As `saga_contracts.rim.sender.send`, awaited."""
    began, status, body = time.monotonic(), None, bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            response = await http.send(request, stream=True, follow_redirects=False)
            status = response.status_code
            async with contextlib.aclosing(response):
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MAX_BODY_BYTES:
                        return NoAnswer(*too_large(MAX_BODY_BYTES), elapsed_ms(began), status)
        return Reply(status, response.headers, bytes(body), elapsed_ms(began))
    except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
        return NoAnswer(*why_not(error, timeout_s), elapsed_ms(began), status)
