"""Jobs as people see them. What workers take from lies in the work database; what became of a job is decided here."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from saga_broker.jobs.job import WAITING, State
from saga_broker.jobs.planning import Waiting
from saga_broker.rows import Page
from saga_broker.store.database.job_tables import announcements, job_pauses, jobs
from saga_broker.store.database.query import add, fetch, fetch_page, first
from saga_broker.store.database.schema import contents, pacticipants, versions
from saga_broker.store.database.types import now

consumers, providers = pacticipants.alias("consumers"), pacticipants.alias("providers")


@dataclass(frozen=True, slots=True)
class Job:
    """A job; see `saga_broker.jobs.job`."""

    id: int
    key: str
    provider_id: int
    provider: str
    provider_version_id: int
    provider_version: str
    consumer: str
    content_id: int
    sha: str
    derivation: int
    state: str
    priority: int
    reason: str
    by_hand: bool
    generation: int
    is_offered: bool
    attempts: int
    worker: str | None
    verdict: str | None
    text: str | None
    verification_id: int | None
    created_at: datetime
    updated_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing will happen to it any more by itself."""
        return self.state not in {State.BLOCKED, State.QUEUED, State.RUNNING}


def make(connection: Connection, **values: Any) -> int:
    """Store a new job; gives its number."""
    return add(connection, jobs, generation=1, attempts=0, created_at=now(), **values)


def find(connection: Connection, key: str) -> Job | None:
    """Find a job by its key."""
    return first(connection, _jobs().where(jobs.c.key == key), Job)


def listing(
    connection: Connection, page: Page | None, states: Collection[str] = (), provider: str | None = None
) -> tuple[list[Job], int]:
    """List jobs, the newest first; and how many there are on all pages."""
    query = _jobs().order_by(jobs.c.id.desc())
    if states:
        query = query.where(jobs.c.state.in_(states))
    if provider is not None:
        query = query.where(providers.c.name == provider)
    return fetch_page(connection, query, Job, page)


def offered(connection: Connection) -> list[Job]:
    """Give the open jobs that lie in the workers' queues, or that a worker has."""
    query = _jobs().where(jobs.c.state.in_([State.QUEUED, State.RUNNING]), jobs.c.is_offered)
    return fetch(connection, query.order_by(jobs.c.id), Job)


def waiting_of(connection: Connection, provider_id: int) -> list[Job]:
    """Give the jobs of a provider that no worker has."""
    return fetch(connection, _jobs().where(jobs.c.provider_id == provider_id, jobs.c.state.in_(WAITING)), Job)


def to_choose_from(connection: Connection, most: int) -> list[Waiting]:
    """Give what is offered, and the jobs that come next, for the choice of what is offered now."""
    query = (
        select(jobs.c.id, jobs.c.provider_id, jobs.c.priority, func.coalesce(announcements.c.at_once, 1), jobs.c.is_offered)
        .outerjoin(announcements, announcements.c.version_id == jobs.c.provider_version_id)
        .order_by(jobs.c.priority, jobs.c.id)
    )
    under_way = query.where(jobs.c.state.in_([State.QUEUED, State.RUNNING]), jobs.c.is_offered)
    next_ones = query.where(jobs.c.state == State.QUEUED, ~jobs.c.is_offered).limit(most)
    return [Waiting(*row) for one in (under_way, next_ones) for row in connection.execute(one)]


def by_ids(connection: Connection, numbers: Collection[int]) -> list[Job]:
    """Give jobs by their numbers, those first that are to be taken first."""
    return fetch(connection, _jobs().where(jobs.c.id.in_(numbers)).order_by(jobs.c.priority, jobs.c.id), Job)


def move(connection: Connection, job: Job, old: Collection[str], **values: Any) -> bool:
    """Change a job that is still in one of some states, and of which nobody made another offer meanwhile.

    Returns:
        Whether it was.
    """
    same = (jobs.c.id == job.id, jobs.c.state.in_(old), jobs.c.generation == job.generation)
    return connection.execute(update(jobs).where(*same).values(updated_at=now(), **values)).rowcount > 0


def offer_again(connection: Connection, job: Job, old: Collection[str], **values: Any) -> bool:
    """Let a job be offered to workers anew; what an earlier offer still brings counts only if it is the first result."""
    fresh = {"state": State.QUEUED, "generation": job.generation + 1, "is_offered": False, "worker": None}
    return move(connection, job, old, **{**fresh, **values})


def save_log(connection: Connection, job: Job, text: str) -> None:
    """Keep what was said while a job was done, in place of what was kept before."""
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(log=text))


def log(connection: Connection, job: Job) -> str | None:
    """Give what was said while a job was done; None when nothing was kept."""
    found = connection.execute(select(jobs.c.log).where(jobs.c.id == job.id)).scalar()
    return None if found is None else str(found)


def note_verification(connection: Connection, job: Job, number: int) -> None:
    """Remember the number of the result that a job brought."""
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(verification_id=number))


def held_by(connection: Connection, worker: str) -> list[str]:
    """Give the keys of the jobs that a worker has."""
    query = select(jobs.c.key).where(jobs.c.worker == worker, jobs.c.state == State.RUNNING)
    return [str(key) for key in connection.execute(query).scalars()]


def counts(connection: Connection) -> dict[str, int]:
    """Tell how many jobs are in each state."""
    found = {
        str(state): int(count) for state, count in connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
    }
    return {state.value: found.get(state.value, 0) for state in State}


def forget_dropped(connection: Connection, age: timedelta) -> None:
    """Delete the jobs that were dropped long ago for something newer, and that nobody began."""
    dropped = (jobs.c.state == State.SUPERSEDED, jobs.c.attempts == 0, jobs.c.updated_at < now() - age)
    connection.execute(delete(jobs).where(*dropped))


def pause(connection: Connection) -> str | None:
    """Give why no job is begun now; None when jobs are."""
    found = connection.execute(select(job_pauses.c.reason).order_by(job_pauses.c.id).limit(1)).scalar()
    return None if found is None else str(found)


def set_pause(connection: Connection, reason: str | None) -> None:
    """Stop to begin jobs, for a reason; None: go on."""
    connection.execute(delete(job_pauses))
    if reason is not None:
        add(connection, job_pauses, reason=reason, created_at=now())


def _jobs() -> Select[Any]:
    table = jobs.c
    own = [column for column in table if column.name != "log"]
    return (
        select(
            *own,
            providers.c.name.label("provider"),
            versions.c.number.label("provider_version"),
            consumers.c.name.label("consumer"),
            contents.c.sha,
        )
        .join(providers, providers.c.id == table.provider_id)
        .join(versions, versions.c.id == table.provider_version_id)
        .join(contents, contents.c.id == table.content_id)
        .join(consumers, consumers.c.id == contents.c.consumer_id)
    )
