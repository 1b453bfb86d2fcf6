"""The description of verification results, the matrix, can-i-deploy, badges and what is known of pairs. Pure."""

from saga_broker.http.media import CSV, HAL
from saga_broker.openapi.operation import (
    FLAGS,
    LOCATION,
    PAGE,
    SEARCH,
    TEXTS,
    TRUE,
    Answer,
    Operation,
    Operations,
    Query,
    Schemas,
    makes,
    removes,
    shows,
)
from saga_broker.openapi.shapes import (
    ANY,
    COUNT,
    FLAG,
    MOMENT,
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
from saga_broker.openapi.shared import ANY_ADDRESS, NAME, PAGED, SELF

_SIDE = {"name": TEXT, **SELF}
_OUTCOME = closed({"success": FLAG, "verifiedAt": MOMENT, **SELF})
_DATED = closed({"createdAt": MOMENT, **SELF})
_HEADS = {"number": TEXT, "branch": {"type": ["string", "null"]}, "headBranchNames": many(TEXT)}

SCHEMAS: Schemas = {
    "NewResult": open_(
        {
            "success": FLAG,
            "providerApplicationVersion": NAME,
            "buildUrl?": or_null(ANY_ADDRESS),
            "testResults?": ANY,
            "verifiedBy?": ANY,
        },
    ),
    "Result": closed(
        {
            "providerName": TEXT,
            "providerApplicationVersion": TEXT,
            "success": FLAG,
            "verificationDate": MOMENT,
            "buildUrl?": TEXT,
            "testResults?": ANY,
            "verifiedBy": open_({"implementation?": ANY, "version?": ANY, "clientLanguage?": ANY, "client_implementation?": ANY}),
            "_links": links("self", "pb:pact-version", "pb:triggered-webhooks"),
        },
    ),
    "InteractionResults": closed(
        {
            "success": FLAG,
            "summary": closed(each(COUNT, "success", "failed", "unknown")),
            "interactionResults": many(ref("InteractionResult")),
            "_links": links("self", "pb:verification-result"),
        },
    ),
    "InteractionResult": closed(
        {
            **each(TEXT, "interactionId?", "interactionDescription?"),
            "providerStates": many(TEXT),
            "success": {"type": ["boolean", "null"]},
            "problems": many(
                closed(
                    {"type": one_of("mismatch", "exception"), **each(TEXT, "attribute?", "identifier?", "description")},
                ),
            ),
        },
    ),
    "ResultsOfVersion": closed(
        {
            "success": FLAG,
            "providerSummary": closed(each(many(TEXT), "successful", "failed", "unknown")),
            **embedded({"verificationResults": many(ref("Result"))}),
            **SELF,
        },
    ),
    "Matrix": closed({"summary": ref("Summary"), "notices": many(ref("Notice")), "matrix": many(ref("MatrixRow"))}),
    "Summary": closed(
        {
            "deployable": {"type": ["boolean", "null"]},
            "reason": TEXT,
            **each(COUNT, "success", "failed", "unknown", "ignored?"),
        },
    ),
    "MatrixRow": closed(
        {
            "consumer": closed({"version": ref("MatrixVersion"), **_SIDE}),
            "provider": closed({"version": or_null(ref("MatrixVersion")), **_SIDE}),
            "pact": _DATED,
            "verificationResult": or_null(_OUTCOME),
            "ignored?": {"const": True},
        },
    ),
    "MatrixVersion": closed(
        {
            "number": TEXT,
            "branch": {"type": ["string", "null"]},
            "branches": many(ref("NamedLatest")),
            "branchVersions": many(ref("NamedLatest")),
            "environments": many(ref("ShortEnvironment")),
            "tags": many(ref("NamedLatest")),
            **SELF,
        },
    ),
    "Integrations": closed(
        {
            **embedded({"integrations": many(ref("Integration"))}),
            **PAGED,
            "_links": links("self", "next?", "previous?"),
        },
    ),
    "Integration": closed(
        {
            "consumer": closed({"name": TEXT}),
            "provider": closed({"name": TEXT}),
            "_links": links("pb:dashboard", "pb:matrix", "pb:group", "pb:delete_integration"),
        },
    ),
    "Dashboard": closed({"items": many(ref("DashboardItem")), **PAGED, "_links?": links("next?", "previous?")}),
    "DashboardItem": closed(
        {
            "consumer": closed({"version": closed({**_HEADS, **SELF}), **_SIDE}),
            "provider": closed({"version": or_null(closed(_HEADS)), **_SIDE}),
            "pact": _DATED,
            "pactTags": many(ref("NamedLatest")),
            "latestVerificationResult": or_null(_OUTCOME),
            "latestVerificationResultTags": many(ref("NamedLatest")),
            "verificationStatus": one_of("never", "success", "stale", "failed", "failed_pending"),
            "webhookStatus": one_of("none", "notrun", "success", "retrying", "failure"),
            "latestWebhookExecution": or_null(closed({"triggeredAt": MOMENT})),
            "_links": links("pb:webhook-status"),
        },
    ),
}

_PAIR = "/pacts/provider/{provider}/consumer/{consumer}"
_CONTENT = _PAIR + "/pact-version/{sha}"
_RESULT = _CONTENT + "/verification-results/{number}"
_SHOWN = shows(ref("Result"), 404)
_PUBLISHES = makes(ref("Result"), ref("NewResult"), 400, 404)
_PICTURES = {
    200: Answer(None, ("image/svg+xml",), (), "The picture, where the broker draws badges itself."),
    307: Answer(ref("ErrorText"), ("image/svg+xml", HAL), (LOCATION,), "The picture is elsewhere."),
}
_BADGE = Operation(_PICTURES, (400,))
_LABELLED = Operation(
    _BADGE.answers,
    (400,),
    (
        Query("label", "`consumer` or `provider` for only that name."),
        Query("initials", "Shorten names to their initials.", TRUE),
    ),
)
_DEPLOYABLE = Operation(_BADGE.answers, (400,), (Query("label", "A text in the place of can-i-deploy."),))
_QUESTION = (
    Query(
        "q[][pacticipant]",
        "A pacticipant. This key, given again, opens the next selector; the order carries meaning.",
        TEXTS,
        required=True,
    ),
    Query("q[][version]", "The selector's version number.", TEXTS),
    Query("q[][latest]", "Only the newest of the versions.", FLAGS),
    Query("q[][tag]", "Versions with this tag.", TEXTS),
    Query("q[][branch]", "Versions on this branch.", TEXTS),
    Query("q[][environment]", "Versions in this environment.", TEXTS),
    Query("q[][mainBranch]", "Versions on the main branch.", FLAGS),
    Query("ignore[][pacticipant]", "A pacticipant whose rows do not count.", TEXTS),
    Query("ignore[][version]", "Only this version of it.", TEXTS),
    Query("latest", "Look for the newest versions of all others.", TRUE),
    Query("tag", "Look for versions of the others with this tag."),
    Query("environment", "Look for versions of the others in this environment."),
    Query("mainBranch", "Look for versions of the others on their main branches.", TRUE),
    Query("latestby", "Keep the newest row of each consumer (version) and provider (version).", one_of("cvpv", "cvp", "cp")),
    Query("success", "Only rows with this outcome: `true`, `false`; every other text means unknown."),
    Query("success[]", "Several outcomes.", TEXTS),
    Query("limit", "How many rows at most.", {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}),
)
_TO = (
    Query("pacticipant", "What is to be deployed.", required=True),
    Query("version", "Its version.", required=True),
    Query("environment", "Where to; either this or `to`."),
    Query("to", "Beside the newest versions with this tag."),
    Query("ignore[]", "A pacticipant that does not count.", TEXTS),
    Query("ignore[][pacticipant]", "A pacticipant that does not count.", TEXTS),
    Query("ignore[][version]", "Only this version of it.", TEXTS),
)

OPERATIONS: Operations = {
    f"POST {_CONTENT}/verification-results": _PUBLISHES,
    f"POST {_CONTENT}/metadata/{{meta}}/verification-results": _PUBLISHES,
    f"GET {_CONTENT}/verification-results/latest": _SHOWN,
    f"GET {_RESULT}": _SHOWN,
    f"DELETE {_RESULT}": removes(404),
    f"GET {_RESULT}/interaction-results": shows(ref("InteractionResults"), 404),
    f"GET {_RESULT}/triggered-webhooks": shows(ref("TriggeredWebhooks"), 404),
    f"GET {_PAIR}/version/{{number}}/verification-results/latest": _SHOWN,
    f"GET {_PAIR}/latest/verification-results/latest": _SHOWN,
    "GET /verification-results/consumer/{consumer}/version/{number}/latest": shows(ref("ResultsOfVersion"), 404),
    "GET /matrix": shows(ref("Matrix"), 400, query=_QUESTION),
    "GET /matrix/provider/{provider}/consumer/{consumer}": shows(ref("Matrix"), 404),
    "GET /can-i-deploy": shows(ref("Matrix"), 400, query=_TO),
    "GET /pacticipants/{name}/latest-version/{tag}/can-i-deploy/to/{to}": shows(ref("Matrix"), 404),
    "GET /pacticipants/{name}/branches/{branch}/latest-version/can-i-deploy/to-environment/{environment}": shows(
        ref("Matrix"), 404
    ),
    "GET /pacticipants/{name}/main-branch/can-i-merge/badge": _DEPLOYABLE,
    f"GET {_PAIR}/latest/badge": _LABELLED,
    f"GET {_PAIR}/latest/{{tag}}/badge": _LABELLED,
    f"GET {_PAIR}/latest-untagged/badge": _LABELLED,
    "GET /matrix/provider/{provider}/latest/{tag}/consumer/{consumer}/latest/{to}/badge": Operation(_BADGE.answers),
    "GET /pacticipants/{name}/latest-version/{tag}/can-i-deploy/to/{to}/badge": _DEPLOYABLE,
    "GET /pacticipants/{name}/branches/{branch}/latest-version/can-i-deploy/to-environment/{environment}/badge": _DEPLOYABLE,
    "GET /integrations": shows(ref("Integrations"), 400, query=(SEARCH, *PAGE)),
    "DELETE /integrations": removes(),
    "DELETE /integrations/provider/{provider}/consumer/{consumer}": removes(404),
    "GET /groups/{name}": shows(
        None, 400, query=(Query("maxPacticipants", "Stop looking on at so many; 150 without it."),), media=(CSV,)
    ),
    "GET /dashboard": shows(ref("Dashboard"), 400, query=PAGE),
    "GET /dashboard/provider/{provider}/consumer/{consumer}": shows(ref("Dashboard"), 404),
}
