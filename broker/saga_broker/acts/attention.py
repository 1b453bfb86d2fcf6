"""What people have to see to: sagas that cannot run where they are live, waivers that end, jobs that failed, calls that failed.

It is bounded: so many sagas are looked at, those whose executing versions were recorded last; how many there are is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from saga_broker.acts.running import Running, running
from saga_broker.acts.saga_overview import ordered, read
from saga_broker.jobs.job import State
from saga_broker.rows import Page
from saga_broker.store import environments as environment_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import triggered as triggered_store
from saga_broker.store.jobs import jobs as job_store
from saga_broker.store.jobs.jobs import Job
from saga_broker.store.sagas import SagaVersion
from saga_broker.webhooks.model import FAILURE, RETRYING, Triggered
from saga_contracts.declare.policies import Waiver

MOST_SAGAS, MOST, LAST_CALLS = 30, 20, 100
"""So many sagas are looked at, so many of each kind are given, and so many of the last calls are looked at."""


@dataclass(frozen=True, slots=True)
class Attention:
    """What people have to see to.

    Attributes:
        stopped: Sagas that cannot run in an environment where they are live, then those of which nobody knows.
        waivers: Each version that is live anywhere, with its waivers.
        jobs: Jobs that failed or are blocked, the newest first.
        jobs_total: How many of these there are.
        calls: Calls of webhooks that failed, or are tried again, the newest first.
        sagas: How many sagas are live anywhere.
        looked_at: How many of them were looked at.
    """

    stopped: Sequence[Running]
    waivers: Sequence[tuple[SagaVersion, Sequence[Waiver]]]
    jobs: Sequence[Job]
    jobs_total: int
    calls: Sequence[Triggered]
    sagas: int
    looked_at: int


def attention(connection: Connection, now: datetime) -> Attention:
    """Gather what people have to see to."""
    sagas = saga_store.live_anywhere(connection)
    looked_at = sagas[:MOST_SAGAS]
    environments = ordered(environment_store.listing(connection))
    found = list(running(connection, looked_at, environments, now).values()) if looked_at else []
    there = [one for one in found if one.is_there]
    stopped = [one for one in there if one.verdict.can_run is not True]
    jobs, total = job_store.listing(connection, Page(1, MOST), [State.FAILED, State.BLOCKED], None)
    calls = [one for one in triggered_store.newest(connection, LAST_CALLS) if one.status in {FAILURE, RETRYING}]
    return Attention(
        sorted(stopped, key=lambda one: one.verdict.can_run is not False),
        _waivers(connection, there),
        jobs,
        total,
        calls[:MOST],
        len(sagas),
        len(looked_at),
    )


def _waivers(connection: Connection, there: Sequence[Running]) -> list[tuple[SagaVersion, Sequence[Waiver]]]:
    numbers = {(one.saga, part.saga_version) for one in there for part in one.parts if part.saga_version is not None}
    versions = saga_store.named_by(connection, numbers).values()
    files = [(version, read(version).saga) for version in versions]
    return [(version, saga.waivers) for version, saga in files if saga is not None and saga.waivers]
