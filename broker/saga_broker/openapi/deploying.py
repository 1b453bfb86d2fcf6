"""The description of the verdict of a set of versions, and of what it would change. Pure."""

from saga_broker.openapi.operation import Operations, Query, Schemas, shows
from saga_broker.openapi.sagas import FAULTS, VERSIONS, deployed
from saga_broker.openapi.shapes import TEXT, closed, each, many, one_of, or_null, ref
from saga_broker.openapi.shared import SELF

_YES_NO_UNKNOWN = {"type": ["boolean", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_DAY = {"type": "string", "format": "date", "description": "The day on which waivers were judged, in UTC."}
_COMES = closed(each(TEXT, "pacticipant", "version"))

SCHEMAS: Schemas = {
    "CanDeploy": closed(
        {
            "environment": TEXT,
            "canDeploy": {**_YES_NO_UNKNOWN, "description": "No when any reason says no; else unknown when any says so."},
            "faults": FAULTS,
            "today": _DAY,
            "summary": TEXT,
            "versions": many(_COMES),
            "pacts": closed({"canDeploy": _YES_NO_UNKNOWN, "reasons": many(ref("RunReason"))}),
            "sagas": many(ref("CanRun")),
            "absentSagas": {**many(TEXT), "description": "Sagas of these pacticipants of which no version is there."},
            "together": or_null(ref("Together")),
            **SELF,
        },
    ),
    "Together": closed(
        {
            "found": {"type": "boolean"},
            "added": {**many(_COMES), "description": "What must be deployed besides, as few versions as may be."},
            "tried": {**_COUNT, "description": "So many sets were judged."},
            "isComplete": {"type": "boolean", "description": "Was everything tried that could be smaller, or at all?"},
            **each(TEXT, "text", "command"),
        },
    ),
    "WhatIf": closed(
        {
            "environment": TEXT,
            "isSafe": {**_YES_NO_UNKNOWN, "description": "The worst verdict of sagas that become worse or come; else yes."},
            "faults": FAULTS,
            "today": _DAY,
            "summary": TEXT,
            "deployed": many(_COMES),
            "removed": many(closed({"pacticipant": TEXT, "version": {"type": ["string", "null"]}})),
            "sagas": many(ref("ChangedSaga")),
            **SELF,
        },
    ),
    "ChangedSaga": closed(
        {
            "saga": TEXT,
            "change": one_of("same", "worse", "better", "comes", "goes"),
            **each(or_null(closed({"canRun": _YES_NO_UNKNOWN, "summary": TEXT})), "before", "after"),
            **each(many(ref("RunReason")), "new", "gone"),
        },
    ),
}

_ENVIRONMENT = Query("environment", "Where.", {"type": "string", "minLength": 1}, required=True)
_FAULTS = Query("faults", "The most faults in one history for which decks must be kept; 1 when it is not given.", FAULTS)
_SET = (
    _ENVIRONMENT,
    _FAULTS,
    deployed("with[]", required=True),
    Query(
        "together",
        "Look for the smallest set when these may not be deployed; true when it is not given.",
        one_of("true", "false"),
    ),
)
_CHANGES = (
    _ENVIRONMENT,
    _FAULTS,
    deployed("deployed[]"),
    Query(
        "removed[]", "What would be taken away: PACTICIPANT, or PACTICIPANT:VERSION.", {**VERSIONS, "items": {"type": "string"}}
    ),
)

OPERATIONS: Operations = {
    "GET /can-deploy": shows(ref("CanDeploy"), 400, 404, query=_SET),
    "GET /what-if": shows(ref("WhatIf"), 400, 404, query=_CHANGES),
}
