"""The queue as people see it: what is to be verified, what came of it, what cannot be verified by itself and why."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts import queueing
from saga_broker.api.parties.versions import existing_version
from saga_broker.api.reading.call import Anything, Call, Hal, HalJson, no_content, respond, text
from saga_broker.api.reading.fields import Faults, boolean, filled, not_blank, one_line
from saga_broker.api.reading.fields import text as text_field
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.errors import InvalidError, NotFoundError, RefusedError
from saga_broker.http.hal import Document, link, present
from saga_broker.jobs.job import State
from saga_broker.jobs.planning import unmet
from saga_broker.store.database.types import now
from saga_broker.store.jobs import announcements, workers
from saga_broker.store.jobs import jobs as store
from saga_broker.store.jobs.jobs import Job
from saga_broker.store.jobs.workers import Worker
from saga_broker.views import job as views

router = APIRouter(tags=["jobs"])
NOTHING_ANNOUNCED = (
    "Nobody has said yet how a provider is started, so that nothing is verified by itself. Announce a version: "
    "sagapact announce provider.yaml --version VERSION."
)
STATES = tuple(state.value for state in State)


@router.get("/jobs")
def list_jobs(call: Hal) -> Response:
    """List verification jobs, the newest first, and tell what the queue is like."""
    page = page_of(call, always=True)
    wanted, provider = call.text("state"), call.text("provider")
    if wanted is not None and wanted not in STATES:
        raise InvalidError({"state": [f"must be one of: {', '.join(STATES)}"]}, parameters=True)
    with call.read() as connection:
        rows, total = store.listing(connection, page, [wanted] if wanted else (), provider)
        shown = [views.job(call.links, row, waits_for(call, connection, row)) for row in rows]
        queue = queue_state(call, connection)
    address = call.links.url("jobs")
    document: Document = {
        "queue": queue,
        "_embedded": {"jobs": shown},
        "_links": {"self": link(address, "Verification jobs"), "saga:workers": link(call.links.url("workers"), "Workers")},
    }
    return respond(with_page(document, page, total, address, call))


@router.post("/jobs", status_code=201)
def make(call: HalJson) -> Response:
    """Ask for a provider version to be verified, by all its contracts or those of one consumer, also again."""
    body = call.object()
    faults = Faults()
    for name in ("provider", "version"):
        faults.check(body, name, text_field, filled, not_blank, one_line, required=True, null=False)
    faults.check(body, "consumer", text_field, filled, one_line)
    faults.raise_any()
    with call.write() as connection:
        version = existing_version(connection, body["provider"], body["version"])
        keys = queueing.by_hand(connection, version, body.get("consumer"))
        if not keys:
            raise RefusedError(404, _nothing(body["provider"], body.get("consumer")))
        found = [one for one in (store.find(connection, key) for key in keys) if one is not None]
        shown = [views.job(call.links, row, waits_for(call, connection, row)) for row in found]
    own = link(call.links.url("jobs"), "Verification jobs")
    return respond({"_embedded": {"jobs": shown}, "_links": {"self": own}}, 201, location=own["href"])


@router.get("/jobs/{key:seg}")
def show(key: str, call: Hal) -> Response:
    """Show a job."""
    with call.read() as connection:
        job = existing_job(connection, key)
        return respond(views.job(call.links, job, waits_for(call, connection, job)))


@router.delete("/jobs/{key:seg}", status_code=204)
def cancel(key: str, call: Anything) -> Response:
    """Cancel a job that has not ended; a worker that has it stops."""
    with call.write() as connection:
        job = existing_job(connection, key)
        if job.is_over:
            raise RefusedError(409, f"The job has ended already: it is {job.state}.")
        text_ = "it was cancelled by hand"
        store.move(connection, job, [job.state], state=State.CANCELLED, text=text_, is_offered=False, ended_at=now())
    return no_content()


@router.get("/jobs/{key:seg}/log")
def show_log(key: str, call: Anything) -> Response:
    """Show what was said while a job was done, without secrets; the last attempt's words."""
    with call.read() as connection:
        found = store.log(connection, existing_job(connection, key))
    if found is None:
        raise NotFoundError
    return text(found)


@router.get("/job-queue")
def show_queue(call: Hal) -> Response:
    """Tell how many jobs are in which state, and whether jobs are begun."""
    with call.read() as connection:
        document = queue_state(call, connection)
    return respond({**document, "_links": {"self": link(call.links.url("job-queue"), "Queue")}})


@router.put("/job-queue")
def change_queue(call: HalJson) -> Response:
    """Pause the queue, for a reason, or let it go on; what is under way is finished."""
    body = call.object()
    faults = Faults()
    faults.check(body, "paused", boolean, required=True, null=False)
    faults.check(body, "reason", text_field, filled, one_line)
    faults.raise_any()
    with call.write() as connection:
        store.set_pause(connection, (body.get("reason") or "it was paused by hand") if body["paused"] else None)
        document = queue_state(call, connection)
    return respond({**document, "_links": {"self": link(call.links.url("job-queue"), "Queue")}})


def existing_job(connection: Connection, key: str) -> Job:
    """Give the job with this key.

    Raises:
        NotFoundError: There is none.
    """
    found = store.find(connection, key)
    if found is None:
        raise NotFoundError
    return found


def queue_state(call: Call, connection: Connection) -> Document:
    """Tell how many jobs are in which state, and whether jobs are begun."""
    reason = store.pause(connection)
    alive = workers.alive(connection, call.settings.job_lease_s)
    return {
        "paused": reason is not None,
        **present({"reason": reason, "hint": None if announcements.any_at_all(connection) else NOTHING_ANNOUNCED}),
        "states": store.counts(connection),
        "workersAlive": len(alive),
    }


def waits_for(call: Call, connection: Connection, job: Job) -> str | None:
    """Say why a job that is in the queue is not begun, where that can be told."""
    if job.state != State.QUEUED:
        return None
    reason = store.pause(connection)
    if reason is not None:
        return f"The queue is paused: {reason}."
    announced = announcements.find(connection, job.provider_version_id)
    labels = () if announced is None else announced.labels
    return _no_worker(labels, workers.alive(connection, call.settings.job_lease_s))


def _no_worker(labels: tuple[str, ...], alive: list[Worker]) -> str | None:
    if not alive:
        return "No worker is there. Start one: sagapact worker, or sagapact broker serve --worker."
    if unmet(labels, [one.labels for one in alive]):
        return f"No worker has the labels {', '.join(labels)}. Start one: sagapact worker --labels {','.join(labels)}."
    return None


def _nothing(provider: str, consumer: str | None) -> str:
    whose = f" of {consumer}" if consumer else ""
    return f"No contract{whose} with {provider} is on a main branch, deployed or released, so that there is nothing to verify."
