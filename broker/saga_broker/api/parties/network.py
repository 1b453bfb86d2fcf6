"""The network of services and sagas as data: nodes, and what joins them."""

from fastapi import APIRouter, Response

from saga_broker.acts import network as act
from saga_broker.acts.network import Edge, Network, Node
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call, Hal, respond
from saga_broker.http.errors import InvalidError
from saga_broker.http.hal import Document, link
from saga_broker.store.questions.overview import WORST_FIRST

router = APIRouter(tags=["integrations"])
DEEPEST = 3


@router.get("/network")
def show(call: Hal) -> Response:
    """Show who has a pact with whom, and which saga has a step where: 400 pacts at most, those that changed last."""
    state = call.text("state")
    if state is not None and state not in WORST_FIRST:
        raise InvalidError({"state": [f"must be one of: {', '.join(WORST_FIRST)}"]}, parameters=True)
    with call.read() as connection:
        found = act.network(connection, call.text("q") or "", state or "", with_sagas=call.text("sagas") != "no")
    return respond(_document(call, found, call.links.url("network"), "The network"))


@router.get("/pacticipants/{name:seg}/network")
def show_near(name: str, call: Hal) -> Response:
    """Show what can be reached from a pacticipant in at most `depth` steps, and the sagas that name it."""
    depth = depth_of(call)
    with call.read() as connection:
        own = existing(connection, name)
        found = act.neighbourhood(connection, own.id, name, depth)
    return respond(_document(call, found, f"{call.links.pacticipant(name)}/network", f"Around {name}"))


def depth_of(call: Call) -> int:
    """Read how many steps are asked for.

    Raises:
        InvalidError: It is no number from 1 to 3.
    """
    text = call.text("depth")
    if text is None:
        return 1
    if text not in {str(number) for number in range(1, DEEPEST + 1)}:
        raise InvalidError({"depth": [f"must be a whole number from 1 to {DEEPEST}"]}, parameters=True)
    return int(text)


def _document(call: Call, found: Network, own: str, title: str) -> Document:
    return {
        "nodes": [_node(call, node) for node in found.nodes],
        "edges": [_edge(edge) for edge in found.edges],
        "pacts": found.pacts,
        "whole": found.is_whole,
        "_links": {"self": link(own, title)},
    }


def _node(call: Call, node: Node) -> Document:
    address = call.links.url("sagas", node.name) if node.kind == act.SAGA else call.links.pacticipant(node.name)
    return {"kind": node.kind, "name": node.name, "_links": {"self": link(address, node.kind.capitalize(), node.name)}}


def _edge(edge: Edge) -> Document:
    ends = (("from", edge.source), ("to", edge.target))
    return {
        **{word: {"kind": node.kind, "name": node.name} for word, node in ends},
        "kind": edge.kind,
        "state": edge.state,
        "step": edge.label,
    }
