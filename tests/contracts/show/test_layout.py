"""Where the nodes of a drawing stand: columns by order, nothing on top of another, arrows from left to right."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.show import layout
from saga_contracts.show.layout import Edge, Layout

SIZE = (100.0, 50.0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[Edge]]:
    """Nodes, and edges from earlier to later ones."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 9)))]
    edges = [pair for pair in combinations(names, 2) if draw(st.booleans())]
    return draw(st.permutations(names)), edges


def placed(names: list[str], edges: list[Edge]) -> Layout:
    return layout.place(dict.fromkeys(names, SIZE), edges)


def test_a_node_stands_in_the_column_after_its_latest_predecessor() -> None:
    found = placed(list("abcd"), [("a", "b"), ("a", "c"), ("c", "d"), ("b", "d"), ("a", "d")])
    x = {name: one.x for name, one in found.places.items()}
    assert x["a"] < x["b"] == x["c"] < x["d"]
    assert len(found.routes["a", "d"]) == 1


@given(graphs())
def test_no_two_nodes_overlap_and_all_stand_within_the_picture(graph: tuple[list[str], list[Edge]]) -> None:
    found = placed(*graph)
    for one, other in combinations(found.places.values(), 2):
        apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
        apart_y = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert apart_x or apart_y
    for one in found.places.values():
        assert one.x >= 0 <= one.y
        assert one.x + one.width <= found.width
        assert one.y + one.height <= found.height


@given(graphs())
def test_every_arrow_leads_to_the_right_and_through_no_node(graph: tuple[list[str], list[Edge]]) -> None:
    found = placed(*graph)
    for (source, target), route in found.routes.items():
        ends = [found.places[source].x + SIZE[0], *(one.x for one in route), found.places[target].x]
        assert ends == sorted(ends)
        for point in route:
            assert not any(
                one.x <= point.x <= one.x + one.width and one.y < point.middle < one.y + one.height
                for one in found.places.values()
            )


def test_an_empty_graph_has_no_size() -> None:
    assert layout.place({}, []).width == 0
