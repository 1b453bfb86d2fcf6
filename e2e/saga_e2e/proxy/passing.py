"""What becomes of one call at the proxy: recognised, met by its fault, passed on or not, recorded, answered.

A fault counts only when it did what its name says. So the step's participant is asked at once what came of the call, before
anything goes on: `Ask` does it, and its answer stands in the trace.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError
from saga_contracts.wire.bodies import body_of
from saga_contracts.wire.replies import Received
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.proxy import meanings, upstream
from saga_e2e.proxy.calls import Recognised, Recogniser, Unrecognised, service_name
from saga_e2e.proxy.rulebook import Held, Rulebook
from saga_e2e.proxy.shapes import Incoming
from saga_e2e.proxy.strays import stray_of
from saga_e2e.proxy.trace import Answered, Asked, Fate, TracedCall
from saga_e2e.proxy.upstream import Answer, Outgoing

_FATES = {
    Kind.REFUSED: Fate.OK,
    Kind.REQUEST_LOST: Fate.REQUEST_LOST,
    Kind.REPLY_LOST: Fate.REPLY_LOST,
    Kind.DUPLICATED: Fate.DUPLICATED,
    Kind.UNAVAILABLE: Fate.UNAVAILABLE,
    Kind.DELAYED: Fate.DELAYED,
    Kind.RECEIVER_DIES: Fate.REPLY_LOST,
    Kind.CALLER_DIES: Fate.REPLY_LOST,
    Kind.SLOW: Fate.OK,
}
_NOT_PASSED = (Fate.REQUEST_LOST, Fate.UNAVAILABLE)
_LEAVE_A_STATE = (Role.FORWARD, Role.COMPENSATE)
_logger = logging.getLogger(__name__)


def now_ms() -> float:
    """Read the clock of the traces."""
    return time.monotonic() * 1000


class Passing:
    """Handles the calls of one proxy, in its event loop.

    Args:
        saga: Whose calls are recognised.
        book: Knows the faults, and takes what was seen.
        restart: Kills a service and starts it again; meanwhile, calls of this service wait.
        health: Where each service tells that it is healthy, by the service's name.
    """

    def __init__(self, saga: Saga, book: Rulebook, restart: Callable[[str], None], health: Mapping[str, str] | None) -> None:
        self._saga, self._book, self._restart = saga, book, restart
        self._recogniser, self._service = Recogniser(saga, health), service_name(saga)
        self._down: dict[str, asyncio.Event] = {}
        self._opened = asyncio.Event()
        self.routes: dict[str, str] = {}
        self.stranger_waits_s = 0.0
        self.session: aiohttp.ClientSession | None = None

    def wake_strangers(self) -> None:
        """Let calls go on that wait for their saga to be named."""
        waiting, self._opened = self._opened, asyncio.Event()
        waiting.set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle one call."""
        target, _, path = request.rel_url.raw_path.removeprefix("/").partition("/")
        if target not in self.routes:
            return web.json_response({"error": "unknown_target", "message": f"Nothing is known of {target!r} here."}, status=404)
        body = await upstream.read(request.content)
        if body is None:
            return web.json_response({"error": "body_too_large"}, status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        read = body_of(body, headers.get("content-type", ""))
        call = Incoming(target, request.method, f"/{path}", headers, read, tuple(request.rel_url.query.items()))
        query = request.rel_url.raw_query_string
        outgoing = Outgoing(target, request.method, f"/{path}{'?' if query else ''}{query}", request.headers.copy(), body)
        seen = self._recogniser.recognise(call)
        if isinstance(seen, Recognised) and self.stranger_waits_s:
            await self._wait_until_opened(seen.saga_id)
        if target in self._down:
            await self._down[target].wait()
            if request.transport is None or request.transport.is_closing():
                return web.Response(status=503)  # its caller has given up: it never got through
        if isinstance(seen, Recognised):
            return _given_back(request, *await self._of_the_saga(seen, call, outgoing))
        return _given_back(request, *await self._other(seen, call, outgoing))

    async def deliver(self, saga_id: str) -> None:
        """Pass on the calls of a saga that were kept for later, one after the other."""
        for held in self._book.release(saga_id):
            if held.call.target in self._down:
                await self._down[held.call.target].wait()
            began_ms = now_ms()
            answer = await self._send(held.outgoing)
            answers = () if answer is None else (answer,)
            self._book.note(self._traced(held.call, held.seen, answers, Fate.DELAYED, held.fault, began_ms))

    async def _of_the_saga(self, seen: Recognised, call: Incoming, outgoing: Outgoing) -> tuple[Answer | None, Fate]:
        """Let a call meet its fault; give the answer that its caller may get, and what became of the call."""
        fault, began_ms = self._book.pick(seen), now_ms()
        if fault is not None and fault.kind == Kind.DELAYED:
            self._book.hold(Held(seen, call, outgoing, fault))
            return None, Fate.DELAYED
        answers, fate = await self._passed(outgoing, fault)
        asked = await self._asked(seen, fault)
        if fault is not None and fault.lasts_ms:
            await asyncio.sleep(max(0.0, fault.lasts_ms - (now_ms() - began_ms)) / 1000)
        if fault is not None and fault.crashes:
            await self._crash(call.target if fault.kind == Kind.RECEIVER_DIES else self._service)
        self._book.note(self._traced(call, seen, answers, fate, fault, began_ms, asked))
        return (answers[0] if answers else None), fate

    async def _other(self, seen: Unrecognised | None, call: Incoming, outgoing: Outgoing) -> tuple[Answer | None, Fate]:
        """Pass on a call that is none of the saga's, and record it unless it only looks at a service's health."""
        began_ms = now_ms()
        answer = await self._send(outgoing)
        if seen is not None:
            self._book.note_stray(stray_of(call, seen.differs, began_ms, None if answer is None else answer.status))
        return answer, Fate.OK

    async def _wait_until_opened(self, saga_id: str) -> None:
        try:
            async with asyncio.timeout(self.stranger_waits_s):
                while not self._book.knows(saga_id):
                    await self._opened.wait()
        except TimeoutError:
            _logger.warning("A call of the saga %s passes without faults: nobody has named this saga.", saga_id)

    async def _passed(self, outgoing: Outgoing, fault: Fault | None) -> tuple[tuple[Answer, ...], Fate]:
        """Pass a call on as often as its fault says; give the answers, and what became of the call."""
        fate = Fate.OK if fault is None else _FATES[fault.kind]
        if fate in _NOT_PASSED:
            return (), fate
        times = 2 if fate == Fate.DUPLICATED else 1
        came = [await self._send(outgoing) for _ in range(times)]
        answers = tuple(answer for answer in came if answer is not None)
        return answers, Fate.UNANSWERED if came[0] is None and fate == Fate.OK else fate

    async def _asked(self, seen: Recognised, fault: Fault | None) -> Asked | None:
        """Ask the participant what came of a call whose fault says something about it."""
        ask = self._book.asker(seen.saga_id)
        silent = fault is None or fault.kind in (Kind.REFUSED, Kind.DUPLICATED)  # their answers tell all
        if ask is None or silent or seen.role not in _LEAVE_A_STATE:
            return None
        try:
            return await asyncio.to_thread(ask, seen.step)
        except SagapactError as error:
            return Asked(trouble=str(error))

    async def _crash(self, service: str) -> None:
        up = self._down[service] = asyncio.Event()
        try:
            await asyncio.to_thread(self._restart, service)
        except SagapactError as error:  # whoever asks for the services' trouble hears of it
            _logger.warning("%s was not started again: %s", service, error)
        finally:
            del self._down[service]
            up.set()

    async def _send(self, outgoing: Outgoing) -> Answer | None:
        assert self.session is not None  # noqa: S101  (made before the server listens)
        return await upstream.send(self.session, self.routes[outgoing.target], outgoing)

    def _traced(
        self,
        call: Incoming,
        seen: Recognised,
        answers: tuple[Answer, ...],
        fate: Fate,
        fault: Fault | None,
        began_ms: float,
        asked: Asked | None = None,
    ) -> TracedCall:
        from_participant = seen.role == Role.CALLBACK
        return TracedCall(
            at_ms=began_ms,
            ended_ms=now_ms(),
            source=self._saga.step(seen.step).participant if from_participant else self._service,
            target=call.target,
            saga_id=seen.saga_id,
            step=seen.step,
            role=seen.role,
            key=seen.key,
            sent=call,
            replies=tuple(self._answered(seen, answer) for answer in answers),
            told=meanings.told_by(self._saga, seen.step, seen.role, call.body),
            fate=fate,
            met=fault,
            asked=asked,
            differs=seen.differs,
        )

    def _answered(self, seen: Recognised, answer: Answer) -> Answered:
        headers = {name.lower(): value for name, value in answer.headers}
        reply = Received(answer.status, body_of(answer.body, headers.get("content-type", "")), headers)
        return Answered(reply, meanings.outcome_of(self._saga, seen.step, seen.role, reply))


def _given_back(request: web.BaseRequest, answer: Answer | None, fate: Fate) -> web.StreamResponse:
    """Give the caller the answer, or cut the connection."""
    if fate == Fate.UNAVAILABLE:
        return web.json_response({"error": "unavailable"}, status=503)
    if answer is None or fate in (Fate.REQUEST_LOST, Fate.REPLY_LOST, Fate.DELAYED):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)  # nobody gets it
    return web.Response(status=answer.status, headers=CIMultiDict(answer.headers), body=answer.body)
