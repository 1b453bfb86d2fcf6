"""The description of sagas, their deck results, and whether they can run. Pure."""

from saga_broker.openapi.operation import LOCATION, Answer, Operation, Operations, Query, Schemas, makes, shows
from saga_broker.openapi.shapes import (
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
    table,
)
from saga_broker.openapi.shared import NAME, SELF, WEB_ADDRESS

_DECK_VERDICTS = ("kept", "broken", "unproven", "pending", "waived")
_VERDICT = one_of(*_DECK_VERDICTS, "not applicable")
_CLASSES = ("compensatable", "pivot", "retriable", "read_only")
_TEXT_OR_NULL = {"type": ["string", "null"]}
_EVIDENCE = ("reply", "status", "effect", "failure")
_COUNT = {"type": "integer", "minimum": 0, "maximum": 10_000}
_RESULT = {
    "derivation": _COUNT,
    "faults": _COUNT,
    "verifier": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00]+$"},
    "verdict": one_of(*_DECK_VERDICTS),
    "claim": {"type": "string", "maxLength": 20_000},
    "obligations": table(_VERDICT),
    "histories": {**many(ref("DeckHistory")), "minItems": 1},
}
FAULTS = {"type": "integer", "minimum": 0, "maximum": 4}
_SAGA_VERSION = {
    **each(TEXT, "saga", "version", "owner", "executesAs"),
    "branch": _TEXT_OR_NULL,
    "sha": SHA256,
    "contentType": one_of("application/yaml", "application/json"),
    "buildUrl": _TEXT_OR_NULL,
    "createdAt": MOMENT,
    "steps": many(ref("SagaStep")),
    "_links": links("self", "pb:pacticipant", "pb:pacticipant-version", "saga:can-run", "saga:deck-results"),
}
_STORED_RESULT = {
    **each(TEXT, "saga", "step", "provider", "providerVersion"),
    "sha": SHA256,
    **_RESULT,
    "branch": _TEXT_OR_NULL,
    "buildUrl": _TEXT_OR_NULL,
    "createdAt": MOMENT,
}

SCHEMAS: Schemas = {
    "NewSagaVersion": open_(
        {
            "content": {"type": "string", "description": "The saga file, verbatim."},
            "contentType": one_of("application/yaml", "application/json"),
            "branch?": or_null(NAME),
            "buildUrl?": or_null(WEB_ADDRESS),
        },
    ),
    "SagaStep": closed(
        {"step": TEXT, "participant": TEXT, "class": one_of(*_CLASSES), "sha": SHA256},
    ),
    "SagaVersion": closed({**_SAGA_VERSION, "content": TEXT}),
    "SagaVersionWithoutContent": closed(_SAGA_VERSION),
    "Sagas": closed({**embedded({"sagas": many(ref("SagaVersionWithoutContent"))}), **SELF}),
    "DeckHistory": open_(
        {
            "word": TEXT,
            "verdict": _VERDICT,
            "obligations?": or_null({**many(TEXT), "description": "All that the history checks."}),
            "broken?": or_null({**many(ref("Deviation")), "description": "From what it deviated."}),
            "seen?": or_null({**many(one_of(*_EVIDENCE)), "description": "What was looked at and judged to the end."}),
            "unseen?": or_null({**many(TEXT), "description": "What it checks and a deviation before hid."}),
            "trouble?": or_null({**TEXT, "description": "Why it could not be judged; empty when it was."}),
            "text?": or_null(TEXT),
            "how?": or_null({**TEXT, "description": "Of a trial: what was sampled."}),
            "inapplicable?": or_null({**TEXT, "description": "Of a trial: why it does not apply to the participant."}),
        },
    ),
    "Deviation": open_({"obligation": {"type": "string", "minLength": 1}, "text?": TEXT}),
    "NewDeckResult": open_({**_RESULT, "branch?": or_null(NAME), "buildUrl?": or_null(WEB_ADDRESS)}),
    "DeckResult": closed({**_STORED_RESULT, **SELF}),
    "DeckResults": closed({**embedded({"deckResults": many(closed(_STORED_RESULT))}), **SELF}),
    "CanRun": closed(
        {
            "saga": TEXT,
            "environment": TEXT,
            "canRun": {"type": ["boolean", "null"]},
            "faults": FAULTS,
            "today": {"type": "string", "format": "date", "description": "The day on which waivers were judged, in UTC."},
            "summary": TEXT,
            "sagaVersion": _TEXT_OR_NULL,
            "executesAs": closed({"name": TEXT, "version": _TEXT_OR_NULL}),
            "reasons": many(ref("RunReason")),
            "steps": many(ref("RunStep")),
            **SELF,
        },
    ),
    "RunReason": closed(
        {
            "type": TEXT,
            "verdict": one_of("yes", "no", "unknown"),
            **each(_TEXT_OR_NULL, "step", "participant", "version", "obligation", "sagaVersion"),
            **each(TEXT, "text", "mend", "command"),
            "until": or_null({**MOMENT, "description": "When it ends by itself: no saga in flight is concerned any more then."}),
        },
    ),
    "RunStep": closed(
        {
            **each(TEXT, "step", "participant"),
            "version": _TEXT_OR_NULL,
            "pact": one_of("kept", "broken", "unproven"),
            "deck": one_of("kept", "broken", "unproven", "pending"),
            "obligations": table(_VERDICT),
            "said": {
                "type": ["string", "null"],
                "description": "What the verifier concluded; the gate works its own verdict out.",
            },
            "faults": {"type": ["integer", "null"], "description": "With how many faults the deck was played."},
            "sagaVersion": _TEXT_OR_NULL,
        },
    ),
}

VERSIONS = {**many({"type": "string", "pattern": "^[^:]+:.+$"}), "maxItems": 200}


def deployed(name: str, *, required: bool = False) -> Query:
    """Describe the parameter that names versions which are to be deployed."""
    return Query(
        name,
        "A version that is to be deployed: PACTICIPANT:VERSION, or PACTICIPANT:VERSION@INSTANCE. It takes the place of one "
        "installation; several of one pacticipant are live side by side. Unknown ones are an error.",
        VERSIONS,
        required=required,
    )


_DECK = "/sagas/{saga}/contents/{sha}/steps/{step}/providers/{provider}/versions/{number}/deck-results"
_SAGA = "/sagas/{saga}/versions/{number}"
_NARROWED = (
    Query("provider", "Only sagas with a step at this pacticipant."),
    Query("environment", "The versions that run in this environment."),
    Query("branch", "The newest versions on this branch; not looked at beside `environment`."),
)
_RUN = (
    Query("environment", "Where the saga shall run.", {"type": "string", "minLength": 1}, required=True),
    Query("faults", "The most faults in one history for which decks must be kept; 1 when it is not given.", FAULTS),
    deployed("with[]"),
)

OPERATIONS: Operations = {
    "GET /sagas": shows(ref("Sagas"), 400, 404, query=_NARROWED),
    f"GET {_SAGA}": shows(ref("SagaVersion"), 404),
    f"PUT {_SAGA}": Operation(
        {
            200: Answer(ref("SagaVersion"), text="The same content was published before."),
            201: Answer(ref("SagaVersion"), headers=(LOCATION,), text="It was published."),
        },
        (400, 409),
        (),
        ref("NewSagaVersion"),
    ),
    "GET /sagas/{saga}/can-run": shows(ref("CanRun"), 400, 404, query=_RUN),
    f"POST {_DECK}": makes(ref("DeckResult"), ref("NewDeckResult"), 400, 404),
    f"GET {_DECK}": shows(ref("DeckResults"), 404),
}
