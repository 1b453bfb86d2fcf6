"""All sagas, and how each stands in every environment: side by side."""

from fastapi import APIRouter, Response

from saga_broker.acts.running import running
from saga_broker.acts.saga_overview import ordered
from saga_broker.pages.frame.asking import Html
from saga_broker.pages.frame.lists import Column, asked
from saga_broker.pages.frame.writing import page
from saga_broker.pages.sagas.states import of_running
from saga_broker.store import environments as environment_store
from saga_broker.store import sagas as store

router = APIRouter(tags=["pages"])
SIZE = 20
MOST_PLACES = 6
"""So many environments are shown beside each other; others are chosen by `environment`."""


@router.get("/sagas")
def show(call: Html) -> Response:
    """Show all sagas with their verdict in each environment."""
    columns = [Column("Saga", "saga"), Column("Newest version"), Column("Owner"), Column("Executed by")]
    wanted = asked(call, columns, "saga", size=SIZE)
    chosen = call.text("environment") or ""
    with call.read() as connection:
        every = ordered(environment_store.listing(connection))
        places = [place for place in every if place.name == chosen] or every[:MOST_PLACES]
        rows, total = store.heads(connection, wanted.q, wanted.page, descending=wanted.descending)
        found = running(connection, [row.saga for row in rows], places, call.now)
    return page(
        call.request,
        "sagas/all.html",
        "Sagas",
        rows=rows,
        total=total,
        asked=wanted,
        columns=[*columns, *(Column(place.display_name or place.name) for place in places)],
        places=places,
        found=found,
        state=of_running,
        tabs=[
            ("All environments", wanted.href(environment=""), len(places) > 1 or not chosen),
            *((place.display_name or place.name, wanted.href(environment=place.name), place.name == chosen) for place in every),
        ],
    )
