"""The description of a saga as a whole, of one of its steps, and of the network of services and sagas. Pure."""

from saga_broker.openapi.operation import PAGE, SEARCH, Operations, Query, Schemas, shows
from saga_broker.openapi.shapes import COUNT, FLAG, MOMENT, SHA256, TEXT, closed, each, links, many, one_of, or_null, ref, table
from saga_broker.openapi.shared import PAGED

_TEXT_OR_NULL = {"type": ["string", "null"]}
_DAY = {"type": "string", "format": "date"}
_LEVEL = {"type": "integer", "minimum": 1, "maximum": 4}
_FAULTS = {"type": "integer", "minimum": 0, "maximum": 2}
_STANDS = one_of("kept", "broken", "unproven", "pending", "waived", "not applicable", "not looked at")
_PLAY = closed(
    {
        "letter": TEXT,
        "replies": many(TEXT),
        "declared": many(TEXT),
        "obligation": TEXT,
        "status": many(TEXT),
        "statusObligation": TEXT,
    }
)
_HISTORY = closed(
    {
        "word": TEXT,
        "improved": FLAG,
        "faults": or_null(COUNT),
        "causes": many(closed({"fault": TEXT, "text": TEXT})),
        "plays": many(_PLAY),
        "world": TEXT,
        "worldObligation": TEXT,
        "obligations": many(TEXT),
    }
)

_WAIVER = {
    **each(TEXT, "step", "obligation", "name", "reason", "person", "sagaVersion"),
    "expires": _DAY,
    "daysLeft": {"type": "integer", "description": "0 on its last day, below it when it has expired."},
}

SCHEMAS: Schemas = {
    "Saga": closed(
        {
            **PAGED,
            "saga": TEXT,
            "description": TEXT,
            "fault": {**TEXT, "description": "Why the newest file cannot be read any more; empty when it can."},
            "newestVersion": ref("SagaVersionWithoutContent"),
            "environments": many(ref("SagaInEnvironment")),
            "waivers": many(ref("Waiver")),
            "results": table(many(ref("DeckResultTold"))),
            "versions": many(
                closed(
                    {
                        "version": TEXT,
                        "branch": _TEXT_OR_NULL,
                        "sha": SHA256,
                        "level": _LEVEL,
                        "createdAt": MOMENT,
                        "_links": links("self"),
                    }
                )
            ),
            "_links": links("self", "saga:sagas", "next?", "previous?"),
        }
    ),
    "SagaInEnvironment": closed(
        {
            **each(TEXT, "environment", "displayName", "summary"),
            "production": FLAG,
            "there": {**FLAG, "description": "Is any version of who executes it in the environment?"},
            "canRun": {"type": ["boolean", "null"]},
            "versions": many(
                closed(
                    {
                        "sagaVersion": _TEXT_OR_NULL,
                        "executesAs": TEXT,
                        "executorVersion": _TEXT_OR_NULL,
                        "inFlight": {**FLAG, "description": "It is no longer live; sagas that it began may be on their way."},
                        "inFlightUntil": or_null(MOMENT),
                    }
                ),
            ),
            "steps": many(ref("SagaStepStands")),
            "_links": links("saga:can-run"),
        }
    ),
    "SagaStepStands": closed(
        {
            "sagaVersion": _TEXT_OR_NULL,
            **each(TEXT, "step", "participant"),
            "version": _TEXT_OR_NULL,
            "level": or_null(_LEVEL),
            "pact": one_of("kept", "broken", "unproven"),
            "deck": one_of("kept", "broken", "pending", "unproven"),
            "obligations": table(closed({"verdict": _STANDS, "why": TEXT})),
        }
    ),
    "Waiver": closed(_WAIVER),
    "DeckResultTold": closed(
        {
            **each(TEXT, "provider", "providerVersion", "verifier"),
            "verdict": one_of("kept", "broken", "unproven", "pending", "waived"),
            **each(COUNT, "faults", "derivation"),
            **each(_TEXT_OR_NULL, "branch", "buildUrl"),
            "sha": SHA256,
            "createdAt": MOMENT,
            "_links": links("saga:deck-results"),
        }
    ),
    "SagaVersionStep": closed(
        {
            **each(TEXT, "saga", "version", "step", "participant", "claim"),
            "class": one_of("compensatable", "pivot", "retriable", "read_only"),
            "level": _LEVEL,
            "derivation": COUNT,
            "faults": _FAULTS,
            "slice": SHA256,
            "histories": many(_HISTORY),
            "trials": many(closed({**each(TEXT, "kind", "name", "word"), "obligations": many(TEXT)})),
            "waivers": many(ref("Waiver")),
            "results": many(ref("DeckResultTold")),
            "_links": links("self", "saga:version", "pb:pacticipant"),
        }
    ),
}

_END = closed({"kind": one_of("service", "saga"), "name": TEXT})
SCHEMAS = {
    **SCHEMAS,
    "Attention": closed(
        {
            "sagas": many(
                closed(
                    {
                        **each(TEXT, "saga", "environment", "summary"),
                        "canRun": {"type": ["boolean", "null"]},
                        "_links": links("self"),
                    }
                )
            ),
            "waivers": many(closed({"saga": TEXT, **_WAIVER})),
            "jobs": many(ref("Job")),
            "calls": many(ref("TriggeredWebhook")),
            "liveSagas": COUNT,
            "lookedAt": {**COUNT, "description": "How many of them were looked at: those that were deployed last."},
            "_links": links("self"),
        }
    ),
    "Network": closed(
        {
            "nodes": many(closed({"kind": one_of("service", "saga"), "name": TEXT, "_links": links("self")})),
            "edges": many(
                closed(
                    {
                        "from": _END,
                        "to": _END,
                        "kind": one_of("pact", "step", "executes"),
                        "state": {**TEXT, "description": "Of a pact how it stands, of a step the last verdict of its deck."},
                        "step": {**TEXT, "description": "The step's name; empty for what is none."},
                    }
                )
            ),
            "pacts": {**COUNT, "description": "How many pacts the question means."},
            "whole": {**FLAG, "description": "Is nothing left out?"},
            "_links": links("self"),
        }
    ),
}

_MOST = Query(
    "faults",
    "The most faults in one history of the deck; 1 when it is not given. 2 is refused for steps with many tries.",
    _FAULTS,
)
_DEPTH = Query("depth", "How many steps away; 1 when it is not given.", {"type": "integer", "minimum": 1, "maximum": 3})
_NARROWED = (
    SEARCH,
    Query("state", "Only pacts that stand so.", one_of("success", "failed", "failed_pending", "stale", "never")),
    Query("sagas", "`no` leaves the sagas out."),
)
OPERATIONS: Operations = {
    "GET /attention": shows(ref("Attention")),
    "GET /network": shows(ref("Network"), 400, query=_NARROWED),
    "GET /pacticipants/{name}/network": shows(ref("Network"), 400, 404, query=(_DEPTH,)),
    "GET /sagas/{saga}": shows(ref("Saga"), 400, 404, query=PAGE),
    "GET /sagas/{saga}/versions/{number}/steps/{step}": shows(ref("SagaVersionStep"), 400, 404, query=(_MOST,)),
}
