"""The tries of one call, each recorded before it is sent and when it ends, so that a restart goes on from there.

A try that was under way when the process was stopped is made again and does not count against the step's tries; that it may have
had an effect is not forgotten.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from saga_contracts.client import Backoff, Step, StepResult, UnsendableError, backoff_of
from saga_service.records import UNSENDABLE, Attempt, Role
from saga_service.store import Store
from saga_service.work.jobs import Job

_log = logging.getLogger("saga_service")


def _until(job: Job, ended: Sequence[Attempt]) -> float:
    """Give when the time of a step's undoing is over; 0.0: it has none, or none of its tries has ended."""
    within_ms = job.saga.policies.undo_for_ms
    return 0.0 if within_ms is None or not ended else (ended[0].ended_at or 0.0) + within_ms / 1000


def _is_open(last: Attempt, until: float) -> bool:
    """May another try bring a better answer? Where there is time, an answer that nobody understands is no reason to give up."""
    return last.outcome == "retryable" or (last.outcome == "unknown" and time.time() < until)


async def _never() -> bool:
    return False


class Attempts:
    """Makes calls with durable tries.

    Args:
        store: Where each try is recorded.
        backoff: How long to wait between tries of a step that does not say.
    """

    def __init__(self, store: Store, backoff: Backoff) -> None:
        self._store, self.backoff = store, backoff

    async def past(self, job: Job, step: Step, role: Role) -> list[Attempt]:
        """Give every try of a call so far, those included under which the service was stopped."""
        made = await asyncio.to_thread(self._store.attempts, job.saga_id)
        return [one for one in made if one.step == step.step and one.role == role]

    async def make(
        self,
        job: Job,
        step: Step,
        role: Role,
        send: Callable[[], Awaitable[StepResult[Any]]],
        is_over: Callable[[], Awaitable[bool]] = _never,
    ) -> Attempt:
        """Send a call until it is answered clearly, its tries are used up, or `is_over` says that the answer came otherwise.

        Returns:
            The last try.
        """
        ended = [one for one in await self.past(job, step, role) if one.outcome is not None]
        last, tries = (ended[-1] if ended else None), len(ended)
        undo = role == Role.COMPENSATE
        most = step.undo_tries if undo else step.tries
        until = _until(job, ended) if undo else 0.0
        backoff = backoff_of(step, undo=undo, otherwise=self.backoff)
        while last is None or (_is_open(last, until) and (tries < most or time.time() < until) and not await is_over()):
            if last is not None:
                await asyncio.sleep(backoff.pause_s(tries))
            last = await self.once(job, step, role, send)
            tries += 1
            until = until or (_until(job, [last]) if undo else 0.0)
        return last

    async def once(self, job: Job, step: Step, role: Role, send: Callable[[], Awaitable[StepResult[Any]]]) -> Attempt:
        """Send a call once, whatever came of it before."""
        attempt_id = await asyncio.to_thread(self._store.begin_attempt, job.saga_id, step.step, role)
        outcome, status, outputs = UNSENDABLE, None, dict[str, Any]()
        try:
            result = await send()
            outcome, status, outputs = str(result.outcome), result.status, dict(result.outputs)
        except UnsendableError:
            _log.exception("saga %s: the %s call of %s cannot be sent", job.saga_id, role, step.step)
        if outcome in ("unknown", UNSENDABLE):
            _log.warning("saga %s: the %s call of %s came to %s (status %s)", job.saga_id, role, step.step, outcome, status)
        ended_at = await asyncio.to_thread(self._store.end_attempt, attempt_id, outcome, status, outputs)
        return Attempt(step.step, role, outcome, outputs, ended_at, status)
