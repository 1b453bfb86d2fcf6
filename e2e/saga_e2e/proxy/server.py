"""The fault proxy: a reverse proxy between the saga service and everything it talks to, in a thread and event loop of its own.

    /billing/reservations      goes to the participant `billing` as /reservations
    /saga_service/callbacks/…  goes to the saga service, so that callbacks can be lost, too

Bodies are read whole and bounded. While scenarios are played (`holding_strangers`), a saga's calls wait until the player has
named the saga (`open`), so that a fault meets the very first call although the saga's id is known only after it was created.
Which call a request is, is `calls`; which fault meets it, `rulebook`; passing a call on, `upstream`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError
from saga_contracts.wire.bodies import body_of
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.proxy import calls, upstream
from saga_e2e.proxy.calls import Incoming, Recognised, Recogniser
from saga_e2e.proxy.loop_thread import LoopThread, cancel_all_other_tasks
from saga_e2e.proxy.rulebook import Rulebook
from saga_e2e.proxy.trace import Fate, Trace, TracedCall
from saga_e2e.proxy.upstream import Answer

LOOPBACK = "127.0.0.1"
STRANGER_WAITS_S = 5.0
"""How long a call of a saga that nobody has named is kept waiting before it passes without faults, while scenarios are played."""
_FATES = {
    Kind.REFUSED: Fate.OK,
    Kind.REQUEST_LOST: Fate.REQUEST_LOST,
    Kind.REPLY_LOST: Fate.REPLY_LOST,
    Kind.DUPLICATED: Fate.DUPLICATED,
    Kind.UNAVAILABLE: Fate.UNAVAILABLE,
    Kind.DELAYED: Fate.DELAYED,
    Kind.RECEIVER_DIES: Fate.REPLY_LOST,
    Kind.CALLER_DIES: Fate.REPLY_LOST,
}
_logger = logging.getLogger(__name__)


class FaultProxy:
    """Passes calls on, injects the faults of the sagas that are played, and records every call of them.

    Args:
        saga: Whose calls are recognised.
        host: The address that it listens on, at which the services reach it.
        restart: Kills a service and starts it again, for faults that want it; meanwhile, calls of this service wait.
    """

    def __init__(self, saga: Saga, host: str = LOOPBACK, restart: Callable[[str], None] = lambda _: None) -> None:
        self._saga, self._recogniser = saga, Recogniser(saga)
        self._host, self._restart = host, restart
        self._down: dict[str, asyncio.Event] = {}
        self._service = calls.service_name(saga)
        self._stranger_waits_s = 0.0
        self._routes: dict[str, str] = {}
        self._book = Rulebook()
        self._opened = asyncio.Event()
        self._thread = LoopThread("fault proxy")
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.ServerRunner | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def base_url(self) -> str:
        """Where the proxy answers, without a closing slash."""
        return f"http://{self._host}:{self._port}"

    def url_of(self, name: str) -> str:
        """Give the address of a participant or of the saga service through the proxy."""
        return f"{self.base_url}/{name}"

    def route(self, name: str, base_url: str) -> None:
        """Say where calls for a name go; again to send them elsewhere from now on."""
        self._thread.call(lambda: self._routes.update({name: base_url.rstrip("/")}))

    @contextmanager
    def holding_strangers(self, seconds: float = STRANGER_WAITS_S) -> Iterator[None]:
        """Let calls of sagas that were not opened yet wait inside the block, at most so long; outside of it they pass at once."""
        self._thread.call(lambda: self._hold(seconds))
        try:
            yield
        finally:
            self._thread.call(lambda: self._hold(0.0))

    def open(self, saga_id: str, faults: Sequence[Fault] = ()) -> None:
        """Name a saga that is played, with its faults; its calls pass from now on."""
        self._thread.call(lambda: self._open(saga_id, faults))

    def close(self, saga_id: str) -> None:
        """Forget a saga's faults and trace; late calls of it pass without faults."""
        self._thread.call(lambda: self._book.close(saga_id))

    def trace(self, saga_id: str) -> Trace:
        """Give every call of a saga so far, in the order in which they came; calls that are under way are missing."""
        return self._thread.call(lambda: self._book.trace(saga_id))

    def hits(self, saga_id: str) -> tuple[int, ...]:
        """Say how many calls each fault of a saga has met so far."""
        return self._thread.call(lambda: self._book.hits(saga_id))

    def under_way(self, saga_id: str) -> int:
        """Say how many calls of a saga are under way."""
        return self._thread.call(lambda: self._book.under_way(saga_id))

    def now_ms(self) -> float:
        """Read the clock of the traces."""
        return time.monotonic() * 1000

    def start(self) -> None:
        """Begin to listen, on a port of the system's choice."""
        self._thread.start()
        try:
            self._thread.wait_for(self._start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening and drop what is under way; again does nothing."""
        if self._thread.runs:
            self._thread.wait_for(self._stop())
            self._thread.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def _start(self) -> None:
        self._session = upstream.new_session()
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        for site in self._runner.sites if self._runner is not None else ():
            await site.stop()
        await cancel_all_other_tasks()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    def _hold(self, seconds: float) -> None:
        self._stranger_waits_s = seconds

    def _open(self, saga_id: str, faults: Sequence[Fault]) -> None:
        self._book.open(saga_id, faults)
        waiting, self._opened = self._opened, asyncio.Event()
        waiting.set()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        target, _, path = request.rel_url.raw_path.removeprefix("/").partition("/")
        if target not in self._routes:
            return web.json_response({"error": "unknown_target", "message": f"Nothing is known of {target!r} here."}, status=404)
        body = await upstream.read(request.content)
        if body is None:
            return web.json_response({"error": "body_too_large"}, status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Incoming(target, request.method, f"/{path}", headers, body_of(body))
        seen = self._recogniser.recognise(call)
        if seen is not None and self._stranger_waits_s:
            await self._wait_until_opened(seen.saga_id)
        if target in self._down:
            await self._down[target].wait()
            if request.transport is None or request.transport.is_closing():
                return web.Response(status=503)  # its caller has given up: it never got through
        fault = None if seen is None else self._book.pick(seen)
        began_ms = self.now_ms()
        answer, fate = await self._play(request, target, body, fault)
        if seen is not None:
            self._book.note(self._traced(call, seen, answer, fate, began_ms))
        return _given_back(request, answer, fate)

    async def _wait_until_opened(self, saga_id: str) -> None:
        try:
            async with asyncio.timeout(self._stranger_waits_s):
                while not self._book.knows(saga_id):
                    await self._opened.wait()
        except TimeoutError:
            _logger.warning("A call of the saga %s passes without faults: nobody has named this saga.", saga_id)

    async def _play(self, request: web.BaseRequest, target: str, body: bytes, fault: Fault | None) -> tuple[Answer | None, Fate]:
        """Do what the fault says; give the target's answer and what became of the call."""
        fate = Fate.OK if fault is None else _FATES[fault.kind]
        if fate in (Fate.REQUEST_LOST, Fate.UNAVAILABLE):
            return None, fate
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        answer = await self._send(request, target, body)
        if fate == Fate.DUPLICATED:
            await self._send(request, target, body)
        if fault is not None and fault.crashes:
            await self._crash(target if fault.kind == Kind.RECEIVER_DIES else self._service)
        return answer, Fate.UNANSWERED if answer is None and fate == Fate.OK else fate

    async def _crash(self, service: str) -> None:
        up = self._down[service] = asyncio.Event()
        try:
            await asyncio.to_thread(self._restart, service)
        except SagapactError as error:  # whoever asks for the services' trouble hears of it
            _logger.warning("%s was not started again: %s", service, error)
        finally:
            del self._down[service]
            up.set()

    async def _send(self, request: web.BaseRequest, target: str, body: bytes) -> Answer | None:
        assert self._session is not None  # noqa: S101  (made before the server listens)
        rest = request.rel_url.raw_path.removeprefix(f"/{target}")
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        return await upstream.send(self._session, request.method, f"{self._routes[target]}{rest}{query}", request.headers, body)

    def _traced(self, call: Incoming, seen: Recognised, answer: Answer | None, fate: Fate, began_ms: float) -> TracedCall:
        from_participant = seen.role == Role.CALLBACK
        return TracedCall(
            at_ms=began_ms,
            ended_ms=self.now_ms(),
            source=self._saga.step(seen.step).participant if from_participant else self._service,
            target=call.target,
            saga_id=seen.saga_id,
            step=seen.step,
            role=seen.role,
            key=seen.key,
            request=f"{call.method} {call.path}"[:500],
            status=None if answer is None else answer.status,
            outcome=None if answer is None else calls.outcome_of(self._saga, seen, answer.status, body_of(answer.body)),
            told=calls.told_by(self._saga, seen, call.body),
            fate=fate,
        )


def _given_back(request: web.BaseRequest, answer: Answer | None, fate: Fate) -> web.StreamResponse:
    """Give the caller the answer, or cut the connection."""
    if fate == Fate.UNAVAILABLE:
        return web.json_response({"error": "unavailable"}, status=503)
    if answer is None or fate in (Fate.REQUEST_LOST, Fate.REPLY_LOST):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)  # nobody gets it
    return web.Response(status=answer.status, headers=CIMultiDict(answer.headers), body=answer.body)
