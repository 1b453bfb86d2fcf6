"""The start page: every integration, how it stands, and where to look further."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.standing import status_of_calls
from saga_broker.acts.surroundings import Surroundings, surroundings_of
from saga_broker.pages.frame.asking import AS_JSON, Html, Place
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.states import CALLS, STATES, State
from saga_broker.pages.frame.writing import page
from saga_broker.store import triggered as triggered_store
from saga_broker.store import webhooks as webhook_store
from saga_broker.store.questions.overview import Standing, Wish, overview

router = APIRouter(tags=["pages"])
COLUMNS = (
    Column("Consumer", "consumer"),
    Column("Provider", "provider"),
    Column("State", "status"),
    Column("Pact published", "published"),
    Column("Last verified", "verified"),
    Column("Look at"),
)


@router.get("/")
@router.get("/integrations")
@router.get("/ui/relationships")
def show(call: Html) -> Response:
    """Show all integrations with their state."""
    wanted = asked(call, (*COLUMNS, Column("", "changed")), "-changed")
    status = call.text("state") or ""
    status = status if status in STATES else ""
    with_versions = call.text("tags") not in {None, "false"}
    wish = Wish(wanted.q or call.text("search") or "", status, None, wanted.sort, wanted.descending)
    with call.read() as connection:
        rows, total = overview(connection, wish, wanted.page)
        ids = [one for row in rows for one in (row.version_id, row.provider_version_id) if one is not None]
        around = surroundings_of(connection, ids) if with_versions else Surroundings()
        calls = _calls(connection, rows)
    return page(
        call.request,
        "contracts/integrations.html",
        "Integrations",
        twin=f"{Place(call.request).root}/integrations?{AS_JSON}",
        rows=rows,
        total=total,
        asked=wanted,
        columns=COLUMNS if calls is None else (*COLUMNS[:-1], Column("Webhooks"), COLUMNS[-1]),
        calls=calls,
        states=STATES,
        status=status,
        tabs=[
            ("All", wanted.href(state="", page=1), not status),
            *((state.word.capitalize(), wanted.href(state=key, page=1), key == status) for key, state in STATES.items()),
        ],
        with_versions=with_versions,
        around=around,
    )


def _calls(connection: Connection, rows: Sequence[Standing]) -> dict[int, tuple[State | None, datetime | None]] | None:
    """Tell how the last calls of webhooks went, by integration id; None when there are no webhooks at all."""
    webhooks = webhook_store.listing(connection)
    if not webhooks:
        return None
    calls = triggered_store.standing_of_pairs(connection, {row.consumer_id for row in rows})
    found = {}
    for row in rows:
        word, last = status_of_calls(row.consumer, row.provider, webhooks, calls.get((row.consumer_id, row.provider_id), []))
        found[row.id] = CALLS.get(word), last
    return found
