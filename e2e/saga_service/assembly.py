"""Puts one process of the saga service together: databases, engine, the work on sagas and what looks after them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from saga_service.front import Front, Shard, shared_work
from saga_service.intake import Intake
from saga_service.kept.checks import Checks
from saga_service.kept.definitions import Definitions
from saga_service.kept.escalations import Escalations
from saga_service.kept.forgetting import Forgetting
from saga_service.kept.listing import Listing
from saga_service.kept.parked import Parked
from saga_service.kept.processes import Processes
from saga_service.kept.shards import remember
from saga_service.kept.tellings import Tellings
from saga_service.limits import Limits
from saga_service.settings import Settings
from saga_service.store import Store
from saga_service.watch import faults as watch_faults
from saga_service.watch.escalating import Escalating, Hook
from saga_service.watch.health import Health, Waiting
from saga_service.watch.retention import Retention
from saga_service.watch.schedule import Schedule
from saga_service.work import faults, owner
from saga_service.work.attempts import Attempts
from saga_service.work.jobs import Jobs
from saga_service.work.lease import Lease
from saga_service.work.owner import Owner
from saga_service.work.service import Service
from saga_service.work.wakeups import LOOK_EVERY_S, Wakeups
from saga_service.work.workflow import Workflows

_QUICK_S = 2.0
"""So long at least a participant may take to tell its health, however often it is asked."""
_BOUNDS = httpx.Limits(max_connections=None, max_keepalive_connections=100)


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
    participants, wakeups, schedule = settings.participants, Wakeups(), Schedule()
    async with AsyncExitStack() as stack:
        asking = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        health = Health(
            participants,
            limits.health_paths,
            asking,
            timeout_s=max(limits.health_every_s, _QUICK_S),
            failures=limits.health_failures,
        )
        waiting = Waiting(httpx.AsyncHTTPTransport(limits=_BOUNDS, trust_env=False), health, participants)
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, transport=waiting))
        worked = [stack.enter_context(_worked(url, settings, http, wakeups)) for url in settings.database_urls]
        for number, one in enumerate(worked):
            remember(one.store.engine, number, len(worked))
        workflows = Workflows(settings, shared_work([one.service for one in worked]))
        leases = [Lease(one.store, one.processes, settings.executor_id, settings.lease_s, workflows.offer) for one in worked]
        for lease in leases:  # entered before anything is begun, left when nothing is under way any more
            await lease.open()
            stack.push_async_callback(lease.close)
        for one in worked:
            stack.push_async_callback(one.owners.close)
        stack.push_async_callback(workflows.close)
        await workflows.open()
        shards = [_shard(number, one, settings, limits, workflows, wakeups, health) for number, one in enumerate(worked)]
        stack.push_async_callback(schedule.close)
        for one, lease in zip(worked, leases, strict=True):
            _keep_up(one, lease, wakeups, schedule)
        schedule.every(limits.health_every_s, "health checker", lambda: _ask_and_let_go(health, shards, limits.batch))
        for shard in shards:
            _look_after(shard, limits, schedule, asking, workflows)
        yield Front(shards, health)


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


def _shard(
    number: int, worked: _Worked, settings: Settings, limits: Limits, workflows: Workflows, wakeups: Wakeups, health: Health
) -> Shard:
    store, jobs = worked.store, worked.jobs
    checks = Checks(store.engine)
    checker = watch_faults.checker(settings.faults)(
        checks, store, jobs, workflows.start_again, delay_s=limits.check_after_s, pause_s=limits.check_pause_s
    )
    parking = watch_faults.parking(settings.faults)(health, Parked(store.reading), store, jobs, workflows.start)
    intake = Intake(
        store,
        jobs,
        wakeups,
        start=workflows.start,
        participants=settings.participants,
        missing=parking.missing,
        number=number,
    )
    escalating = Escalating(Escalations(store.engine), store, workflows.start_again)
    return Shard(
        store,
        jobs,
        Listing(store.reading),
        worked.service,
        intake,
        Definitions(store.reading),
        checks,
        checker,
        parking,
        escalating,
    )


def _keep_up(worked: _Worked, lease: Lease, wakeups: Wakeups, schedule: Schedule) -> None:
    schedule.every(lease.beat_s, "lease", lease.beat)
    schedule.every(owner.LOOK_EVERY_S, "telling owners", worked.owners.tell_due)
    schedule.every(LOOK_EVERY_S, "looking for callbacks", lambda: wakeups.look(worked.store))


def _look_after(shard: Shard, limits: Limits, schedule: Schedule, http: httpx.AsyncClient, workflows: Workflows) -> None:
    schedule.every(limits.check_every_s, "checker", lambda: shard.checker.look_at_due(limits.batch))
    retention = Retention(Forgetting(shard.store.engine), workflows.forget, limits.keep_s)
    schedule.every(limits.forget_every_s, "retention", lambda: retention.forget_due(limits.batch))
    if limits.hook:
        hook = Hook(shard.escalating.kept, http, limits.hook)
        schedule.every(limits.hook_every_s, "escalation hook", lambda: hook.call_due(limits.batch))


async def _ask_and_let_go(health: Health, shards: Sequence[Shard], limit: int) -> None:
    await health.ask()
    for shard in shards:
        await shard.parking.let_go(limit)
