"""Places the network from left to right: who calls stands left of whom it calls, as far as there are no circles. Pure.

Edges that would close a circle are turned round for the placing only. Of too many nodes, those with most edges are placed.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from saga_broker.acts.network import SAGA, Edge, Node
from saga_broker.store.questions.overview import FAILED
from saga_contracts.show import layout
from saga_contracts.show.layout import Layout, Place

MOST_NODES, WEIGHT_OF_BROKEN = 40, 3
"""So many nodes are drawn, since more cannot be read; an edge that does not hold counts so many times when they are chosen."""
WIDTH, HEIGHT, GAP_X, GAP_Y, AIR = 190.0, 36.0, 84.0, 2.0, 6.0
"""Of a box and of the gaps, in pixels; the air above and below a box is its own, so that lines beside each other lie close."""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A network with the places of its nodes, in pixels.

    Attributes:
        lines: For each edge that is drawn the points that it goes through, from its source to its target.
        left_out: How many nodes are not drawn.
    """

    places: dict[Node, Place]
    lines: list[tuple[Edge, list[Point]]]
    width: float
    height: float
    left_out: int


def place(edges: Sequence[Edge], keep: Node | None = None) -> Placed:
    """Place a network.

    Args:
        edges: What joins the nodes.
        keep: A node that is placed in any case.
    """
    nodes, left_out = _chosen(edges, keep)
    shown = [edge for edge in edges if edge.source in nodes and edge.target in nodes and edge.source != edge.target]
    turned = _closing(shown)
    ways = dict.fromkeys(_way(edge, turned) for edge in shown)
    names = {node: f"{node.kind} {node.name}" for node in sorted(nodes)}
    found = layout.place(
        dict.fromkeys(names.values(), (WIDTH, HEIGHT + 2 * AIR)),
        [(names[a], names[b]) for a, b in ways],
        gap_x=GAP_X,
        gap_y=GAP_Y,
        thin=4.0,
    )
    lines = [(edge, _points(edge, turned, names, found)) for edge in shown]
    places = {node: _inside(found.places[name]) for node, name in names.items()}
    return Placed(places, lines, found.width, found.height, left_out)


def _inside(place: Place) -> Place:
    return Place(place.x, place.y + AIR, place.width, place.height - 2 * AIR)


def _chosen(edges: Sequence[Edge], keep: Node | None) -> tuple[set[Node], int]:
    counted: Counter[Node] = Counter()
    for edge in edges:
        weight = WEIGHT_OF_BROKEN if edge.state in (FAILED, "broken") else 1
        counted.update({edge.source: weight, edge.target: weight})
    if keep is not None:
        counted[keep] = counted.total() + 1
    ordered = sorted(counted, key=lambda node: (-counted[node], node.kind != SAGA, node))
    return set(ordered[:MOST_NODES]), max(0, len(ordered) - MOST_NODES)


def _way(edge: Edge, turned: set[tuple[Node, Node]]) -> tuple[Node, Node]:
    pair = edge.source, edge.target
    return pair[::-1] if pair in turned else pair


def _closing(edges: Sequence[Edge]) -> set[tuple[Node, Node]]:
    """Give the edges that lead back to where a walk along edges came from; without them there is no circle."""
    after: dict[Node, list[Node]] = defaultdict(list)
    for edge in edges:
        after[edge.source].append(edge.target)
    entered = {edge.target for edge in edges}
    starts = sorted(after, key=lambda node: (node in entered, node))
    closing: set[tuple[Node, Node]] = set()
    done: set[Node] = set()
    for start in starts:
        if start not in done:
            _walk(start, after, done, closing)
    return closing


def _walk(start: Node, after: dict[Node, list[Node]], done: set[Node], closing: set[tuple[Node, Node]]) -> None:
    path = {start}
    stack = [(start, iter(sorted(after[start])))]
    while stack:
        node, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            stack.pop()
            path.discard(node)
            done.add(node)
        elif following in path:
            closing.add((node, following))
        elif following not in done:
            path.add(following)
            stack.append((following, iter(sorted(after.get(following, [])))))


def _points(edge: Edge, turned: set[tuple[Node, Node]], names: dict[Node, str], found: Layout) -> list[Point]:
    left, right = _way(edge, turned)
    start, end = found.places[names[left]], found.places[names[right]]
    route = found.routes[names[left], names[right]]
    is_turned = (edge.source, edge.target) in turned
    shift = 6.0 if is_turned else -2.0
    points = [
        (start.x + start.width, start.middle + shift),
        *((one.x, one.middle + shift) for one in route),
        (end.x, end.middle + shift),
    ]
    return points[::-1] if is_turned else points
