"""The network as a drawing with a table beside it: of everything, and of what is near one pacticipant."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response

from saga_broker.acts import network as act
from saga_broker.acts.network import EXECUTES, PACT, SAGA, Edge, Network, Node
from saga_broker.api.parties.network import depth_of
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call
from saga_broker.http.hal import Links
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Asked, Column, asked
from saga_broker.pages.frame.states import STATES, State
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.pages.network.drawing import draw
from saga_broker.pages.network.placing import place
from saga_broker.pages.parties.tabs import pacticipant_crumbs, pacticipant_tabs
from saga_broker.pages.sagas.states import CELLS

router = APIRouter(tags=["pages"])
COLUMNS = (Column("From", "from"), Column("To", "to"), Column("What"), Column("State", "state"))
_ORDER = {"bad": 0, "warn": 1, "wait": 2, "none": 3, "good": 4}
_EXECUTES = State("none", "executes it", "This service runs the saga.")


@router.get("/network")
def show(call: Html) -> Response:
    """Show the network of everything."""
    wanted = asked(call, COLUMNS, "state")
    status = call.text("state") or ""
    status = status if status in STATES else ""
    with_sagas = call.text("sagas") != "no"
    with call.read() as connection:
        found = act.network(connection, wanted.q, status, with_sagas=with_sagas)
    tabs = [
        ("All", wanted.href(state="", page=1), not status),
        *((state.word.capitalize(), wanted.href(state=key, page=1), key == status) for key, state in STATES.items()),
    ]
    turned = wanted.href(sagas="no" if with_sagas else "", page=1)
    return _page(call, wanted, found, "Network", [Crumb("Network")], None, tabs=tabs, with_sagas=with_sagas, turned=turned)


@router.get("/pacticipants/{name:seg}/network")
def show_near(name: str, call: Html) -> Response:
    """Show what is near a pacticipant."""
    wanted = asked(call, COLUMNS, "state")
    depth = depth_of(call)
    with call.read() as connection:
        own = existing(connection, name)
        found = act.neighbourhood(connection, own.id, name, depth)
    here = Place(call.request)
    tabs = [
        (f"{number} step{'' if number == 1 else 's'} away", wanted.href(depth=number, page=1), number == depth)
        for number in (1, 2, 3)
    ]
    return _page(
        call,
        wanted,
        found,
        f"Around {name}",
        pacticipant_crumbs(here, name, "Network"),
        Node("service", name),
        tabs=tabs,
        own_tabs=pacticipant_tabs(here, name, "network"),
    )


def _page(
    call: Call, wanted: Asked, found: Network, title: str, crumbs: list[Crumb], here: Node | None, **values: Any
) -> Response:
    links = Place(call.request).links
    placed = place(found.edges, here)
    rows = _sorted(found.edges, wanted)
    first = wanted.page.offset
    return page(
        call.request,
        "network.html",
        title,
        crumbs,
        asked=wanted,
        found=found,
        placed=placed,
        drawing=draw(placed, lambda node: _address(links, node), lambda edge: _way(links, edge), state_of, here)
        if placed.places
        else None,
        rows=rows[first : first + wanted.page.size],
        total=len(rows),
        columns=COLUMNS,
        address=lambda node: _address(links, node),
        way=lambda edge: _way(links, edge),
        state=state_of,
        here=here,
        **{"own_tabs": None, "with_sagas": True, "turned": None, **values},
    )


def state_of(edge: Edge) -> State:
    """Give how an edge stands."""
    if edge.kind == EXECUTES:
        return _EXECUTES
    return STATES[edge.state] if edge.kind == PACT else CELLS.get(edge.state, CELLS["unproven"])


def _sorted(edges: Sequence[Edge], wanted: Asked) -> list[Edge]:
    names = {"from": lambda edge: edge.source.name.lower(), "to": lambda edge: edge.target.name.lower()}
    key = names.get(wanted.sort, lambda edge: _ORDER[state_of(edge).kind])
    return sorted(sorted(edges, key=lambda edge: (edge.source, edge.target)), key=key, reverse=wanted.descending)


def _address(links: Links, node: Node) -> str:
    return links.url("sagas", node.name) if node.kind == SAGA else links.pacticipant(node.name)


def _way(links: Links, edge: Edge) -> str:
    if edge.kind == PACT:
        return links.url("matrix", "provider", edge.target.name, "consumer", edge.source.name)
    if edge.kind == EXECUTES:
        return links.url("sagas", edge.target.name)
    return links.url("sagas", edge.source.name, "versions", edge.version, "steps", edge.label)
