"""The description of pacticipants, labels, versions, branches and tags. Pure."""

from saga_broker.http.media import HAL
from saga_broker.openapi.operation import (
    PAGE,
    SEARCH,
    TEXTS,
    Answer,
    Operation,
    Operations,
    Query,
    Schemas,
    makes,
    puts,
    removes,
    shows,
)
from saga_broker.openapi.shapes import TEXT, closed, embedded, links, many, open_, or_null, ref
from saga_broker.openapi.shared import ANY_ADDRESS, LINE, NAME, PAGED, SELF, TIMES, WEB_ADDRESS, WORD

_FIELDS = {
    "displayName?": or_null(NAME),
    "mainBranch?": or_null({**WORD, "pattern": r"^[^\r\n\x00 ]*[^\s\x00][^\r\n\x00 ]*$"}),
    "repositoryUrl?": or_null(WEB_ADDRESS),
    "repositoryName?": or_null(LINE),
    "repositoryNamespace?": or_null(LINE),
}
_PACTICIPANT = {
    "name": TEXT,
    "displayName?": TEXT,
    "repositoryUrl?": TEXT,
    "repositoryName?": TEXT,
    "repositoryNamespace?": TEXT,
    "mainBranch?": TEXT,
    **TIMES,
    **embedded(
        {
            "labels": many(ref("Named")),
            "latestVersion?": ref("ShortVersion"),
            "latest-version?": closed({"number": TEXT, "title": TEXT, "name": TEXT, **SELF}),
        },
    ),
    "_links": links(
        *("self", "pb:versions", "pb:branches", "pb:version", "pb:version-tag", "pb:branch-version", "pb:label", "versions"),
        *("pb:can-i-deploy-badge", "pb:can-i-deploy-branch-to-environment-badge", "curies[]"),
        extra={"pb:deployed-environments?": many(ref("DeploymentLink"))},
    ),
}
_VERSION_TAGS = many(open_({"name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00]*$"}}))

SCHEMAS: Schemas = {
    "Pacticipant": closed(_PACTICIPANT),
    "Pacticipants": closed(
        {
            **embedded({"pacticipants": many(ref("Pacticipant"))}),
            "pacticipants?": many(closed({**_PACTICIPANT, "title": TEXT})),
            **PAGED,
            "_links": links("self", "pb:pacticipants-with-label", "pb:pacticipants[]", "pacticipants[]", "next?", "previous?"),
        },
    ),
    "NewPacticipant": open_({"name": NAME, **_FIELDS}),
    "PacticipantFields": open_(_FIELDS),
    "Label": closed({"name": TEXT, **TIMES, "_links": links("self", "pacticipant")}),
    "Labels": closed(
        {**embedded({"labels": many(closed({"name": TEXT}))}), **PAGED, "_links": links("self", "next?", "previous?")},
    ),
    "Version": closed(
        {
            "number": TEXT,
            "buildUrl?": TEXT,
            **TIMES,
            **embedded({"branchVersions": many(ref("NamedLatest")), "tags": many(ref("Named"))}),
            "_links": links(
                *("self", "pb:pacticipant", "pb:tag", "pb:latest-verification-results-where-pacticipant-is-consumer"),
                *("pb:pact-versions[]", "pb:record-deployment[]?", "pb:record-release[]?", "curies[]"),
                extra={
                    "pb:deployed-environments?": many(ref("DeploymentLink")),
                    "pb:released-environments?": many(ref("ReleaseLink")),
                },
            ),
        },
    ),
    "Versions": closed(
        {
            **embedded({"versions": many(ref("Version"))}),
            **PAGED,
            "_links": links("self", "pb:pacticipant", "pb:versions[]", "pacticipant", "versions[]", "next?", "previous?"),
        },
    ),
    "VersionFields": open_(
        {
            "buildUrl?": or_null(ANY_ADDRESS),
            "tags?": or_null(_VERSION_TAGS),
            "_embedded?": {"properties": {"tags": or_null(_VERSION_TAGS)}},
        },
    ),
    "Branch": closed({"name": TEXT, **TIMES, "_links": links("self", "pb:latest-version")}),
    "Branches": closed(
        {
            **embedded({"branches": many(ref("Branch"))}),
            **PAGED,
            "_links": links("self", "pb:branches[]", "next?", "previous?"),
        },
    ),
    "BranchVersion": closed({**TIMES, "_links": links("self", "pb:branch", "pb:version")}),
    "Tag": closed({"name": TEXT, **TIMES, "_links": links("self", "version", "pacticipant")}),
    "Notices": closed({"notices": many(ref("Notice"))}),
}

_ONE = "/pacticipants/{name}"
_VERSION = _ONE + "/versions/{number}"
_BRANCH = _ONE + "/branches/{branch}"
_EXCLUDED = Query("exclude[]", "A branch that stays; may be given several times.", TEXTS)

OPERATIONS: Operations = {
    "GET /pacticipants": shows(ref("Pacticipants"), 400, query=(SEARCH, *PAGE)),
    "POST /pacticipants": makes(ref("Pacticipant"), ref("NewPacticipant"), 400),
    "GET /pacticipants/label/{label}": shows(ref("Pacticipants"), 400, query=(SEARCH, *PAGE)),
    f"GET {_ONE}": shows(ref("Pacticipant"), 404),
    f"PUT {_ONE}": Operation({200: Answer(ref("Pacticipant"))}, (400, 404), (), ref("PacticipantFields")),
    f"PATCH {_ONE}": puts(ref("Pacticipant"), ref("PacticipantFields"), 400),
    f"DELETE {_ONE}": removes(404),
    "GET /labels": shows(ref("Labels"), 400, query=PAGE),
    f"GET {_ONE}/labels/{{label}}": shows(ref("Label"), 404),
    f"PUT {_ONE}/labels/{{label}}": puts(ref("Label"), open_({}), 400),
    f"DELETE {_ONE}/labels/{{label}}": removes(404),
    f"GET {_ONE}/versions": shows(ref("Versions"), 400, 404, query=PAGE),
    f"GET {_ONE}/tags/{{tag}}/versions": shows(ref("Versions"), 400, 404, query=PAGE),
    f"GET {_ONE}/environments/{{uuid}}/versions": shows(ref("Versions"), 400, 404, query=PAGE),
    f"GET {_VERSION}": shows(ref("Version"), 404),
    f"PUT {_VERSION}": puts(ref("Version"), ref("VersionFields"), 400, located=False),
    f"PATCH {_VERSION}": puts(ref("Version"), ref("VersionFields"), 400, located=False),
    f"DELETE {_VERSION}": removes(404),
    f"GET {_ONE}/latest-version": shows(ref("Version"), 404),
    f"GET {_ONE}/latest-version/{{tag}}": shows(ref("Version"), 404),
    f"GET {_ONE}/branches": shows(ref("Branches"), 400, 404, query=(SEARCH, *PAGE)),
    f"DELETE {_ONE}/branches": Operation({202: Answer(ref("Notices"), (HAL,))}, (400, 404), (_EXCLUDED,)),
    f"GET {_BRANCH}": shows(ref("Branch"), 404),
    f"DELETE {_BRANCH}": removes(404),
    f"GET {_BRANCH}/latest-version": shows(ref("Version"), 404),
    f"GET {_BRANCH}/versions": shows(ref("Versions"), 400, 404, query=PAGE),
    f"GET {_BRANCH}/versions/{{number}}": shows(ref("BranchVersion"), 404),
    f"PUT {_BRANCH}/versions/{{number}}": puts(ref("BranchVersion"), open_({}), 400),
    f"DELETE {_BRANCH}/versions/{{number}}": removes(404),
    f"GET {_VERSION}/tags/{{tag}}": shows(ref("Tag"), 404),
    f"PUT {_VERSION}/tags/{{tag}}": puts(ref("Tag"), open_({}), 400),
    f"DELETE {_VERSION}/tags/{{tag}}": removes(404),
}
