"""The checker: asks, long after a saga's end, whether every step is still as the record says, and acts on what is not.

Only looking is bounded: so many sagas each time, one call for each step. Undoing and telling the owner are left to the work.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saga_contracts.client import StepCall, UnsendableError
from saga_service.kept.checks import Change, Checks, Found
from saga_service.records import NotificationState, SagaState, StepState
from saga_service.store import Store
from saga_service.watch import rules
from saga_service.watch.rules import Decision, Finding, Verdict
from saga_service.work import owner
from saga_service.work.jobs import Job, Jobs

_log = logging.getLogger("saga_service")
_AT_ONCE = 8
"""How many sagas of a batch are looked at side by side."""
_LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a saga came to."""

    verdict: Verdict
    answers: dict[str, str]
    findings: tuple[Finding, ...] = ()


class Checker:
    """Looks at sagas at their end.

    Args:
        checks: What it remembers.
        store: The saga service's database.
        jobs: Finds sagas.
        again: Takes up the work on a saga that had come to its end.
        delay_s: How long after its end a saga is looked at: longer than any participant's replication lags.
        pause_s: How long after a look that told nothing clear the next one is; twice as long each time, up to an hour.
    """

    def __init__(
        self,
        checks: Checks,
        store: Store,
        jobs: Jobs,
        again: Callable[[str], Awaitable[None]],
        *,
        delay_s: float,
        pause_s: float,
    ) -> None:
        self._checks, self._store, self._jobs, self._again = checks, store, jobs, again
        self._delay_s, self._pause_s = delay_s, pause_s

    async def look_at_due(self, limit: int) -> int:
        """Look at sagas that are due, so many at most; gives how many there were."""
        due = await asyncio.to_thread(self._checks.take_due, rules.CHECKED, time.time() - self._delay_s, limit)
        turn = asyncio.Semaphore(_AT_ONCE)

        async def look(saga_id: str) -> None:
            async with turn:
                try:
                    await self.look(saga_id)
                except Exception:  # noqa: BLE001  (one saga's trouble is not the others'; its turn comes again)
                    _log.exception("saga %s: the checker could not look at it", saga_id)

        await asyncio.gather(*(look(saga_id) for saga_id in due))
        return len(due)

    async def look(self, saga_id: str) -> Look:
        """Look at one saga now, and act on what is found.

        Raises:
            KeyError: when there is no such saga.
        """
        job = await self._jobs.job(saga_id)
        if job.record.state not in rules.CHECKED:
            return Look(Verdict.NOT_ENDED, {})
        records = await asyncio.to_thread(self._store.steps, saga_id)
        outputs = {name: record.outputs for name, record in records.items() if record.outputs}
        answers = {name: await self._told(job, name, outputs) for name in rules.asked(job.saga, records)}
        returned = await asyncio.to_thread(self._checks.returned, saga_id)
        decision = rules.decide(job.saga, job.record.state, records, answers, returned)
        if decision.findings and not await self._act(job, decision):
            return Look(Verdict.NOT_ENDED, answers)  # somebody else was quicker
        await self._note(saga_id, decision, answers)
        return Look(decision.verdict, answers, decision.findings)

    async def _told(self, job: Job, name: str, outputs: Mapping[str, Mapping[str, Any]]) -> str:
        call: StepCall = job.call(job.saga.step(name), outputs)
        try:
            return str((await job.client.attempt_status(name, call)).outcome)
        except UnsendableError:
            _log.exception("saga %s: the status of %s cannot be asked", job.saga_id, name)
            return "unsendable"

    async def _act(self, job: Job, decision: Decision) -> bool:
        found = [Found(one.step, job.record.state, one.finding, one.told, one.action, time.time()) for one in decision.findings]
        change = _change(job, decision, owner.first_state(job))
        if not await asyncio.to_thread(self._checks.apply, job.saga_id, change, found):
            return False
        _log.warning("saga %s: the checker found %s", job.saga_id, change.reason)
        if change.new != change.old:
            await self._again(job.saga_id)
        return True

    async def _note(self, saga_id: str, decision: Decision, answers: dict[str, str]) -> None:
        if decision.verdict == Verdict.UNDONE:  # its new end is looked at when its time has come
            return
        tries = await asyncio.to_thread(self._checks.tries, saga_id)
        again_at = time.time() + min(self._pause_s * 2**tries, _LONGEST_PAUSE_S)
        is_final = decision.verdict != Verdict.UNKNOWN
        await asyncio.to_thread(self._checks.note, saga_id, decision.verdict, answers, is_final=is_final, again_at=again_at)


def _change(job: Job, decision: Decision, told: NotificationState) -> Change:
    """Say what findings change: lost effects make a step uncertain, also where it is then undone with the others."""
    new = {
        Verdict.NOTED: job.record.state,
        Verdict.UNDONE: SagaState.COMPENSATING,
        Verdict.TOLD: SagaState.ESCALATED,
    }[decision.verdict]
    reason = "; ".join(f"{one.step}: {one.finding}".replace("_", " ") for one in decision.findings)
    steps = {one.step: (StepState.UNCERTAIN, f"{one.finding}: {one.told}") for one in decision.findings}
    tell = {(one.step, str(one.finding)): told for one in decision.findings if decision.verdict == Verdict.TOLD}
    return Change(job.record.state, new, f"checker: {reason}", steps, tell)
