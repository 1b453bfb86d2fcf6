"""The network is placed whatever circles it has: every box stands alone, and every line leads from its source to its target."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from saga_broker.acts.network import PACT, SAGA, SERVICE, Edge, Node
from saga_broker.pages.network.placing import MOST_NODES, WIDTH, place

NODES = st.builds(Node, st.sampled_from([SERVICE, SAGA]), st.sampled_from("abcdefgh"))
EDGES = st.lists(st.builds(Edge, NODES, NODES, st.just(PACT), st.sampled_from(["success", "failed"])), max_size=20)


@settings(max_examples=60, deadline=None)
@given(EDGES)
def test_every_box_stands_alone_and_every_line_joins_its_ends(edges: list[Edge]) -> None:
    placed = place(edges)
    boxes = placed.places.values()
    assert not any(
        abs(a.x - b.x) < a.width and abs(a.y - b.y) < a.height for a, b in combinations(boxes, 2)
    ), "two boxes overlap"  # fmt: skip
    assert [edge for edge, _ in placed.lines] == [edge for edge in edges if edge.source != edge.target]
    for edge, points in placed.lines:
        ends = {edge.source: points[0], edge.target: points[-1]}
        for node, (x, y) in ends.items():
            box = placed.places[node]
            assert x in (box.x, box.x + WIDTH)
            assert box.y <= y <= box.y + box.height


def test_of_too_many_the_broken_ones_and_those_with_most_edges_are_placed() -> None:
    hub, broken = Node(SERVICE, "hub"), Node(SERVICE, "broken")
    edges = [Edge(Node(SERVICE, f"s{number:03}"), hub, PACT, "success") for number in range(300)]
    placed = place([*edges, Edge(broken, hub, PACT, "failed")])
    assert {hub, broken} <= placed.places.keys()
    assert (len(placed.places), placed.left_out) == (MOST_NODES, 302 - MOST_NODES)


def test_the_node_that_a_page_is_about_is_always_placed() -> None:
    hub, lonely = Node(SERVICE, "hub"), Node(SERVICE, "zz")
    edges = [Edge(Node(SERVICE, f"s{number:03}"), hub, PACT, "success") for number in range(100)]
    assert lonely in place([*edges, Edge(lonely, hub, PACT)], lonely).places
