"""The dashboard: how the newest pact of a pair stands, the newest with each tag, and those that are live somewhere."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.standing import status, status_of_calls
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call, Hal, respond
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.hal import Document, link, moment
from saga_broker.rows import BranchVersion, Publication, Tag, Verification
from saga_broker.store import branches as branch_store
from saga_broker.store import integrations as integration_store
from saga_broker.store import tags as tag_store
from saga_broker.store import triggered as triggered_store
from saga_broker.store import verifications as verification_store
from saga_broker.store import webhooks as webhook_store
from saga_broker.store.questions import standing
from saga_broker.views import pact as pact_views
from saga_broker.webhooks.model import Webhook

router = APIRouter(tags=["integrations"])


@router.get("/dashboard")
def show_all(call: Hal) -> Response:
    """Show how the pacts of every pair stand, the last changed pairs first when only a part is asked for."""
    page = page_of(call)
    with call.read() as connection:
        pairs, total = integration_store.listing(connection, None, page)
        document: Document = {"items": _items(call, connection, standing.heads(connection, pairs))}
    if page is not None:
        document = with_page({**document, "_links": {}}, page, total, call.links.url("dashboard"), call)
    return respond(document)


@router.get("/dashboard/provider/{provider:seg}/consumer/{consumer:seg}")
def show(provider: str, consumer: str, call: Hal) -> Response:
    """Show how the pacts of a pair stand."""
    with call.read() as connection:
        existing(connection, consumer, "consumer")
        existing(connection, provider, "provider")
        pairs = standing.pair(connection, consumer, provider)
        return respond({"items": _items(call, connection, standing.heads(connection, pairs))})


def _items(call: Call, connection: Connection, pacts: list[Publication]) -> list[Document]:
    results = verification_store.latest_of_contents(connection, [pact.content_id for pact in pacts])
    row_ids = [pact.version_id for pact in pacts] + [result.provider_version_id for result in results.values()]
    branches, tags = branch_store.of_versions(connection, row_ids), tag_store.of_versions(connection, row_ids)
    calls, webhooks = (
        triggered_store.standing_of_pairs(connection, {pact.consumer_id for pact in pacts}),
        webhook_store.listing(connection),
    )
    return [
        {
            **_item(call, pact, results.get(pact.content_id), branches, tags),
            **_webhooks(pact, webhooks, calls.get((pact.consumer_id, pact.provider_id), [])),
        }
        for pact in pacts
    ]


def _webhooks(pact: Publication, webhooks: list[Webhook], calls: list[tuple[str, datetime]]) -> Document:
    word, last = status_of_calls(pact.consumer, pact.provider, webhooks, calls)
    return {"webhookStatus": word, "latestWebhookExecution": None if last is None else {"triggeredAt": moment(last)}}


def _item(
    call: Call,
    pact: Publication,
    result: Verification | None,
    branches: dict[int, list[BranchVersion]],
    tags: dict[int, list[Tag]],
) -> Document:
    links = call.links
    names = {name: link(links.pacticipant(name)) for name in pact.pair}
    own = pact_views.href_of(links, pact)
    version = _version(pact.number, branches.get(pact.version_id, []))
    version["_links"] = {"self": link(links.version(pact.consumer, pact.number))}
    provider_version = None
    provider_tags: list[Document] = []
    if result is not None:
        heads = [tag for tag in tags.get(result.provider_version_id, []) if tag.latest]
        provider_tags = [_tag(call, pact.provider, result.provider_version, tag) for tag in heads]
        provider_version = _version(result.provider_version, branches.get(result.provider_version_id, []))
    return {
        "consumer": {"name": pact.consumer, "version": version, "_links": {"self": names[pact.consumer]}},
        "provider": {
            "name": pact.provider,
            "version": provider_version,
            "_links": {"self": link(links.pacticipant(pact.provider))},
        },
        "pact": {"createdAt": moment(pact.created_at), "_links": {"self": link(own)}},
        "pactTags": [_tag(call, pact.consumer, pact.number, tag) for tag in tags.get(pact.version_id, []) if tag.latest],
        "latestVerificationResult": None if result is None else _result(own, result),
        "latestVerificationResultTags": provider_tags,
        "verificationStatus": status(pact, result),
        "_links": {
            "pb:webhook-status": link(
                f"{links.pair(pact.consumer, pact.provider)}/webhooks/status",
                f"Status of webhooks for {pact.consumer}/{pact.provider} pact",
            ),
        },
    }


def _version(number: str, branches: list[BranchVersion]) -> Document:
    heads = [branch.name for branch in branches if branch.latest]
    return {"number": number, "branch": heads[-1] if heads else None, "headBranchNames": heads}


def _result(own: str, result: Verification) -> Document:
    return {
        "success": result.success,
        "verifiedAt": moment(result.created_at),
        "_links": {"self": link(f"{own}/verification-results/latest")},
    }


def _tag(call: Call, name: str, number: str, tag: Tag) -> Document:
    return {"name": tag.name, "latest": tag.latest, "_links": {"self": link(call.links.tag(name, number, tag.name))}}
