"""The description of environments, deployments, releases, the index and figures. Pure."""

from saga_broker.http.media import HAL
from saga_broker.openapi.operation import Answer, Operation, Operations, Query, Schemas, makes, puts, removes, shows
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
    open_,
    or_null,
    ref,
    table,
)
from saga_broker.openapi.shared import LINE, SELF, TIMES, WORD

_ENVIRONMENT = {
    "uuid": TEXT,
    "name": TEXT,
    "displayName": TEXT,
    "production": FLAG,
    "contacts?": many(open_({"name": TEXT})),
    **TIMES,
}
_WHERE = {"pacticipant": ref("Named"), "version": ref("ShortVersion"), "environment?": ref("Environment")}
_SPAN = {"first": or_null(MOMENT), "last": or_null(MOMENT)}
_DISTRIBUTION = closed({"distribution": table(COUNT)})

SCHEMAS: Schemas = {
    "NewEnvironment": open_(
        {
            "name": WORD,
            "displayName?": or_null(LINE),
            "production": FLAG,
            "contacts?": or_null(
                many(open_({"name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00]*$"}})),
            ),
        },
    ),
    "Environment": closed(
        {
            **_ENVIRONMENT,
            "_links": links(
                *("self", "pb:currently-deployed-deployed-versions", "pb:currently-supported-released-versions"),
                "pb:environments",
            ),
        },
    ),
    "ShortEnvironment": closed({**_ENVIRONMENT, **SELF}),
    "Environments": closed(
        {**embedded({"environments": many(ref("Environment"))}), "_links": links("self", "pb:environments[]")},
    ),
    "NewDeployment": open_({"applicationInstance?": or_null(LINE), "target?": or_null(LINE)}),
    "Deployment": closed(
        {
            "uuid": TEXT,
            "currentlyDeployed": FLAG,
            "target?": TEXT,
            "applicationInstance?": TEXT,
            "undeployedAt?": MOMENT,
            **TIMES,
            "_embedded?": closed(_WHERE),
            **SELF,
        },
    ),
    "Deployments": closed({**embedded({"deployedVersions": many(ref("Deployment"))}), **SELF}),
    "Undeployment": open_({"currentlyDeployed?": {"not": {"const": True}}}),
    "Release": closed(
        {
            "uuid": TEXT,
            "currentlySupported": FLAG,
            "supportEndedAt?": MOMENT,
            **TIMES,
            "_embedded?": closed(_WHERE),
            **SELF,
        },
    ),
    "Releases": closed({**embedded({"releasedVersions": many(ref("Release"))}), **SELF}),
    "EndOfSupport": open_({"currentlySupported?": {"not": {"const": True}}}),
    "Index": closed(
        {"_links": {"type": "object", "properties": {"curies": many(ref("Link"))}, "additionalProperties": ref("Link")}}
    ),
    "Heartbeat": closed({"ok": {"const": True}, **SELF}),
    "Dependencies": closed({"database": closed({"ok": {"const": True}}), **SELF}),
    "Metrics": closed(
        {
            "interactions": closed(
                {f"latest{kind}Count": COUNT for kind in ("Interactions", "Messages", "InteractionsAndMessages")},
            ),
            "pacticipants": closed({"count": COUNT, "withMainBranchSetCount": COUNT}),
            "integrations": closed({"count": COUNT}),
            "pactPublications": closed({"count": COUNT, **_SPAN}),
            "pactVersions": closed({"count": COUNT}),
            "pactRevisionsPerConsumerVersion": _DISTRIBUTION,
            "verificationResults": closed(
                {"count": COUNT, "successCount": COUNT, "failureCount": COUNT, "distinctCount": COUNT, **_SPAN},
            ),
            "verificationResultsPerPactVersion": _DISTRIBUTION,
            "pacticipantVersions": closed(
                each(COUNT, "count", "withUserCreatedBranchCount", "withBranchCount", "withBranchSetCount"),
            ),
            "webhooks": closed({"count": COUNT}),
            "tags": closed({"count": COUNT, "distinctCount": COUNT, "distinctWithPacticipantCount": COUNT}),
            "triggeredWebhooks": closed({"count": COUNT}),
            "webhookExecutions": closed({"count": COUNT}),
            "environments": closed({"count": COUNT}),
            "deployedVersions": closed({"count": COUNT, "userCreatedCount": COUNT, "currentlyDeployedCount": COUNT}),
            "releasedVersions": closed({"count": COUNT, "currentlySupportedCount": COUNT}),
            "matrix": closed({"count": {"const": -1}}),
        },
    ),
}

_VERSION = "/pacticipants/{name}/versions/{number}"
_PACTICIPANT = Query("pacticipant", "Only this pacticipant.")

OPERATIONS: Operations = {
    "GET /environments": shows(ref("Environments"), 400, query=(Query("name", "Only the environment with this name."),)),
    "POST /environments": makes(ref("Environment"), ref("NewEnvironment"), 400),
    "GET /environments/{uuid}": shows(ref("Environment"), 404),
    "PUT /environments/{uuid}": Operation({200: Answer(ref("Environment"))}, (400, 404), (), ref("NewEnvironment")),
    "DELETE /environments/{uuid}": removes(404),
    "GET /environments/{uuid}/deployed-versions/currently-deployed": shows(
        ref("Deployments"),
        *(400, 404),
        query=(_PACTICIPANT, Query("applicationInstance", "Only this instance; empty for those without one.")),
    ),
    "GET /environments/{uuid}/released-versions/currently-supported": shows(
        ref("Releases"), 400, 404, query=(_PACTICIPANT, Query("version", "Only this version."))
    ),
    f"GET {_VERSION}/deployed-versions/environment/{{uuid}}": shows(ref("Deployments"), 404),
    f"POST {_VERSION}/deployed-versions/environment/{{uuid}}": makes(ref("Deployment"), ref("NewDeployment"), 400, 404),
    f"GET {_VERSION}/released-versions/environment/{{uuid}}": shows(ref("Releases"), 404),
    f"POST {_VERSION}/released-versions/environment/{{uuid}}": puts(ref("Release"), ANY, 404),
    "GET /deployed-versions/{uuid}": shows(ref("Deployment"), 404),
    "PATCH /deployed-versions/{uuid}": Operation({200: Answer(ref("Deployment"))}, (400, 404, 422), (), ref("Undeployment")),
    "GET /released-versions/{uuid}": shows(ref("Release"), 404),
    "PATCH /released-versions/{uuid}": Operation({200: Answer(ref("Release"))}, (400, 404, 422), (), ref("EndOfSupport")),
    "GET /": Operation({200: Answer(ref("Index"))}, stored=False),
    "GET /diagnostic/status/heartbeat": Operation({200: Answer(ref("Heartbeat"), (HAL,))}, stored=False),
    "GET /diagnostic/status/dependencies": Operation({200: Answer(ref("Dependencies"), (HAL,))}),
    "GET /metrics": shows(ref("Metrics")),
    "GET /metrics/prometheus": shows(None, media=("text/plain",)),
}
