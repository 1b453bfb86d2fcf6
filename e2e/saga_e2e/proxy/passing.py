"""What becomes of one call at the proxy: recognised, met by its fault, passed on or not, recorded, answered.

A fault counts only when it did what its name says. So the step's participant is asked at once what came of the call, before
anything goes on: `Ask` does it, and its answer stands in the trace.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Mapping
from typing import Any

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
from saga_e2e.proxy.harms import Harms
from saga_e2e.proxy.rulebook import Held, Rulebook
from saga_e2e.proxy.shapes import Incoming
from saga_e2e.proxy.strays import stray_of
from saga_e2e.proxy.trace import Answered, Asked, Fate, TracedCall
from saga_e2e.proxy.upstream import Answer, Outgoing
from saga_e2e.proxy.ways import NOT_HEARD, Passed, Ways

_SILENT = (Kind.REFUSED, Kind.DUPLICATED, Kind.OVERLAPPED, Kind.EARLY, Kind.FOREIGN)
"""Faults of which the answers tell all."""
_ASKED_BEFORE = (Kind.CALLER_DIES_BEFORE_SEND, Kind.RECEIVER_DIES_BEFORE)
"""Faults after which the call may come again before anybody could ask what came of it: nothing, as before it."""
_LATE = (Kind.DELAYED, Kind.LATE_AFTER_UNDO)
_EARLY_WAITS = 0.7
"""How long the reply to a call waits for a callback that is to come before it, as a part of the step's own time."""
_LOOK_AGAIN_S = 0.01
_GONE_ON_S = 0.3
"""When nothing is heard for so long of a saga that goes on, it is taken to have gone on."""
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
        harms: Kills services and lets them stand still; calls of a service that is down wait.
        health: Where each service tells that it is healthy, by the service's name.
    """

    def __init__(self, saga: Saga, book: Rulebook, harms: Harms, health: Mapping[str, str] | None) -> None:
        self._saga, self._book, self._harms = saga, book, harms
        self._recogniser, self._service = Recogniser(saga, health), service_name(saga)
        self._ways = Ways(self._send, harms, self._service)
        self._opened = asyncio.Event()
        self._overtaken: dict[tuple[str, str], asyncio.Event] = {}
        self._doomed: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}
        self._later: set[asyncio.Task[None]] = set()
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
        try:
            body = await upstream.read(request.content)
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=503)  # its caller is gone before it had sent all: it never got through
        if body is None:
            return web.json_response({"error": "body_too_large"}, status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        read = body_of(body, headers.get("content-type", ""))
        call = Incoming(target, request.method, f"/{path}", headers, read, tuple(request.rel_url.query.items()))
        query = request.rel_url.raw_query_string
        outgoing = Outgoing(target, request.method, f"/{path}{'?' if query else ''}{query}", request.headers.copy(), body)
        seen = self._recogniser.recognise(call)
        if isinstance(seen, Recognised) and self.stranger_waits_s:
            await self._wait_until_opened(seen.saga_id, call)
        if isinstance(seen, Recognised):
            await self._wait_until_it_goes_on(seen)
        died = isinstance(seen, Recognised) and await self._let_die(seen)
        began_ms, waited = now_ms(), await self._harms.wait_until_up(target)
        if (waited or died) and _is_gone(request):  # its caller has given up: it never got through
            if isinstance(seen, Recognised) and waited:
                self._book.pick(seen, began_ms)
                self._book.note(self._traced(call, seen, Passed((), Fate.REQUEST_LOST), None, began_ms))
            return web.Response(status=503)
        if isinstance(seen, Recognised):
            return await self._of_the_saga(request, seen, call, outgoing, began_ms)
        return _given_back(request, *await self._other(seen, call, outgoing))

    async def deliver(self, saga_id: str, undone: str | None = None) -> None:
        """Pass on the calls of a saga that were kept for later, one after the other; of one step that is undone, or all."""
        for held in self._book.release(saga_id, undone):
            await self._harms.wait_until_up(held.call.target)
            began_ms = now_ms()
            answer = await self._send(held.outgoing)
            passed = Passed(() if answer is None else (answer,), Fate.DELAYED)
            self._book.note(self._traced(held.call, held.seen, passed, held.fault, began_ms))

    async def _of_the_saga(
        self, request: web.BaseRequest, seen: Recognised, call: Incoming, outgoing: Outgoing, began_ms: float
    ) -> web.StreamResponse:
        """Let a call meet its fault; give its caller what he gets. It began before it waited for its target."""
        fault = self._book.pick(seen, began_ms)
        if fault is not None and fault.kind in _LATE:
            self._book.hold(Held(seen, call, outgoing, fault))
            return _given_back(request, None, Fate.DELAYED)
        asked = await self._asked(seen, fault) if fault is not None and fault.kind in _ASKED_BEFORE else None
        passed = await self._ways.go(seen, outgoing, fault, lambda: _is_gone(request))
        asked = asked or await self._asked(seen, fault)
        if fault is not None and fault.kind == Kind.SLOW:
            await asyncio.sleep(max(0.0, fault.lasts_ms - (now_ms() - began_ms)) / 1000)
        await self._let_overtake(seen, passed)
        traced = self._traced(call, seen, passed, fault, began_ms, asked)
        self._book.note(traced)
        self._go_on(seen, traced)
        answer = _given_back(request, passed.answers[0] if passed.answers else None, passed.fate)
        if fault is not None and fault.kind in (Kind.CALLER_DIES_AFTER_REPLY, Kind.CALLER_DIES_AFTER_RECORD):
            await answer.prepare(request)
            await answer.write_eof()
            if fault.kind == Kind.CALLER_DIES_AFTER_REPLY:
                await self._harms.crash(self._service)
            else:
                self._doom(seen.saga_id)
        return answer

    def _go_on(self, seen: Recognised, traced: TracedCall) -> None:
        """Let what waits for this call go on: a late call for the undoing of its step, a reply for an early callback."""
        if seen.role == Role.CALLBACK and (seen.saga_id, seen.step) in self._overtaken:
            self._overtaken[(seen.saga_id, seen.step)].set()
        if seen.role == Role.COMPENSATE and traced.heard == "done":
            self._begin(self.deliver(seen.saga_id, seen.step))

    async def _let_overtake(self, seen: Recognised, passed: Passed) -> None:
        """Keep the reply to a forward call back until its callback has come, where that is to come early."""
        if seen.role != Role.FORWARD or not passed.answers or not self._book.awaits(seen.saga_id, seen.step, Kind.EARLY):
            return
        came = self._overtaken.setdefault((seen.saga_id, seen.step), asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(came.wait(), self._saga.step(seen.step).timeout_ms / 1000 * _EARLY_WAITS)

    async def _wait_until_it_goes_on(self, seen: Recognised) -> None:
        """Keep the calls of a saga that stands still, but not for so long that their caller gives up."""
        longest_s = self._saga.step(seen.step).timeout_ms / 1000 * _EARLY_WAITS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                while self._book.stops(seen.saga_id):  # noqa: ASYNC110  (the book is not asynchronous)
                    await asyncio.sleep(_LOOK_AGAIN_S)

    def _doom(self, saga_id: str) -> None:
        """Kill the orchestrator when the saga has gone on: at its next call, or after a while without one."""
        self._book.busy(saga_id, +1)
        went_on = asyncio.Event()
        self._doomed[saga_id] = (went_on, self._begin(self._killed_soon(saga_id, went_on)))

    async def _killed_soon(self, saga_id: str, went_on: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(went_on.wait(), _GONE_ON_S)
        await self._harms.crash(self._service)
        del self._doomed[saga_id]
        self._book.busy(saga_id, -1)

    async def _let_die(self, seen: Recognised) -> bool:
        """Let the orchestrator die that is to die with the next call of this saga; was it so?"""
        if seen.saga_id not in self._doomed or seen.role == Role.CALLBACK:
            return False
        went_on, killing = self._doomed[seen.saga_id]
        went_on.set()
        await asyncio.wait([killing])
        return True

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return task

    async def _other(self, seen: Unrecognised | None, call: Incoming, outgoing: Outgoing) -> tuple[Answer | None, Fate]:
        """Pass on a call that is none of the saga's, and record it unless it only looks at a service's health."""
        began_ms = now_ms()
        answer = await self._send(outgoing)
        if seen is not None:
            self._book.note_stray(stray_of(call, seen.differs, began_ms, None if answer is None else answer.status))
        return answer, Fate.OK

    async def _wait_until_opened(self, saga_id: str, call: Incoming) -> None:
        if not self._book.knows(saga_id):
            self._book.note_stranger(saga_id, stray_of(call, "", now_ms(), None))
        try:
            async with asyncio.timeout(self.stranger_waits_s):
                while not self._book.knows(saga_id):
                    await self._opened.wait()
        except TimeoutError:
            _logger.warning("A call of the saga %s passes without faults: nobody has named this saga.", saga_id)

    async def _asked(self, seen: Recognised, fault: Fault | None) -> Asked | None:
        """Ask the participant what came of a call whose fault says something about it."""
        ask = self._book.asker(seen.saga_id)
        silent = fault is None or fault.kind in _SILENT
        if ask is None or silent or seen.role not in _LEAVE_A_STATE:
            return None
        try:
            return await asyncio.to_thread(ask, seen.step)
        except SagapactError as error:
            return Asked(trouble=str(error))

    async def _send(self, outgoing: Outgoing) -> Answer | None:
        assert self.session is not None  # noqa: S101  (made before the server listens)
        return await upstream.send(self.session, self.routes[outgoing.target], outgoing)

    def _traced(
        self,
        call: Incoming,
        seen: Recognised,
        passed: Passed,
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
            replies=tuple(self._answered(seen, answer) for answer in passed.answers),
            told=meanings.told_by(self._saga, seen.step, seen.role, call.body),
            fate=passed.fate,
            met=fault,
            asked=asked,
            differs=seen.differs,
            beside=tuple(self._answered(seen, answer) for answer in passed.beside),
        )

    def _answered(self, seen: Recognised, answer: Answer) -> Answered:
        headers = {name.lower(): value for name, value in answer.headers}
        reply = Received(answer.status, body_of(answer.body, headers.get("content-type", "")), headers)
        return Answered(reply, meanings.outcome_of(self._saga, seen.step, seen.role, reply))


def _given_back(request: web.BaseRequest, answer: Answer | None, fate: Fate) -> web.StreamResponse:
    """Give the caller the answer, or cut the connection."""
    if fate == Fate.UNAVAILABLE:
        return web.json_response({"error": "unavailable"}, status=503)
    if fate == Fate.FAILS_AFTER:
        return web.json_response({"error": "failed"}, status=500)
    if answer is None or fate in NOT_HEARD:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)  # nobody gets it
    return web.Response(status=answer.status, headers=CIMultiDict(answer.headers), body=answer.body)


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()
