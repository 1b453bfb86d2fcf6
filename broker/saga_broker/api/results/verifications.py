"""Results of verifications: publishing them and reading them."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts import metadata
from saga_broker.acts.events.announcing import announce_result
from saga_broker.acts.tagging import made_on_the_way
from saga_broker.api.contracts.pacts import PAIR, by_content, existing_pact
from saga_broker.api.reading.call import Anything, Call, Hal, calling, no_content, respond
from saga_broker.api.reading.fields import Faults, address, boolean, filled, not_blank, one_line, text
from saga_broker.http.errors import NotFoundError, RefusedError
from saga_broker.http.hal import link
from saga_broker.http.media import HAL, JSON
from saga_broker.pact.interaction_results import read as read_interactions
from saga_broker.rows import Publication, Verification
from saga_broker.store import pacts as pact_store
from saga_broker.store import triggered as triggered_store
from saga_broker.store import verifications as store
from saga_broker.store import versions as version_store
from saga_broker.store.pacts import Which
from saga_broker.store.verifications import NewVerification
from saga_broker.views import verification as views
from saga_broker.views.webhook import triggered_list
from saga_contracts.wire import exact

router = APIRouter(tags=["verification results"])
ResultCall = Annotated[Call, calling(offers=(HAL, JSON))]
NewResultCall = Annotated[Call, calling(offers=(HAL, JSON), takes=(JSON,))]
CONTENT = PAIR + "/pact-version/{sha:seg}"
MAX_DIGITS = 18


@router.post(CONTENT + "/verification-results", status_code=201)
def publish(provider: str, consumer: str, sha: str, call: NewResultCall) -> Response:
    """Publish the result of a verification."""
    return _published(call, provider, consumer, sha, None)


@router.post(CONTENT + "/metadata/{meta:seg}/verification-results", status_code=201)
def publish_with_metadata(provider: str, consumer: str, sha: str, meta: str, call: NewResultCall) -> Response:
    """Publish the result of a verification of a pact that was chosen for verification."""
    return _published(call, provider, consumer, sha, meta)


@router.get(CONTENT + "/verification-results/latest")
def show_latest_of_content(provider: str, consumer: str, sha: str, call: ResultCall) -> Response:
    """Show the last result of a content."""
    with call.read() as connection:
        return _latest(call, connection, existing_pact(connection, Which(consumer, provider, sha=sha)))


@router.get(CONTENT + "/verification-results/{number:seg}")
@router.get(CONTENT + "/metadata/{meta:seg}/verification-results/{number:seg}", include_in_schema=False)
def show(provider: str, consumer: str, sha: str, number: str, call: ResultCall, meta: str | None = None) -> Response:
    """Show a result."""
    if number == "all":
        raise RefusedError(404, "To see all the verifications for a pact, use the Matrix page")
    with call.read() as connection:
        result = existing_result(connection, provider, consumer, sha, number)
        pact = by_content(connection, provider, consumer, sha, metadata.decode(meta))
    return _shown(call, result, pact)


@router.delete(CONTENT + "/verification-results/{number:seg}", status_code=204)
def remove(provider: str, consumer: str, sha: str, number: str, call: Anything) -> Response:
    """Delete a result."""
    with call.write() as connection:
        store.remove(connection, existing_result(connection, provider, consumer, sha, number))
    return no_content()


@router.get(CONTENT + "/verification-results/{number:seg}/interaction-results")
def list_interactions(provider: str, consumer: str, sha: str, number: str, call: ResultCall) -> Response:
    """Tell how the verification of each interaction of the pact ended, whichever client published it."""
    with call.read() as connection:
        result = existing_result(connection, provider, consumer, sha, number)
        pact = exact.loads(pact_store.content(connection, result.content_id))
    found = read_interactions(exact.loads(result.test_results) if result.test_results is not None else None, pact)
    return respond(views.interactions(call.links, result, found), media_type=call.media_type)


@router.get(CONTENT + "/verification-results/{number:seg}/triggered-webhooks")
def list_triggered_webhooks(provider: str, consumer: str, sha: str, number: str, call: Hal) -> Response:
    """List the calls of webhooks that a result asked for, the newest first."""
    with call.read() as connection:
        result = existing_result(connection, provider, consumer, sha, number)
        found = triggered_store.of_verification(connection, result.id)
    own = f"{views.href_of(call.links, result)}/triggered-webhooks"
    title = f"Webhooks triggered by the publication of verification result {result.id}"
    return respond(triggered_list(call.links, found, own, title))


@router.get(PAIR + "/version/{number:seg}/verification-results/latest")
def show_latest_of_version(provider: str, consumer: str, number: str, call: ResultCall) -> Response:
    """Show the last result of the content of a consumer version."""
    with call.read() as connection:
        return _latest(call, connection, existing_pact(connection, Which(consumer, provider, number)))


@router.get(PAIR + "/latest/verification-results/latest")
@router.get(PAIR + "/latest/{tag:seg}/verification-results/latest", include_in_schema=False)
def show_latest(provider: str, consumer: str, call: ResultCall, tag: str | None = None) -> Response:
    """Show the last result of the newest pact; a tag in the path is not looked at, as in the Pact Broker."""
    del tag
    with call.read() as connection:
        return _latest(call, connection, existing_pact(connection, Which(consumer, provider)))


@router.get("/verification-results/consumer/{consumer:seg}/version/{number:seg}/latest")
def show_of_consumer_version(consumer: str, number: str, call: Hal) -> Response:
    """Show the last result for each pact of a consumer version."""
    with call.read() as connection:
        if version_store.find(connection, consumer, number) is None:
            raise NotFoundError
        pacts = sorted(pact_store.listing(connection, Which(consumer, number=number)), key=lambda pact: pact.provider)
        results = store.latest_of_contents(connection, [pact.content_id for pact in pacts])
        shown = [(results[pact.content_id], pact) for pact in pacts if pact.content_id in results]
    summary: dict[str, list[str]] = {"successful": [], "failed": [], "unknown": []}
    for pact in pacts:
        result = results.get(pact.content_id)
        kind = "unknown" if result is None else "successful" if result.success else "failed"
        summary[kind].append(pact.provider)
    own = f"{call.links.url('verification-results', 'consumer', consumer, 'version', number)}/latest"
    title = f"Latest verification results for consumer {consumer} version {number}"
    document = {
        "success": bool(pacts) and len(summary["successful"]) == len(pacts),
        "providerSummary": summary,
        "_embedded": {"verificationResults": [views.verification(call.links, *pair) for pair in shown]},
        "_links": {"self": link(own, title)},
    }
    return respond(document)


def _published(call: Call, provider: str, consumer: str, sha: str, meta: str | None) -> Response:
    body = call.object()
    number = _checked(body)
    decoded = metadata.decode(meta)
    with call.write() as connection:
        pact = existing_pact(connection, Which(consumer, provider, sha=sha))
        version = made_on_the_way(connection, provider, number)
        new = NewVerification(
            success=body["success"],
            build_url=body.get("buildUrl"),
            test_results=body.get("testResults"),
            verified_by=body.get("verifiedBy"),
            wip=decoded.wip,
            pact_pending=decoded.pending,
            consumer_version_numbers=_selected(connection, decoded),
        )
        result = store.record(connection, pact, version, new)
        pact_store.touch_integrations(connection, [(pact.consumer_id, pact.provider_id)])
        announce_result(connection, call.settings, call.links.base, pact, result, decoded)
    location = views.href_of(call.links, result)
    return respond(views.verification(call.links, result, pact), 201, location=location, media_type=call.media_type)


def _checked(body: dict[str, Any]) -> str:
    faults = Faults()
    faults.check(body, "success", boolean, required=True, null=False)
    number = faults.check(body, "providerApplicationVersion", text, filled, not_blank, one_line, required=True, null=False)
    faults.check(body, "buildUrl", address)
    faults.raise_any()
    return str(number)


def _selected(connection: Connection, decoded: metadata.Metadata) -> tuple[str, ...]:
    if decoded.number is not None:
        return (decoded.number,)
    found = version_store.find_by_ids(connection, list(decoded.version_ids))
    return tuple(found[version_id].number for version_id in sorted(found))


def _latest(call: Call, connection: Connection, pact: Publication) -> Response:
    found = store.latest_of_contents(connection, [pact.content_id])
    if not found:
        raise NotFoundError
    return _shown(call, found[pact.content_id], pact)


def _shown(call: Call, result: Verification, pact: Publication) -> Response:
    """Write a result; a header tells where those of its interactions are, since clients know the document's own links."""
    headers = {"Link": f'<{views.interactions_href(call.links, result)}>; rel="saga:interaction-results"'}
    return respond(views.verification(call.links, result, pact), media_type=call.media_type, headers=headers)


def existing_result(connection: Connection, provider: str, consumer: str, sha: str, number: str) -> Verification:
    """Give the result of a path.

    Raises:
        NotFoundError: There is none.
    """
    found = store.find(connection, int(number)) if number.isdecimal() and len(number) <= MAX_DIGITS else None
    if found is None or (found.consumer, found.provider, found.sha) != (consumer, provider, sha):
        raise NotFoundError
    return found
