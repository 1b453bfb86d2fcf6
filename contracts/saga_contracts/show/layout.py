"""Places the nodes of a small directed graph in columns: a layered layout (pure).

Each node stands in the column after its latest predecessor. An edge that spans several columns gets an empty place in each column
between, so that it does not run through a node. Within a column the nodes are ordered by the middle of their neighbours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[str, str]
_SWEEPS = 4
_THIN = 22.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A placed graph.

    Attributes:
        places: Each node's place.
        routes: For each edge the empty places that it goes through, from left to right.
        width: Of the whole, in pixels.
        height: Of the whole, in pixels.
    """

    places: Mapping[str, Place]
    routes: Mapping[Edge, tuple[Place, ...]]
    width: float
    height: float


def place(
    sizes: Mapping[str, tuple[float, float]], edges: Sequence[Edge], gap_x: float = 96, gap_y: float = 30, thin: float = _THIN
) -> Layout:
    """Place a graph without circles.

    Args:
        sizes: Width and height of each node, in the order in which nodes of one column start.
        edges: Pairs of nodes, from left to right.
        gap_x: Pixels between two columns.
        gap_y: Pixels between two nodes of a column.
        thin: Height of the empty place that an edge goes through, in pixels.
    """
    column_of = _columns(list(sizes), edges)
    empties, pieces = _split(edges, column_of)
    all_sizes = {**sizes, **{name: (0.0, thin) for route in empties.values() for name, _ in route}}
    all_columns = {**column_of, **dict(one for route in empties.values() for one in route)}
    columns = _ordered(all_columns, pieces)
    places, width, height = _placed(columns, all_sizes, gap_x, gap_y)
    routes = {edge: tuple(places[name] for name, _ in route) for edge, route in empties.items()}
    return Layout({name: places[name] for name in sizes}, routes, width, height)


def _columns(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    before: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        before[target].append(source)
    found: dict[str, int] = {}
    for _ in names:
        for name in names:
            if name not in found and all(one in found for one in before[name]):
                found[name] = max((found[one] + 1 for one in before[name]), default=0)
    return {name: found.get(name, 0) for name in names}


def _split(edges: Sequence[Edge], column_of: Mapping[str, int]) -> tuple[dict[Edge, list[tuple[str, int]]], list[Edge]]:
    """Cut edges that span several columns into pieces; give the empty places of each edge, and all pieces."""
    empties: dict[Edge, list[tuple[str, int]]] = {}
    pieces: list[Edge] = []
    for edge in edges:
        source, target = edge
        between = range(column_of[source] + 1, column_of[target])
        empties[edge] = [(f"\0{source}\0{target}\0{column}", column) for column in between]
        chain = [source, *(name for name, _ in empties[edge]), target]
        pieces.extend(pairwise(chain))
    return empties, pieces


def _ordered(column_of: Mapping[str, int], pieces: Sequence[Edge]) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(max(column_of.values(), default=-1) + 1)]
    for name, number in column_of.items():
        columns[number].append(name)
    neighbours: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in column_of}
    for source, target in pieces:
        neighbours[target][0].append(source)
        neighbours[source][1].append(target)
    at = {name: row for column in columns for name, row in _rows(column)}
    for sweep in range(_SWEEPS):
        side = sweep % 2
        for column in columns[:: -1 if side else 1]:
            column.sort(key=lambda name: _middle([at[one] for one in neighbours[name][side]], at[name]))
            at.update(_rows(column))
    return columns


def _rows(column: Sequence[str]) -> Iterator[tuple[str, float]]:
    for row, name in enumerate(column):
        yield name, (row + 0.5) / len(column)


def _middle(rows: Sequence[float], otherwise: float) -> float:
    return sum(rows) / len(rows) if rows else otherwise


def _placed(
    columns: Sequence[Sequence[str]], sizes: Mapping[str, tuple[float, float]], gap_x: float, gap_y: float
) -> tuple[dict[str, Place], float, float]:
    heights = [sum(sizes[name][1] for name in column) + gap_y * (len(column) - 1) for column in columns]
    height = max(heights, default=0.0)
    places: dict[str, Place] = {}
    x = 0.0
    for column, tall in zip(columns, heights, strict=True):
        wide = max((sizes[name][0] for name in column), default=0.0)
        y = (height - tall) / 2
        for name in column:
            places[name] = Place(x + (wide - sizes[name][0]) / 2, y, *sizes[name])
            y += sizes[name][1] + gap_y
        x += wide + gap_x
    return places, x - gap_x if columns else 0.0, height
