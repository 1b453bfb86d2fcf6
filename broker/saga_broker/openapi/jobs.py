"""The description of verification jobs, of workers, and of announced versions. Pure."""

from saga_broker.openapi.operation import LOCATION, PAGE, Answer, Operation, Operations, Query, Schemas, puts, removes, shows
from saga_broker.openapi.shapes import (
    ANY,
    COUNT,
    FLAG,
    MOMENT,
    SHA256,
    TEXT,
    closed,
    each,
    embedded,
    links,
    many,
    one_of,
    open_,
    or_null,
    ref,
)
from saga_broker.openapi.shared import LINE, NAME, PAGED, SELF, TIMES, WEB_ADDRESS

_STATES = ("blocked", "queued", "running", "done", "failed", "superseded", "cancelled")
_VERDICTS = ("kept", "broken", "unproven", "pending", "waived", "not applicable", "could not find out")
_LABELS = {**many({"type": "string", "pattern": "^[a-z0-9._-]{1,40}$"}), "maxItems": 8}
_QUEUE = {
    "paused": FLAG,
    "reason?": {**TEXT, "description": "Why it is paused."},
    "hint?": {**TEXT, "description": "What to do so that anything is verified."},
    "states": closed(each(COUNT, *_STATES)),
    "workersAlive": COUNT,
}
_AT_ONCE = {"type": "integer", "minimum": 1, "maximum": 64}

SCHEMAS: Schemas = {
    "NewAnnouncement": open_(
        {
            "providerFile": {"type": "string", "maxLength": 200_000, "description": "The provider file's text."},
            "branch?": or_null(NAME),
            "image?": or_null({**NAME, "description": "The image to start, with its digest."}),
            "archive?": or_null({"type": "string", "description": "What the file needs: tar, packed by gzip, in base64."}),
            "labels?": or_null({**_LABELS, "description": "What a worker must have."}),
            "atOnce?": or_null({**_AT_ONCE, "description": "Jobs of this provider under way at the same time."}),
        }
    ),
    "Announcement": closed(
        {
            **each(TEXT, "pacticipant", "version", "providerFile", "image?"),
            "archiveSha?": SHA256,
            "labels": many(TEXT),
            "atOnce": _AT_ONCE,
            **TIMES,
            "_links": links("self", "saga:archive?"),
        }
    ),
    "Job": closed(
        {
            "id": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
            "state": one_of(*_STATES),
            **each(TEXT, "provider", "providerVersion", "consumer", "contentSha"),
            "derivation": COUNT,
            "priority": {**COUNT, "description": "The lowest comes first."},
            "reason": {**TEXT, "description": "Why it was made."},
            "attempts": COUNT,
            "worker?": TEXT,
            "verdict?": one_of(*_VERDICTS),
            "text?": {**TEXT, "description": "Why it is blocked, failed or dropped."},
            "waitsFor?": {**TEXT, "description": "Why it is not begun."},
            "startedAt?": MOMENT,
            "endedAt?": MOMENT,
            **TIMES,
            "_links": links(
                *("self", "pb:pacticipant-version", "pb:pact-version", "saga:announcement", "saga:job-log"),
                "pb:verification-result?",
            ),
        }
    ),
    "Jobs": closed(
        {
            "queue": closed(_QUEUE),
            **embedded({"jobs": many(ref("Job"))}),
            **PAGED,
            "_links": links("self", "saga:workers", "next?", "previous?"),
        }
    ),
    "JobsAskedFor": closed({**embedded({"jobs": many(ref("Job"))}), **SELF}),
    "NewJob": open_({"provider": NAME, "version": NAME, "consumer?": or_null(NAME)}),
    "JobQueue": closed({**_QUEUE, **SELF}),
    "JobQueueChange": open_({"paused": FLAG, "reason?": or_null({**LINE, "minLength": 1})}),
    "JobLease": open_({"generation": {"type": "integer", "description": "Which offer of the job is taken."}}),
    "JobResult": open_(
        {
            "worker": NAME,
            "verdict": one_of(*_VERDICTS),
            "text?": or_null({"type": "string", "maxLength": 5_000, "pattern": r"^[^\x00]*$"}),
            "verification?": or_null(
                open_({"success": FLAG, "buildUrl?": or_null(WEB_ADDRESS), "testResults?": ANY, "verifiedBy?": ANY})
            ),
            "decks?": or_null({**many(ref("JobDeckResult")), "maxItems": 1_000}),
        }
    ),
    "JobDeckResult": {"allOf": [ref("NewDeckResult"), open_(each(NAME, "saga", "step", "sha"))]},
    "Worker": closed(
        {"name": TEXT, "labels": many(TEXT), "alive": FLAG, "jobs": many(TEXT), "seenAt": MOMENT, "createdAt": MOMENT}
    ),
    "Workers": closed({**embedded({"workers": many(ref("Worker"))}), **SELF}),
    "WorkerBeat": open_({"labels": _LABELS, "jobs": {**many(TEXT), "description": "The jobs that it has at work."}}),
    "WorkerOrders": closed({"name": TEXT, "leaseSeconds": {"type": "number"}, "stop": many(TEXT), **SELF}),
}

_ANNOUNCEMENT = "/pacticipants/{name}/versions/{number}/announcement"
_LOG = "/jobs/{key}/log"
_LEASE = "/jobs/{key}/leases/{name}"
_NARROWED = (Query("state", "Only jobs in this state.", one_of(*_STATES)), Query("provider", "Only jobs of this provider."))

OPERATIONS: Operations = {
    f"PUT {_ANNOUNCEMENT}": puts(ref("Announcement"), ref("NewAnnouncement"), 400, 409),
    f"GET {_ANNOUNCEMENT}": shows(ref("Announcement"), 404),
    f"GET {_ANNOUNCEMENT}/archive": shows(None, 404, media=("application/gzip",)),
    "GET /jobs": shows(ref("Jobs"), 400, query=(*_NARROWED, *PAGE)),
    "POST /jobs": Operation(
        {201: Answer(ref("JobsAskedFor"), headers=(LOCATION,), text="They are in the queue.")}, (400, 404), (), ref("NewJob")
    ),
    "GET /jobs/{key}": shows(ref("Job"), 404),
    "DELETE /jobs/{key}": removes(404, 409),
    f"GET {_LOG}": shows(None, 404, media=("text/plain",)),
    f"PUT {_LOG}": Operation({204: Answer(text="It is kept.")}, (400, 404), (), {"type": "string"}),
    f"PUT {_LEASE}": Operation({200: Answer(ref("Job"), text="The job is this worker's.")}, (400, 404, 409), (), ref("JobLease")),
    f"DELETE {_LEASE}": removes(404),
    "PUT /jobs/{key}/result": Operation(
        {
            200: Answer(ref("Job"), text="Another result was there first, or the job is over: nothing was changed."),
            201: Answer(ref("Job"), text="It was stored."),
        },
        (400, 404),
        (),
        ref("JobResult"),
    ),
    "GET /job-queue": shows(ref("JobQueue")),
    "PUT /job-queue": Operation({200: Answer(ref("JobQueue"))}, (400,), (), ref("JobQueueChange")),
    "GET /workers": shows(ref("Workers")),
    "PUT /workers/{name}": puts(ref("WorkerOrders"), ref("WorkerBeat"), 400),
    "DELETE /workers/{name}": removes(404),
}
