"""The network of services and sagas: who has a pact with whom, which saga has a step where, and how each of these stands.

It is bounded: what is beyond the bound is counted, and found by a narrower question.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from saga_broker.rows import Page
from saga_broker.store import deck_results as deck_store
from saga_broker.store import integrations as integration_store
from saga_broker.store import sagas as saga_store
from saga_broker.store.questions.overview import Standing, Wish, of_ids, overview
from saga_broker.store.sagas import Outline, SagaStep

MOST_EDGES, MOST_SAGAS = 400, 100
"""So many pacts, and so many sagas, are given at most."""
SERVICE, SAGA = "service", "saga"
PACT, STEP, EXECUTES = "pact", "step", "executes"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A service or a saga.

    Attributes:
        kind: `service` or `saga`: a saga may bear a service's name.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """What joins two nodes.

    Attributes:
        kind: `pact` (source consumes target), `step` (a saga has a step at a service) or `executes` (a service runs a saga).
        state: Of a pact how it stands, as integrations do; of a step the last verdict of its deck, or `unproven`; else empty.
        label: The step's name; empty for others.
        version: The saga's newest version, for a step.
    """

    source: Node
    target: Node
    kind: str
    state: str = ""
    label: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A part of the network.

    Attributes:
        edges: Pacts first, those that changed last at the front; then sagas by name.
        pacts: How many pacts the question means; more than there are edges of them when they are too many.
        sagas: How many sagas it means.
    """

    edges: tuple[Edge, ...]
    pacts: int
    sagas: int

    @property
    def nodes(self) -> list[Node]:
        """Give every node that is joined to another."""
        return sorted({one for edge in self.edges for one in (edge.source, edge.target)})

    @property
    def is_whole(self) -> bool:
        """Is nothing left out?"""
        return self.sagas < MOST_SAGAS and sum(edge.kind == PACT for edge in self.edges) >= self.pacts


def network(connection: Connection, part: str = "", status: str = "", *, with_sagas: bool = True) -> Network:
    """Give the network, of names that hold a text, of pacts that stand in a way."""
    rows, total = overview(connection, Wish(part=part, status=status), Page(1, MOST_EDGES))
    sagas = [] if status or not with_sagas else _matching(saga_store.outlines(connection, MOST_SAGAS), connection, part)
    return _network(connection, rows, total, sagas)


def neighbourhood(connection: Connection, pacticipant_id: int, name: str, depth: int) -> Network:
    """Give what can be reached from a pacticipant in so many steps, in whatever direction, and the sagas that name it."""
    pairs = integration_store.pairs(connection)
    near = _near(pacticipant_id, [(consumer, provider) for _, consumer, provider in pairs], depth)
    chosen = [row for row, *ends in pairs if min(near.get(one, depth) for one in ends) < depth]
    rows = of_ids(connection, chosen[:MOST_EDGES])
    sagas = saga_store.outlines_naming(connection, name)[:MOST_SAGAS]
    return _network(connection, rows, len(chosen), sagas)


def _near(start: int, pairs: Iterable[tuple[int, int]], depth: int) -> dict[int, int]:
    """Give how many steps each node is away, for those that are not farther than so many."""
    beside: dict[int, set[int]] = defaultdict(set)
    for consumer, provider in pairs:
        beside[consumer].add(provider)
        beside[provider].add(consumer)
    found, edge = {start: 0}, {start}
    for steps in range(1, depth + 1):
        edge = {one for node in edge for one in beside[node]} - found.keys()
        found |= dict.fromkeys(edge, steps)
    return found


def _matching(outlines: Sequence[Outline], connection: Connection, part: str) -> list[Outline]:
    if not part:
        return list(outlines)
    steps = saga_store.steps_of(connection, [one.id for one in outlines])
    wanted = part.lower()
    return [
        one
        for one in outlines
        if any(wanted in name.lower() for name in (one.saga, one.executor, *(step.participant for step in steps.get(one.id, []))))
    ]


def _network(connection: Connection, rows: Sequence[Standing], total: int, sagas: Sequence[Outline]) -> Network:
    edges = [Edge(Node(SERVICE, row.consumer), Node(SERVICE, row.provider), PACT, row.status) for row in rows]
    steps = saga_store.steps_of(connection, [one.id for one in sagas])
    told = deck_store.last_verdicts(connection, _shas(steps.values()))
    for one in sagas:
        saga = Node(SAGA, one.saga)
        edges.append(Edge(Node(SERVICE, one.executor), saga, EXECUTES))
        edges += [_step(saga, one, step, told) for step in steps.get(one.id, [])]
    return Network(tuple(edges), total, len(sagas))


def _step(saga: Node, outline: Outline, step: SagaStep, told: Mapping[tuple[str, str], str]) -> Edge:
    state = told.get((step.sha, step.step), "unproven")
    return Edge(saga, Node(SERVICE, step.participant), STEP, state, step.step, outline.number)


def _shas(steps: Iterable[Collection[SagaStep]]) -> set[str]:
    return {step.sha for listed in steps for step in listed}
