"""One pact: by its consumer version, by its content, and the latest of several kinds."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts import metadata
from saga_broker.acts.events.announcing import announce_pact
from saga_broker.acts.publishing import Incoming, likely_duplicates, refuse_conflicts, store_pact
from saga_broker.acts.tagging import made_on_the_way
from saga_broker.api.reading.call import Call, HalJson, calling, respond
from saga_broker.api.reading.fields import Faults
from saga_broker.http.errors import ConflictError, NotFoundError, RefusedError
from saga_broker.http.hal import Document, dump, header_text, moment, present
from saga_broker.http.media import EXTENDED_PACT, HAL, JSON, TEXT
from saga_broker.pact.content import with_ids
from saga_broker.rows import Publication
from saga_broker.store import pacts as store
from saga_broker.store import tags as tag_store
from saga_broker.store import versions as version_store
from saga_broker.store.pacts import Which
from saga_broker.views.pact import after_removal, pact_links
from saga_contracts.wire import exact

router = APIRouter(tags=["pacts"])
PactCall = Annotated[Call, calling(offers=(HAL, JSON, EXTENDED_PACT))]
PAIR = "/pacts/provider/{provider:seg}/consumer/{consumer:seg}"


def existing_pact(connection: Connection, which: Which) -> Publication:
    """Give the newest publication of the kind.

    Raises:
        NotFoundError: There is none.
    """
    found = store.newest(connection, which)
    if found is None:
        raise NotFoundError
    return found


def by_content(connection: Connection, provider: str, consumer: str, sha: str, meta: metadata.Metadata) -> Publication:
    """Give the publication of a content: that of the consumer version in the metadata, else the newest.

    Raises:
        NotFoundError: No publication has this content.
    """
    if meta.number is not None or meta.version_ids:
        for candidate in store.listing(connection, Which(consumer, provider, sha=sha)):
            if candidate.number == meta.number or candidate.version_id in meta.version_ids:
                return candidate
    return existing_pact(connection, Which(consumer, provider, sha=sha))


@router.get(PAIR + "/version/{number:seg}")
@router.get(PAIR + "/versions/{number:seg}", include_in_schema=False)
def show(provider: str, consumer: str, number: str, call: PactCall) -> Response:
    """Show the pact of a consumer version."""
    with call.read() as connection:
        return answer(call, connection, existing_pact(connection, Which(consumer, provider, number)))


@router.put(PAIR + "/version/{number:seg}")
@router.put(PAIR + "/versions/{number:seg}", include_in_schema=False)
def put(provider: str, consumer: str, number: str, call: HalJson) -> Response:
    """Publish a pact under a consumer version."""
    return _stored(call, provider, consumer, number, merge=False)


@router.patch(PAIR + "/version/{number:seg}")
@router.patch(PAIR + "/versions/{number:seg}", include_in_schema=False)
def merge(provider: str, consumer: str, number: str, call: HalJson) -> Response:
    """Merge interactions into the pact of a consumer version."""
    return _stored(call, provider, consumer, number, merge=True)


@router.delete(PAIR + "/version/{number:seg}")
@router.delete(PAIR + "/versions/{number:seg}", include_in_schema=False)
def remove(provider: str, consumer: str, number: str, call: PactCall) -> Response:
    """Delete the pact of a consumer version, with all its revisions."""
    with call.write() as connection:
        store.remove(connection, [existing_pact(connection, Which(consumer, provider, number))])
        left = store.newest(connection, Which(consumer, provider))
    return respond(after_removal(call.links, consumer, provider, has_more=left is not None))


@router.get(PAIR + "/pact-version/{sha:seg}")
def show_content(provider: str, consumer: str, sha: str, call: PactCall) -> Response:
    """Show a pact by its content sha."""
    return _content(call, provider, consumer, sha, None)


@router.get(PAIR + "/pact-version/{sha:seg}/metadata/{meta:seg}")
def show_content_with_metadata(provider: str, consumer: str, sha: str, meta: str, call: PactCall) -> Response:
    """Show a pact by its content sha; the metadata says why it was chosen."""
    return _content(call, provider, consumer, sha, meta)


@router.get(PAIR + "/latest")
def show_latest(provider: str, consumer: str, call: PactCall) -> Response:
    """Show the pact of the newest consumer version."""
    return show_newest(call, Which(consumer, provider))


@router.get(PAIR + "/latest/{tag:seg}")
def show_latest_with_tag(provider: str, consumer: str, tag: str, call: PactCall) -> Response:
    """Show the pact of the newest consumer version with a tag."""
    return show_newest(call, Which(consumer, provider, tag=tag))


@router.get(PAIR + "/latest-untagged")
def show_latest_untagged(provider: str, consumer: str, call: PactCall) -> Response:
    """Show the pact of the newest consumer version without a tag."""
    return show_newest(call, Which(consumer, provider, untagged=True))


@router.get(PAIR + "/branch/{branch:seg}/latest")
def show_latest_on_branch(provider: str, consumer: str, branch: str, call: PactCall) -> Response:
    """Show the pact of the newest consumer version on a branch that has one."""
    return show_newest(call, Which(consumer, provider, branch=branch))


@router.get(PAIR + "/version/{number:seg}/previous-distinct")
def show_previous_distinct(provider: str, consumer: str, number: str, call: PactCall) -> Response:
    """Show the newest older pact with another content."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, number))
        found = previous_distinct(connection, own)
        if found is None:
            raise NotFoundError
        return answer(call, connection, found)


def previous_distinct(connection: Connection, pact: Publication) -> Publication | None:
    """Find the newest older pact with another content."""
    older = store.listing(connection, Which(pact.consumer, pact.provider, before=pact.version_id))
    return next((one for one in older if one.sha != pact.sha), None)


def show_newest(call: Call, which: Which) -> Response:
    """Show the newest pact of a kind; the consumer version stands in a header."""
    with call.read() as connection:
        found = existing_pact(connection, which)
        tag = "untagged" if which.untagged else which.tag
        carried = [("cvt[]", tag)] if tag else []
        return answer(call, connection, found, meta=metadata.encode([*carried, ("cv", found.version_id)]), is_chosen=False)


def answer(
    call: Call, connection: Connection, pact: Publication, status: int = 200, meta: str | None = None, *, is_chosen: bool = True
) -> Response:
    """Write a pact: its own JSON with ids, and the broker's links."""
    document = exact.loads(store.content(connection, pact.content_id))
    headers = {"X-Pact-Consumer-Version": header_text(pact.number)}
    chosen = _chosen_numbers(connection, metadata.decode(meta)) if is_chosen else []
    links = pact_links(call.links, pact, meta, chosen)
    if call.media_type == EXTENDED_PACT:
        extended = _extended(connection, pact, document)
        return respond({**extended, "_links": links}, status, media_type=EXTENDED_PACT, headers=headers)
    shown = with_ids(document)
    body = shown if isinstance(shown, dict) else {"contract": shown}
    written = {**body, "createdAt": moment(pact.created_at), "_links": links}
    return respond(written, status, media_type=call.media_type, headers=headers)


def _chosen_numbers(connection: Connection, meta: metadata.Metadata) -> list[str]:
    if meta.number is not None:
        return [meta.number]
    found = version_store.find_by_ids(connection, list(meta.version_ids))
    return [found[version_id].number for version_id in sorted(found)]


def _extended(connection: Connection, pact: Publication, document: Any) -> Document:
    tags = tag_store.of_versions(connection, [pact.version_id]).get(pact.version_id, [])
    return {
        "createdAt": moment(pact.created_at),
        "contract": with_ids(document),
        "_embedded": {"tags": [present({"name": tag.name, "latest": tag.latest}) for tag in tags]},
    }


def _content(call: Call, provider: str, consumer: str, sha: str, meta: str | None) -> Response:
    decoded = metadata.decode(meta)
    with call.read() as connection:
        return answer(call, connection, by_content(connection, provider, consumer, sha, decoded), meta=meta)


def _stored(call: Call, provider: str, consumer: str, number: str, *, merge: bool) -> Response:
    call = call.unmarked()
    document = call.object()
    _check_names(document, provider, consumer)
    whole = not call.settings.base_equality_only_on_content_that_affects_verification_results
    raw = dump(document) if merge or whole else call.raw
    pact = Incoming(consumer, provider, raw, document, merge, whole)
    with call.write() as connection:
        duplicates = likely_duplicates(connection, call.settings, [consumer, provider], call.links.base)
        if duplicates:
            raise RefusedError(409, "\n".join(duplicates), TEXT)
        if not merge:
            refuse_conflicts_of_one(call, connection, number, pact)
        is_new = store.newest(connection, Which(consumer, provider, number)) is None
        version = made_on_the_way(connection, consumer, number)
        outcome = store_pact(connection, version, pact)
        published = outcome.publication
        store.touch_integrations(connection, [(published.consumer_id, published.provider_id)])
        announce_pact(connection, call.settings, call.links.base, published, is_stored=outcome.stored, told={})
        return answer(call, connection, outcome.publication, 201 if is_new else 200)


def refuse_conflicts_of_one(call: Call, connection: Connection, number: str, pact: Incoming) -> None:
    """Refuse a pact that would change what is stored under this consumer version."""
    try:
        refuse_conflicts(connection, call.settings, number, [pact])
    except ConflictError as error:
        raise RefusedError(409, str(error)) from error


def _check_names(document: dict[str, Any], provider: str, consumer: str) -> None:
    faults = Faults()
    for role, expected in (("consumer", consumer), ("provider", provider)):
        holder = document.get(role)
        inside = holder.get("name") if isinstance(holder, dict) else None
        if inside is not None and inside != expected:
            faults.add(f"{role}.name", f"name in pact '{inside}' does not match name in URL path '{expected}'.")
    faults.raise_any()
