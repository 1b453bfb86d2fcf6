"""The queue of verification jobs, one job with its log, and the workers."""

from datetime import datetime

from fastapi import APIRouter, Response

from saga_broker.api.jobs.queue import STATES, existing_job, queue_state, waits_for
from saga_broker.api.reading.call import Call
from saga_broker.jobs.job import MAX_ATTEMPTS
from saga_broker.jobs.job import State as JobState
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.pages.work.states import ALIVE, JOBS, SILENT
from saga_broker.store.jobs import jobs as store
from saga_broker.store.jobs import workers as worker_store
from saga_broker.store.jobs.jobs import Job

router = APIRouter(tags=["pages"])
COLUMNS = (
    *(
        Column("Job"),
        Column("Provider"),
        Column("Contract of"),
        Column("State"),
        Column("Because"),
        Column("Made"),
        Column("Took"),
    ),
)
LONGEST_LOG = 200_000


@router.get("/jobs")
def show_all(call: Html) -> Response:
    """Show the queue."""
    wanted = asked(call, COLUMNS, "")
    state = call.text("state") or ""
    state = state if state in STATES else ""
    provider = call.text("provider") or wanted.q
    with call.read() as connection:
        rows, total = store.listing(connection, wanted.page, [state] if state else (), provider or None)
        queue = queue_state(call, connection)
    counts = queue["states"]
    return page(
        call.request,
        "work/jobs.html",
        "Verification jobs",
        rows=rows,
        total=total,
        asked=wanted,
        columns=COLUMNS,
        queue=queue,
        states=JOBS,
        state=state,
        took=took,
        tabs=[
            ("All", wanted.href(state="", page=1), not state),
            *(
                (f"{JOBS[one].word.capitalize()} ({counts.get(one, 0)})", wanted.href(state=one, page=1), one == state)
                for one in JOBS
            ),
        ],
    )


@router.get("/jobs/{key:seg}")
def show(key: str, call: Html) -> Response:
    """Show a job with its log."""
    with call.read() as connection:
        job = existing_job(connection, key)
        why = waits_for(call, connection, job)
        log = store.log(connection, job)
    return page(
        call.request,
        "work/job.html",
        f"{job.provider} {job.provider_version}",
        [Crumb("Jobs", Place(call.request).links.url("jobs")), Crumb(key[:12])],
        job=job,
        why=why,
        log=None if log is None else log[-LONGEST_LOG:],
        is_cut=log is not None and len(log) > LONGEST_LOG,
        state=JOBS[JobState(job.state)],
        took=took,
        most_attempts=MAX_ATTEMPTS,
    )


@router.get("/workers")
def show_workers(call: Html) -> Response:
    """Show the workers that were heard of."""
    return page(
        call.request,
        "work/workers.html",
        "Workers",
        [Crumb("Jobs", Place(call.request).links.url("jobs")), Crumb("Workers")],
        workers=_workers(call),
        lease_s=call.settings.job_lease_s,
    )


def _workers(call: Call) -> list[tuple[object, ...]]:
    with call.read() as connection:
        alive = {one.name for one in worker_store.alive(connection, call.settings.job_lease_s)}
        return [
            (one, ALIVE if one.name in alive else SILENT, store.held_by(connection, one.name))
            for one in worker_store.listing(connection)
        ]


def took(job: Job, until: datetime | None = None) -> str:
    """Say how long a job took, or has been under way; empty when it was not begun."""
    end = job.ended_at or until
    if job.started_at is None or end is None:
        return ""
    seconds = max(0, round((end - job.started_at).total_seconds()))
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
