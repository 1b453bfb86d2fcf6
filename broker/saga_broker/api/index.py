"""The index, from which clients learn what the broker can do, and the heartbeat."""

from fastapi import APIRouter, Response

from saga_broker.api.reading.call import Anything, Hal, respond
from saga_broker.http.hal import Document, Links, link

router = APIRouter(tags=["index"])

RELATIONS: tuple[tuple[str, str, str], ...] = (
    ("pb:publish-pact", "/pacts/provider/{provider}/consumer/{consumer}/version/{consumerApplicationVersion}", "Publish a pact"),
    ("pb:publish-contracts", "/contracts/publish", "Publish contracts"),
    ("pb:latest-pact-versions", "/pacts/latest", "Latest pact versions"),
    ("pb:tagged-pact-versions", "/pacts/provider/{provider}/consumer/{consumer}/tag/{tag}", "All versions of a pact with a tag"),
    (
        "pb:branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}",
        "All versions of a pact on a branch",
    ),
    (
        "pb:latest-branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}/latest",
        "Latest version of a pact on a branch",
    ),
    (
        "pb:main-branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch",
        "All versions of a pact on the main branch",
    ),
    (
        "pb:latest-main-branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/latest",
        "Latest version of a pact on the main branch",
    ),
    ("pb:provider-pacts-with-main-branch", "/pacts/provider/{provider}/branch", "Pacts of a provider on main branches"),
    ("pb:provider-pacts-with-branch", "/pacts/provider/{provider}/branch/{branch}", "Pacts of a provider on a branch"),
    (
        "pb:latest-provider-pacts-with-main-branch",
        "/pacts/provider/{provider}/branch/latest",
        "Latest pacts of a provider on main branches",
    ),
    (
        "pb:latest-provider-pacts-with-branch",
        "/pacts/provider/{provider}/branch/{branch}/latest",
        "Latest pacts of a provider on a branch",
    ),
    ("pb:pacticipants", "/pacticipants", "Pacticipants"),
    ("pb:pacticipant", "/pacticipants/{pacticipant}", "Fetch pacticipant by name"),
    ("pb:latest-provider-pacts", "/pacts/provider/{provider}/latest", "Latest pacts of a provider"),
    ("pb:latest-provider-pacts-with-tag", "/pacts/provider/{provider}/latest/{tag}", "Latest pacts of a provider with a tag"),
    ("pb:provider-pacts-with-tag", "/pacts/provider/{provider}/tag/{tag}", "All pacts of a provider with a tag"),
    ("pb:provider-pacts", "/pacts/provider/{provider}", "All pacts of a provider"),
    ("pb:latest-version", "/pacticipants/{pacticipant}/latest-version", "Latest version of a pacticipant"),
    (
        "pb:latest-tagged-version",
        "/pacticipants/{pacticipant}/latest-version/{tag}",
        "Latest version of a pacticipant with a tag",
    ),
    ("pb:integrations", "/integrations", "Integrations"),
    (
        "pb:pacticipant-version-tag",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "Get, create or delete a tag of a version",
    ),
    ("pb:pacticipant-branch", "/pacticipants/{pacticipant}/branches/{branch}", "Get or delete a pacticipant branch"),
    (
        "pb:pacticipant-branch-version",
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        "Get or add a version of a branch",
    ),
    ("pb:pacticipant-version", "/pacticipants/{pacticipant}/versions/{version}", "Get, create or delete a version"),
    ("pb:metrics", "/metrics", "Figures about the stored data"),
    (
        "pb:can-i-deploy-pacticipant-version-to-tag",
        "/can-i-deploy?pacticipant={pacticipant}&version={version}&to={tag}",
        "Can this version be deployed, by a tag",
    ),
    (
        "pb:can-i-deploy-pacticipant-version-to-environment",
        "/can-i-deploy?pacticipant={pacticipant}&version={version}&environment={environment}",
        "Can this version be deployed to an environment",
    ),
    ("pb:provider-pacts-for-verification", "/pacts/provider/{provider}/for-verification", "Pacts to be verified by a provider"),
    ("beta:provider-pacts-for-verification", "/pacts/provider/{provider}/for-verification", "Pacts to be verified by a provider"),
    ("pb:webhooks", "/webhooks", "Webhooks"),
    ("pb:webhook", "/webhooks/{uuid}", "Webhook"),
    ("pb:environments", "/environments", "Environments"),
    ("pb:environment", "/environments/{uuid}", "Environment"),
    ("saga:sagas", "/sagas", "Sagas"),
    ("saga:saga-version", "/sagas/{saga}/versions/{version}", "Get or publish a version of a saga"),
    ("saga:jobs", "/jobs", "Verification jobs"),
    ("saga:workers", "/workers", "Workers"),
    ("saga:announcement", "/pacticipants/{pacticipant}/versions/{version}/announcement", "How a version is started"),
    ("saga:can-run", "/sagas/{saga}/can-run?environment={environment}", "Can this saga run in an environment"),
    ("saga:can-deploy", "/can-deploy?environment={environment}", "Can versions be deployed together"),
    ("saga:what-if", "/what-if?environment={environment}", "What would become of the sagas in an environment"),
)


@router.get("/")
def show(call: Hal) -> Response:
    """Show what the broker offers."""
    return respond({"_links": _relations(call.links)})


@router.get("/diagnostic/status/heartbeat")
async def heartbeat(call: Anything) -> Response:
    """Tell that the broker runs; this needs no thread, so that it is told however many are at work."""
    own = {"self": link(call.links.url("diagnostic", "status", "heartbeat"))}
    answer = respond({"ok": True, "_links": own})
    answer.headers["content-type"] = "application/hal+json"
    return answer


@router.get("/diagnostic/status/dependencies")
def dependencies(call: Anything) -> Response:
    """Tell that the database answers; 503 when it does not."""
    with call.read():
        own = {"self": link(call.links.url("diagnostic", "status", "dependencies"))}
    answer = respond({"database": {"ok": True}, "_links": own})
    answer.headers["content-type"] = "application/hal+json"
    return answer


def _relations(links: Links) -> Document:
    found: Document = {"self": link(links.base, "Index")}
    for relation, path, title in RELATIONS:
        found[relation] = {**link(links.base + path, title), "templated": "{" in path}
    pact_curie = links.curies("index")
    beta = {"name": "beta", "href": f"{links.base}/doc/{{rel}}?context=index", "templated": True}
    saga = {"name": "saga", "href": f"{links.base}/doc/{{rel}}?context=saga", "templated": True}
    return {**found, "curies": [*pact_curie, beta, saga]}
