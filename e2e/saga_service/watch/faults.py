"""DELIBERATE FAULTS of what looks after sagas, for measuring whoever tests orchestrators. See `work.faults`; do not copy it."""

from collections.abc import Collection, Mapping
from typing import Any

from saga_contracts.client import Saga
from saga_service.watch.checker import Checker
from saga_service.watch.parking import Parking
from saga_service.work.jobs import Job


class SilenceIsAbsence(Checker):
    """A status call that fails is held for the answer that nothing is there."""

    async def _told(self, job: Job, name: str, outputs: Mapping[str, Mapping[str, Any]]) -> str:
        told = await super()._told(job, name, outputs)
        return "absent" if told in ("retryable", "unknown") else told


class IgnoresHealth(Parking):
    """New sagas are begun although a participant that they need is down."""

    def missing(self, saga: Saga) -> list[str]:  # noqa: ARG002
        """Miss nobody."""
        return []


_CHECKERS: Mapping[str, type[Checker]] = {"silence_is_absence": SilenceIsAbsence}
_PARKINGS: Mapping[str, type[Parking]] = {"ignores_health": IgnoresHealth}
FLAGS = frozenset({*_CHECKERS, *_PARKINGS})


def checker(flags: Collection[str]) -> type[Checker]:
    """Give the checker with the fault that is switched on, or the good one."""
    return next((_CHECKERS[flag] for flag in flags if flag in _CHECKERS), Checker)


def parking(flags: Collection[str]) -> type[Parking]:
    """Give the parking with the fault that is switched on, or the good one."""
    return next((_PARKINGS[flag] for flag in flags if flag in _PARKINGS), Parking)
