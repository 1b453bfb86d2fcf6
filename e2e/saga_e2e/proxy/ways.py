"""The ways on which a call is passed on, by the fault that it meets: how often, what happens to services, what comes back.

A service that dies while it works is killed after a third of the time that such a call usually takes; a call that is cut off
takes its like with it for a while (`rulebook`); late calls are kept there, too.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.proxy.calls import Recognised
from saga_e2e.proxy.harms import Harms
from saga_e2e.proxy.trace import Fate
from saga_e2e.proxy.upstream import Answer, Outgoing

FATES = {
    Kind.REQUEST_LOST: Fate.REQUEST_LOST,
    Kind.REPLY_LOST: Fate.REPLY_LOST,
    Kind.DUPLICATED: Fate.DUPLICATED,
    Kind.OVERLAPPED: Fate.DUPLICATED,
    Kind.UNAVAILABLE: Fate.UNAVAILABLE,
    Kind.FAILS_AFTER: Fate.FAILS_AFTER,
    Kind.DELAYED: Fate.DELAYED,
    Kind.LATE_AFTER_UNDO: Fate.DELAYED,
    Kind.CUT: Fate.REQUEST_LOST,
    Kind.RECEIVER_DIES_BEFORE: Fate.REQUEST_LOST,
    Kind.RECEIVER_DIES_WITHIN: Fate.REPLY_LOST,
    Kind.RECEIVER_DIES: Fate.REPLY_LOST,
    Kind.CALLER_DIES_BEFORE_SEND: Fate.REQUEST_LOST,
    Kind.CALLER_DIES: Fate.REPLY_LOST,
}
"""What becomes of a call; of those that are not named, `ok`, unless nobody waits for the answer any more."""
NOT_HEARD = frozenset({Fate.REQUEST_LOST, Fate.REPLY_LOST, Fate.DELAYED})
_USUAL_S = 0.006
Send = Callable[[Outgoing], Awaitable[Answer | None]]


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of a call.

    Attributes:
        answers: What its target answered, once for each arrival.
        beside: What it answered to a call that was made up beside.
    """

    answers: tuple[Answer, ...]
    fate: Fate
    beside: tuple[Answer, ...] = ()


class Ways:
    """Passes calls on, each as its fault says.

    Args:
        send: Sends a call to its target.
        harms: Harms services.
        caller: The orchestrator's name.
    """

    def __init__(self, send: Send, harms: Harms, caller: str) -> None:
        self._send, self._harms, self._caller = send, harms, caller
        self._took_s: dict[tuple[str, Role], float] = {}

    async def go(self, seen: Recognised, outgoing: Outgoing, fault: Fault | None, is_gone: Callable[[], bool]) -> Passed:
        """Pass a call on.

        Args:
            seen: Which call it is.
            outgoing: The call.
            fault: What it meets.
            is_gone: Says that its caller does not wait any more.
        """
        kind, target = None if fault is None else fault.kind, outgoing.target
        fate = Fate.OK if kind is None else FATES.get(kind, Fate.OK)
        if fate in (Fate.REQUEST_LOST, Fate.UNAVAILABLE):
            if kind in (Kind.RECEIVER_DIES_BEFORE, Kind.CALLER_DIES_BEFORE_SEND):
                await self._harms.crash(target if kind == Kind.RECEIVER_DIES_BEFORE else self._caller)
            return Passed((), fate)
        beside = _answers(await self._send(_foreign(seen, outgoing))) if kind == Kind.FOREIGN else ()
        if kind == Kind.RECEIVER_DIES_WITHIN:
            answers = await self._killed_within(seen, outgoing)
        elif fault is not None and kind == Kind.PAUSED:
            answers = await self._paused(outgoing, fault.lasts_ms)
        elif kind == Kind.OVERLAPPED:
            answers = _clear_first(await asyncio.gather(self._send(outgoing), self._send(outgoing)))
        else:
            answers = await self._timed(seen, outgoing, 2 if fate == Fate.DUPLICATED else 1)
        if fault is not None and kind in (Kind.RECEIVER_DIES, Kind.CALLER_DIES):
            await self._harms.crash(target if kind == Kind.RECEIVER_DIES else self._caller)
        if fate == Fate.OK and not answers:
            fate = Fate.UNANSWERED
        return Passed(answers, Fate.REPLY_LOST if fate == Fate.OK and is_gone() else fate, beside)

    async def _timed(self, seen: Recognised, outgoing: Outgoing, times: int) -> tuple[Answer, ...]:
        began = time.monotonic()
        first = await self._send(outgoing)
        self._took_s[(seen.step, seen.role)] = time.monotonic() - began
        again = [await self._send(outgoing) for _ in range(times - 1)]
        return _answers(first, *again)

    async def _killed_within(self, seen: Recognised, outgoing: Outgoing) -> tuple[Answer, ...]:
        sent = asyncio.ensure_future(self._send(outgoing))
        await asyncio.sleep(self._took_s.get((seen.step, seen.role), _USUAL_S) / 3)
        await self._harms.crash(outgoing.target)
        return _answers(await sent)

    async def _paused(self, outgoing: Outgoing, ms: int) -> tuple[Answer, ...]:
        still = asyncio.ensure_future(self._harms.stand_still(outgoing.target, ms))
        answer = await self._send(outgoing)
        await still
        return _answers(answer)


def _answers(*came: Answer | None) -> tuple[Answer, ...]:
    return tuple(answer for answer in came if answer is not None)


def _clear_first(came: tuple[Answer | None, ...]) -> tuple[Answer, ...]:
    """Give the answers of two copies, a success before one that may mean "try later"."""
    return tuple(sorted(_answers(*came), key=lambda answer: answer.status))


def _foreign(seen: Recognised, outgoing: Outgoing) -> Outgoing:
    """Give a copy of a callback that belongs to no saga and no step that anybody knows."""
    nobody = str(uuid.uuid4())
    place, body = outgoing.place, outgoing.body
    for text in (seen.key, seen.saga_id):
        place = place.replace(quote(text, safe=""), nobody).replace(text, nobody)
        body = body.replace(text.encode(), nobody.encode())
    return replace(outgoing, place=place, body=body)
