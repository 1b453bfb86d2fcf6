"""DELIBERATE FAULTS, for measuring whoever tests orchestrators. Switched on by name in SAGA_FAULT; do not copy this file.

Each class is a part of the saga service with one well-known mistake. The rest of the service has no branch on any of them.
"""

import contextlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import httpx

from saga_contracts.client import Step
from saga_service.records import StepRecord, StepState
from saga_service.work.compensator import Compensator
from saga_service.work.executor import Executor
from saga_service.work.jobs import Job, Jobs


class SilenceIsSuccess(Executor):
    """A step that nobody answered is held for applied."""

    async def _outcome(self, job: Job, step: Step, outputs: Mapping[str, Mapping[str, Any]]) -> StepRecord:
        record = await super()._outcome(job, step, outputs)
        return StepRecord(step.step, StepState.APPLIED, "guessed") if record.state == StepState.UNCERTAIN else record


class IgnoresConditions(Executor):
    """Every step is run, whatever its condition says."""

    async def _skip(self, job: Job, startable: Iterable[str], records: Mapping[str, StepRecord]) -> bool:  # noqa: ARG002
        return False


class SkipsUndo(Compensator):
    """No compensation is ever called, and all are recorded as done."""

    async def _call(self, job: Job, step: Step, outputs: Mapping[str, Mapping[str, Any]]) -> str | None:  # noqa: ARG002
        return "done"


class Curious(Jobs):
    """Calls participants at an address that the saga file does not declare."""

    async def job(self, saga_id: str) -> Job:
        """Give a saga to work on, after looking somewhere else."""
        job = await super().job(saga_id)
        with contextlib.suppress(httpx.TransportError):
            await self._http.get(f"{self._participants[job.saga.steps[0].participant]}/internal/sagas/{saga_id}")
        return job


_EXECUTORS: Mapping[str, type[Executor]] = {
    "silence_is_success": SilenceIsSuccess,
    "ignores_conditions": IgnoresConditions,
}
_COMPENSATORS: Mapping[str, type[Compensator]] = {"skips_undo": SkipsUndo}
_JOBS: Mapping[str, type[Jobs]] = {"curious": Curious}
FLAGS = frozenset({*_EXECUTORS, *_COMPENSATORS, *_JOBS})


def executor(flags: Collection[str]) -> type[Executor]:
    """Give the executor with the fault that is switched on, or the good one."""
    return next((_EXECUTORS[flag] for flag in flags if flag in _EXECUTORS), Executor)


def compensator(flags: Collection[str]) -> type[Compensator]:
    """Give the compensator with the fault that is switched on, or the good one."""
    return next((_COMPENSATORS[flag] for flag in flags if flag in _COMPENSATORS), Compensator)


def jobs(flags: Collection[str]) -> type[Jobs]:
    """Give what finds sagas with the fault that is switched on, or the good one."""
    return next((_JOBS[flag] for flag in flags if flag in _JOBS), Jobs)
