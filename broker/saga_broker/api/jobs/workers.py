"""What workers ask and tell: that they live, that they take a job, what was found, and that they give one back."""

from typing import Annotated, Any

from fastapi import APIRouter, Response

from saga_broker.acts.finishing import COULD_NOT_FIND_OUT, Finding, finish
from saga_broker.api.jobs.announcements import labels_fault
from saga_broker.api.jobs.queue import existing_job
from saga_broker.api.reading.bodies import decode
from saga_broker.api.reading.call import Anything, Call, Hal, HalJson, calling, no_content, respond
from saga_broker.api.reading.fields import Faults, address, array, boolean, filled, one_line, one_of, text
from saga_broker.api.saga import decks
from saga_broker.http.errors import InvalidError, NotFoundError, RefusedError
from saga_broker.http.hal import link
from saga_broker.http.media import HAL, JSON
from saga_broker.http.media import TEXT as PLAIN
from saga_broker.jobs.job import State
from saga_broker.store.database.types import now
from saga_broker.store.jobs import jobs
from saga_broker.store.jobs import workers as store
from saga_broker.store.jobs.jobs import Job
from saga_broker.store.verifications import NewVerification
from saga_broker.views import job as views

router = APIRouter(tags=["jobs"])
LogCall = Annotated[Call, calling(offers=(HAL, JSON), takes=(PLAIN,))]
VERDICTS = ("kept", "broken", "unproven", "pending", "waived", "not applicable", COULD_NOT_FIND_OUT)
MAX_LOG = 256_000
MAX_TEXT = 5_000
MAX_DECKS = 1_000


@router.get("/workers")
def list_workers(call: Hal) -> Response:
    """List the workers that were heard of, with the jobs that each has."""
    with call.read() as connection:
        alive = {one.name for one in store.alive(connection, call.settings.job_lease_s)}
        rows = store.listing(connection)
        shown = [views.worker(row, is_alive=row.name in alive, jobs=jobs.held_by(connection, row.name)) for row in rows]
    return respond({"_embedded": {"workers": shown}, "_links": {"self": link(call.links.url("workers"), "Workers")}})


@router.put("/workers/{name:seg}")
def beat(name: str, call: HalJson) -> Response:
    """Say that a worker lives and what it has at work; the answer names what it has to give up."""
    body = call.object()
    faults = Faults()
    labels = faults.check(body, "labels", array, labels_fault, required=True, null=False)
    own = faults.check(body, "jobs", array, required=True, null=False)
    faults.raise_any()
    with call.write() as connection:
        is_new = store.beat(connection, name, tuple(labels))
        held = set(jobs.held_by(connection, name))
    address_ = call.links.url("workers", name)
    document = {
        "name": name,
        "leaseSeconds": call.settings.job_lease_s,
        "stop": [one for one in own if isinstance(one, str) and one not in held],
        "_links": {"self": link(address_, "Worker")},
    }
    return respond(document, 201 if is_new else 200, location=address_ if is_new else None)


@router.delete("/workers/{name:seg}", status_code=204)
def leave(name: str, call: Anything) -> Response:
    """Say that a worker ends; what it still has is offered to others at once."""
    with call.write() as connection:
        for key in jobs.held_by(connection, name):
            _give_back(connection, existing_job(connection, key))
        if not store.remove(connection, name):
            raise NotFoundError
    return no_content()


@router.put("/jobs/{key:seg}/leases/{name:seg}")
def take(key: str, name: str, call: HalJson) -> Response:
    """Take a job; it is refused when another worker has it, or when it is not to be done any more."""
    generation = call.object().get("generation")
    if not isinstance(generation, int) or isinstance(generation, bool):
        raise InvalidError({"generation": ["must be a whole number"]})
    with call.write() as connection:
        job = existing_job(connection, key)
        if job.state == State.RUNNING and (job.worker, job.generation) == (name, generation):
            return respond(views.job(call.links, job))  # the first answer was lost
        _refuse(job, generation, jobs.pause(connection))
        begun = {"state": State.RUNNING, "worker": name, "attempts": job.attempts + 1, "started_at": now(), "text": None}
        jobs.move(connection, job, [State.QUEUED], is_offered=True, **begun)
        return respond(views.job(call.links, existing_job(connection, key)))


@router.delete("/jobs/{key:seg}/leases/{name:seg}", status_code=204)
def give_back(key: str, name: str, call: Anything) -> Response:
    """Give a job back that was taken and not finished; another worker may take it at once."""
    with call.write() as connection:
        job = existing_job(connection, key)
        if job.state != State.RUNNING or job.worker != name:
            raise NotFoundError
        _give_back(connection, job)
    return no_content()


@router.put("/jobs/{key:seg}/result")
def report(key: str, call: HalJson) -> Response:
    """Say what was found: everything is stored with the job's end. The first result stands, a later one changes nothing."""
    finding = _finding(call.object())
    with call.write() as connection:
        job = existing_job(connection, key)
        is_first = finish(connection, call.settings, call.links.base, job, finding)
        return respond(views.job(call.links, existing_job(connection, key)), 201 if is_first else 200)


@router.put("/jobs/{key:seg}/log", status_code=204)
def save_log(key: str, call: LogCall) -> Response:
    """Keep what was said while a job was done; the end of it, when it is long."""
    words = decode(call.raw, "Log").replace("\0", "")
    with call.write() as connection:
        jobs.save_log(connection, existing_job(connection, key), words[-MAX_LOG:])
    return no_content()


def _refuse(job: Job, generation: int, pause: str | None) -> None:
    if job.state != State.QUEUED or job.generation != generation:
        by = f" by {job.worker}" if job.state == State.RUNNING else ""
        raise RefusedError(409, f"The job is not to be taken: it is {job.state}{by}, and this offer of it is over.")
    if pause is not None:
        raise RefusedError(409, f"The job is not to be taken now: the queue is paused ({pause}).")


def _give_back(connection: Any, job: Job) -> None:
    jobs.offer_again(connection, job, [State.RUNNING], attempts=max(0, job.attempts - 1))


def _finding(body: dict[str, Any]) -> Finding:
    faults = Faults()
    worker = faults.check(body, "worker", text, filled, one_line, required=True, null=False)
    verdict = faults.check(body, "verdict", one_of(*VERDICTS), required=True, null=False)
    told = faults.check(body, "text", _words)
    announced = faults.check(body, "decks", array, _decks)
    result = _verification(faults, body)
    faults.raise_any()
    found = [_deck(one) for one in announced or ()]
    return Finding(worker, verdict, told or "", result, found)


def _verification(faults: Faults, body: dict[str, Any]) -> NewVerification | None:
    given = body.get("verification")
    if given is None:
        return None
    if not isinstance(given, dict):
        faults.add("verification", "must be an object")
        return None
    own = Faults()
    own.check(given, "success", boolean, required=True, null=False)
    own.check(given, "buildUrl", address)
    for name, texts in own.by_field.items():
        faults.add(f"verification.{name}", *texts)
    return NewVerification(
        success=given.get("success") is True,
        build_url=given.get("buildUrl"),
        test_results=given.get("testResults"),
        verified_by=given.get("verifiedBy"),
    )


def _decks(value: list[Any]) -> str | None:
    if len(value) > MAX_DECKS:
        return f"cannot be more than {MAX_DECKS}"
    for index, one in enumerate(value):
        if not isinstance(one, dict) or any(text(one.get(name)) for name in ("saga", "step", "sha")):
            return f"must name saga, step and sha (at index {index})"
        try:
            decks.check(one)
        except InvalidError as error:
            return f"{error} (at index {index})"
    return None


def _deck(given: dict[str, Any]) -> dict[str, Any]:
    named = {name: given[name] for name in ("saga", "step", "sha", *decks.FIELDS)}
    return {**named, "branch": given.get("branch"), "build_url": given.get("buildUrl")}


def _words(value: Any) -> str | None:
    if not isinstance(value, str) or "\0" in value:
        return "must be a string"
    return None if len(value) <= MAX_TEXT else "is too long"
