"""Puts one process of the saga service together: databases, engine, the work on sagas and what looks after them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from saga_service.front import Front, Shard, Stages
from saga_service.intake import Intake
from saga_service.kept.checks import Checks
from saga_service.limits import Limits
from saga_service.settings import Settings
from saga_service.store import Store
from saga_service.watch.checker import Checker
from saga_service.watch.schedule import Schedule
from saga_service.work import faults
from saga_service.work.attempts import Attempts
from saga_service.work.jobs import Jobs
from saga_service.work.owner import Owner
from saga_service.work.service import Service
from saga_service.work.wakeups import Wakeups
from saga_service.work.workflow import Workflows


@dataclass(frozen=True, slots=True)
class _Worked:
    """One database, and the work on it."""

    store: Store
    jobs: Jobs
    service: Service


@asynccontextmanager
async def opened(settings: Settings, limits: Limits) -> AsyncIterator[Front]:
    """Open the databases, start the engine, and take up every saga that is not at its end."""
    wakeups, bounds = Wakeups(), httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(trust_env=False, limits=bounds) as http:
        with ExitStack() as stores:
            worked = [stores.enter_context(_worked(url, settings, http, wakeups)) for url in (settings.database_url,)]
            workflows, schedule = Workflows(settings, Stages([one.service for one in worked])), Schedule()
            try:
                await workflows.open([saga_id for one in worked for saga_id in one.store.unfinished()])
                front = Front([_shard(number, one, settings, limits, workflows, wakeups) for number, one in enumerate(worked)])
                for shard in front.shards:
                    _look_after(shard, limits, schedule)
                yield front
            finally:
                await schedule.close()
                await workflows.close()


@contextmanager
def _worked(url: str, settings: Settings, http: httpx.AsyncClient, wakeups: Wakeups) -> Iterator[_Worked]:
    store = Store(url)
    try:
        jobs = faults.jobs(settings.faults)(store, http, settings.participants, settings.callback_base)
        attempts = Attempts(store, settings.backoff)
        service = Service(
            store,
            jobs,
            executor=faults.executor(settings.faults)(store, attempts, wakeups),
            compensator=faults.compensator(settings.faults)(store, attempts),
            owners=Owner(store, settings.backoff, settings.owner_tries),
        )
        yield _Worked(store, jobs, service)
    finally:
        store.close()


def _shard(number: int, worked: _Worked, settings: Settings, limits: Limits, workflows: Workflows, wakeups: Wakeups) -> Shard:
    store, jobs = worked.store, worked.jobs
    checks = Checks(store.engine)
    checker = Checker(checks, store, jobs, workflows.start_again, delay_s=limits.check_after_s, pause_s=limits.check_pause_s)
    intake = Intake(store, jobs, wakeups, start=workflows.start, participants=settings.participants, number=number)
    return Shard(store, worked.service, intake, checks, checker)


def _look_after(shard: Shard, limits: Limits, schedule: Schedule) -> None:
    schedule.every(limits.check_every_s, "checker", lambda: shard.checker.look_at_due(limits.batch))
