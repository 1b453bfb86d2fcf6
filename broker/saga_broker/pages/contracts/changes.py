"""What changed between two pacts, interaction by interaction and line by line."""

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.api.contracts.pacts import PAIR, existing_pact, previous_distinct
from saga_broker.api.reading.call import Call
from saga_broker.http.errors import RefusedError
from saga_broker.pact.diff import DiffTooLargeError
from saga_broker.pact.shown.changes import Change, changes
from saga_broker.pages.contracts.pair import pair_crumbs, pair_tabs
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.writing import page, short
from saga_broker.rows import Publication
from saga_broker.store import pacts as store
from saga_broker.store.pacts import Which
from saga_contracts.wire import exact

router = APIRouter(tags=["pages"])
MOST_CHANGES, MOST_LINES = 200, 1000


@router.get(PAIR + "/version/{number:seg}/diff/previous-distinct")
def show_from_previous(provider: str, consumer: str, number: str, call: Html) -> Response:
    """Show what changed since the newest older pact with another content."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, number))
        return _page(call, connection, previous_distinct(connection, own), own)


@router.get(PAIR + "/version/{number:seg}/diff/version/{other:seg}")
def show_between_versions(provider: str, consumer: str, number: str, other: str, call: Html) -> Response:
    """Show what changed from one consumer version's pact to another's."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, number))
        return _page(call, connection, existing_pact(connection, Which(consumer, provider, other)), own)


@router.get(PAIR + "/pact-version/{sha:seg}/diff/pact-version/{other:seg}")
def show_between_contents(provider: str, consumer: str, sha: str, other: str, call: Html) -> Response:
    """Show what changed from one content to another."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, sha=sha))
        return _page(call, connection, existing_pact(connection, Which(consumer, provider, sha=other)), own)


def _page(call: Call, connection: Connection, before: Publication | None, after: Publication) -> Response:
    found = [] if before is None else _changes(call, connection, before, after)
    place = Place(call.request)
    return page(
        call.request,
        "contracts/changes.html",
        f"Changes of the pact between {after.consumer} and {after.provider}",
        pair_crumbs(place, *after.pair, f"Changes of {short(after.number)}"),
        before=before,
        after=after,
        pair_tabs=pair_tabs(place, *after.pair, ""),
        changes=[Change(one.kind, one.title, one.lines[:MOST_LINES]) for one in found[:MOST_CHANGES]],
        left_out=max(0, len(found) - MOST_CHANGES),
    )


def _changes(call: Call, connection: Connection, before: Publication, after: Publication) -> list[Change]:
    earlier, later = (exact.loads(store.content(connection, pact.content_id)) for pact in (before, after))
    try:
        return changes(earlier, later, call.settings.pact_content_diff_timeout_s)
    except DiffTooLargeError as error:
        raise RefusedError(408, "The pacts are too large to be compared in time.") from error
