"""Integrations: which consumer has a pact with which provider."""

from typing import Annotated

from fastapi import APIRouter, Response

from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Anything, Call, calling, no_content, respond, text
from saga_broker.api.reading.paging import page_of, with_page
from saga_broker.http.hal import Document, Links, link
from saga_broker.http.media import CSV, GRAPHVIZ, HAL
from saga_broker.rows import Integration
from saga_broker.store import integrations as store
from saga_broker.views import group as views

router = APIRouter(tags=["integrations"])
GroupCall = Annotated[Call, calling(offers=(CSV,))]
ListCall = Annotated[Call, calling(offers=(GRAPHVIZ, HAL))]
MAX_DIGITS = 9


@router.get("/integrations")
def list_integrations(call: ListCall) -> Response:
    """List integrations, those with the newest contract data first; also as a graph in the dot language."""
    page = page_of(call)
    with call.read() as connection:
        rows, total = store.listing(connection, call.text("q"), page)
    if call.media_type == GRAPHVIZ:
        return text(_graph(rows), GRAPHVIZ)
    own = call.links.url("integrations")
    document = {
        "_embedded": {"integrations": [_integration(call.links, row) for row in rows]},
        "_links": {"self": link(own, "All integrations")},
    }
    return respond(with_page(document, page, total, own, call))


@router.get("/groups/{name:seg}")
def show_group(name: str, call: GroupCall) -> Response:
    """List the pacticipants that are connected with one by pacts, as CSV; empty when there are none."""
    asked = call.text("maxPacticipants") or ""
    most = int(asked[:MAX_DIGITS]) if asked.isdecimal() else views.MAX_PACTICIPANTS
    with call.read() as connection:
        found = views.connected(name, store.every(connection), most)
    return text(views.group(found), CSV)


@router.delete("/integrations", status_code=204)
def remove_all(call: Anything) -> Response:
    """Delete all integrations, with all pacts and results."""
    with call.write() as connection:
        store.remove_all(connection)
    return no_content()


@router.delete("/integrations/provider/{provider:seg}/consumer/{consumer:seg}", status_code=204)
def remove(provider: str, consumer: str, call: Anything) -> Response:
    """Delete an integration with its pacts and results."""
    with call.write() as connection:
        ids = existing(connection, consumer, "consumer").id, existing(connection, provider, "provider").id
        store.remove(connection, *ids)
    return no_content()


def _integration(links: Links, row: Integration) -> Document:
    pair = ("provider", row.provider, "consumer", row.consumer)
    return {
        "consumer": {"name": row.consumer},
        "provider": {"name": row.provider},
        "_links": {
            "pb:dashboard": link(links.url("dashboard", *pair), "BETA: Pacts to show on the dashboard"),
            "pb:matrix": link(
                links.url("matrix", *pair),
                f"Matrix of pacts/verification results for {row.consumer} and {row.provider}",
            ),
            "pb:group": link(links.pacticipant(row.consumer)),
            "pb:delete_integration": link(
                links.url("integrations", *pair),
                f"Delete the integration between {row.consumer} and {row.provider}",
            ),
        },
    }


def _graph(rows: list[Integration]) -> str:
    lines = [f"  {_quoted(row.consumer)} -> {_quoted(row.provider)}" for row in rows]
    return "\n".join(["digraph { ranksep=3; ratio=auto; overlap=false; node [ shape = plaintext ];", *lines, "}"])


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
