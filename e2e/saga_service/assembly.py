"""Puts one process of the saga service together: databases, engine, the work on sagas and what looks after them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from saga_service.front import Front, Shard, shared_work
from saga_service.intake import Intake
from saga_service.kept.checks import Checks
from saga_service.kept.processes import Processes
from saga_service.kept.tellings import Tellings
from saga_service.limits import Limits
from saga_service.settings import Settings
from saga_service.store import Store
from saga_service.watch.checker import Checker
from saga_service.watch.schedule import Schedule
from saga_service.work import faults, owner
from saga_service.work.attempts import Attempts
from saga_service.work.jobs import Jobs
from saga_service.work.lease import Lease
from saga_service.work.owner import Owner
from saga_service.work.service import Service
from saga_service.work.wakeups import LOOK_EVERY_S, Wakeups
from saga_service.work.workflow import Workflows


@dataclass(frozen=True, slots=True)
class _Worked:
    """One database, and the work on it."""

    store: Store
    jobs: Jobs
    owners: Owner
    service: Service
    processes: Processes


@asynccontextmanager
async def opened(settings: Settings, limits: Limits) -> AsyncIterator[Front]:
    """Open the databases, start the engine, and take up every saga that is not at its end."""
    wakeups, bounds = Wakeups(), httpx.Limits(max_connections=None, max_keepalive_connections=100)
    async with httpx.AsyncClient(trust_env=False, limits=bounds) as http:
        with ExitStack() as stores:
            worked = [stores.enter_context(_worked(url, settings, http, wakeups)) for url in (settings.database_url,)]
            workflows, schedule = Workflows(settings, shared_work([one.service for one in worked])), Schedule()
            leases = [Lease(one.store, one.processes, settings.executor_id, settings.lease_s, workflows.offer) for one in worked]
            try:
                await workflows.open()
                for lease, one in zip(leases, worked, strict=True):
                    await lease.open()
                    _keep_up(one, lease, wakeups, schedule)
                front = Front([_shard(number, one, settings, limits, workflows, wakeups) for number, one in enumerate(worked)])
                for shard in front.shards:
                    _look_after(shard, limits, schedule)
                yield front
            finally:
                await schedule.close()
                await workflows.close()
                for lease, one in zip(leases, worked, strict=True):
                    await one.owners.close()
                    await lease.close()


@contextmanager
def _worked(url: str, settings: Settings, http: httpx.AsyncClient, wakeups: Wakeups) -> Iterator[_Worked]:
    store = Store(url)
    try:
        jobs = faults.jobs(settings.faults)(store, http, settings.participants, settings.callback_base)
        attempts = Attempts(store, settings.backoff)
        owners = Owner(store, Tellings(store.engine), jobs, settings.owner_backoff)
        service = Service(
            store,
            jobs,
            executor=faults.executor(settings.faults)(store, attempts, wakeups),
            compensator=faults.compensator(settings.faults)(store, attempts),
            owners=owners,
        )
        yield _Worked(store, jobs, owners, service, Processes(store.engine))
    finally:
        store.close()


def _shard(number: int, worked: _Worked, settings: Settings, limits: Limits, workflows: Workflows, wakeups: Wakeups) -> Shard:
    store, jobs = worked.store, worked.jobs
    checks = Checks(store.engine)
    checker = Checker(checks, store, jobs, workflows.start_again, delay_s=limits.check_after_s, pause_s=limits.check_pause_s)
    intake = Intake(store, jobs, wakeups, start=workflows.start, participants=settings.participants, number=number)
    return Shard(store, worked.service, intake, checks, checker)


def _keep_up(worked: _Worked, lease: Lease, wakeups: Wakeups, schedule: Schedule) -> None:
    schedule.every(lease.beat_s, "lease", lease.beat)
    schedule.every(owner.LOOK_EVERY_S, "telling owners", worked.owners.tell_due)
    schedule.every(LOOK_EVERY_S, "looking for callbacks", lambda: wakeups.look(worked.store))


def _look_after(shard: Shard, limits: Limits, schedule: Schedule) -> None:
    schedule.every(limits.check_every_s, "checker", lambda: shard.checker.look_at_due(limits.batch))
