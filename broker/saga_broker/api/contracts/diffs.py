"""What changed between two versions of a pact."""

from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.api.contracts.pacts import PAIR, existing_pact, previous_distinct
from saga_broker.api.reading.call import Call, calling, text
from saga_broker.http.errors import RefusedError
from saga_broker.http.media import HAL, JSON, TEXT
from saga_broker.pact.diff import DiffTooLargeError, pact_diff
from saga_broker.rows import Publication
from saga_broker.store import pacts as store
from saga_broker.store.database.types import now
from saga_broker.store.pacts import Which
from saga_broker.views import diff as views
from saga_broker.views.pact import name_of
from saga_contracts.wire import exact

router = APIRouter(tags=["pacts"])
TextCall = Annotated[Call, calling(offers=(TEXT, HAL, JSON))]


@router.get(PAIR + "/version/{number:seg}/diff/previous-distinct")
def show_from_previous(provider: str, consumer: str, number: str, call: TextCall) -> Response:
    """Show what changed since the newest older pact with another content."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, number))
        previous = previous_distinct(connection, own)
        if previous is None:
            return text(f"No previous distinct version was found for {name_of(own)}")
        return _difference(call, connection, previous, own)


@router.get(PAIR + "/version/{number:seg}/diff/version/{other:seg}")
def show_between_versions(provider: str, consumer: str, number: str, other: str, call: TextCall) -> Response:
    """Show what changed from one consumer version's pact to another's."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, number))
        return _difference(call, connection, existing_pact(connection, Which(consumer, provider, other)), own)


@router.get(PAIR + "/pact-version/{sha:seg}/diff/pact-version/{other:seg}")
def show_between_contents(provider: str, consumer: str, sha: str, other: str, call: TextCall) -> Response:
    """Show what changed from one content to another."""
    with call.read() as connection:
        own = existing_pact(connection, Which(consumer, provider, sha=sha))
        return _difference(call, connection, existing_pact(connection, Which(consumer, provider, sha=other)), own)


def _difference(call: Call, connection: Connection, before: Publication, after: Publication) -> Response:
    earlier, later = (exact.loads(store.content(connection, pact.content_id)) for pact in (before, after))
    try:
        lines = pact_diff(earlier, later, call.settings.pact_content_diff_timeout_s)
    except DiffTooLargeError as error:
        raise RefusedError(408, "The pacts are too large to be compared in time.", TEXT) from error
    return text(views.difference(call.links, before, after, lines, now()))
