"""What persons do about an escalated saga: let it go on, or settle it by hand; and the hook that tells automation of it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx

from saga_service.kept.escalations import Escalations, HookCall, WayOn
from saga_service.records import Role, SagaState, StepRecord, StepState
from saga_service.store import Store

_log = logging.getLogger("saga_service")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _TIMEOUT_S = 1.0, 300.0, 10.0


def way_on(history: Sequence[SagaState], steps: Mapping[str, StepRecord]) -> WayOn | None:
    """Say how an escalated saga goes on from where it stood before (pure); None when there is no way.

    One that was being undone is undone further, with new tries; one that went forward goes forward. What the checker found past
    the point from which there is only forward is settled by hand.
    """
    before = history[-2] if len(history) > 1 else None
    again = {StepState.FAILED_COMPENSATION: (StepState.UNCERTAIN, Role.COMPENSATE)}
    if before == SagaState.RUNNING:
        again[StepState.EXHAUSTED] = (StepState.RUNNING, Role.FORWARD)
    elif before != SagaState.COMPENSATING:
        return None
    return WayOn(before, {name: again[one.state] for name, one in steps.items() if one.state in again})


class Escalating:
    """Acts on escalated sagas.

    Args:
        kept: What is kept of them.
        store: The saga service's database.
        again: Takes up the work on a saga that had come to its end.
    """

    def __init__(self, kept: Escalations, store: Store, again: Callable[[str], Awaitable[None]]) -> None:
        self.kept, self._store, self._again = kept, store, again

    async def resume(self, saga_id: str, person: str, note: str) -> str | None:
        """Let an escalated saga go on.

        Returns:
            Why not, or None when it goes on.
        """
        history = await asyncio.to_thread(self._store.history, saga_id)
        steps = await asyncio.to_thread(self._store.steps, saga_id)
        if not history or history[-1] != SagaState.ESCALATED:
            return "It is not escalated."
        way = way_on(history, steps)
        if way is None:
            return "The checker found it past the point from which it only goes forward: settle it by hand."
        if not await asyncio.to_thread(self.kept.resume, saga_id, way, person, note):
            return "Somebody has settled or resumed it already."
        _log.warning("saga %s: %s lets it go on: %s", saga_id, person, note)
        await self._again(saga_id)
        return None


class Hook:
    """Tells automation of each escalation until it is taken.

    Args:
        kept: What is kept of escalations.
        http: Sends the calls.
        url: Where they go.
    """

    def __init__(self, kept: Escalations, http: httpx.AsyncClient, url: str) -> None:
        self._kept, self._http, self._url = kept, http, url

    async def call_due(self, limit: int) -> int:
        """Tell of escalations that are not taken yet, so many at most; gives how many there were."""
        due = await asyncio.to_thread(self._kept.take_calls, limit)
        await asyncio.gather(*(self._call(one) for one in due))
        return len(due)

    async def _call(self, one: HookCall) -> None:
        told = await asyncio.to_thread(self._kept.one, one.saga_id)
        is_taken = await self._is_taken({"escalation": one.state_id, **told})
        if not is_taken:  # the address may hold a secret, so it is not told
            _log.warning("saga %s: the hook did not take the escalation, try %d", one.saga_id, one.tries + 1)
        next_at = time.time() + min(_FIRST_PAUSE_S * 2**one.tries, _LONGEST_PAUSE_S)
        await asyncio.to_thread(self._kept.note_call, one, is_taken=is_taken, next_at=next_at)

    async def _is_taken(self, body: dict[str, Any]) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                async with self._http.stream("POST", self._url, json=body) as answer:
                    return answer.is_success
        except (httpx.TransportError, TimeoutError):
            return False
