"""Draws the network as SVG: a box for each service, a rounded one for each saga, a line for each pact and step. Pure.

What does not stand well bears a sign at its line, so that colour is never all. Boxes are links that keys reach; lines are links
for the mouse only, since the table beside the drawing holds them all.
"""

from collections.abc import Callable
from itertools import pairwise

from markupsafe import Markup, escape

from saga_broker.acts.network import EXECUTES, SAGA, Edge, Node
from saga_broker.pages.frame.states import State
from saga_broker.pages.network.placing import Placed, Point

MARGIN = 16
LETTERS = 23
_SIGNS = {"bad": "✗", "warn": "!", "wait": "…"}


def draw(
    placed: Placed, address: Callable[[Node], str], way: Callable[[Edge], str], state: Callable[[Edge], State], here: Node | None
) -> Markup:
    """Draw a placed network.

    Args:
        placed: The network.
        address: Gives the address of a node's page.
        way: Gives the address of what an edge stands for.
        state: Gives how an edge stands.
        here: The node that the page is about.
    """
    width, height = round(placed.width) + 2 * MARGIN, round(placed.height) + 2 * MARGIN
    head = Markup(
        '<svg class="net" role="group" aria-label="The network as a drawing; the table below says the same in words" '
        'viewBox="0 0 {0} {1}" width="{0}" height="{1}"><defs>{2}</defs><g transform="translate({3} {3})">'
    ).format(width, height, Markup("").join(_tip(kind) for kind in ("good", "bad", "warn", "wait", "none")), MARGIN)
    lines = [_line(edge, points, way(edge), state(edge)) for edge, points in placed.lines]
    boxes = [
        _box(node, place.x, place.y, place.width, place.height, address(node), node == here)
        for node, place in placed.places.items()
    ]
    return Markup("\n").join([head, *lines, *boxes, Markup("</g></svg>")])


def _tip(kind: str) -> Markup:
    return Markup(
        '<marker id="net-{0}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="net-tip {0}" d="M 0 0 L 8 4 L 0 8 z"/></marker>'
    ).format(kind)


def _line(edge: Edge, points: list[Point], href: str, state: State) -> Markup:
    title = f"{edge.source.name} → {edge.target.name}: {_words(edge, state)}"
    dashed = " net-executes" if edge.kind == EXECUTES else ""
    path = Markup('<path class="net-line {}{}" d="{}" marker-end="url(#net-{})"/>').format(
        state.kind, dashed, _curve(points), state.kind
    )
    sign = Markup("")
    if state.kind in _SIGNS:
        (x1, y1), (x2, y2) = points[-2], points[-1]
        place = ((x1 + x2) / 2, (y1 + y2) / 2 + 4)
        sign = Markup('<text class="net-sign {}" x="{:.0f}" y="{:.0f}">{}</text>').format(state.kind, *place, _SIGNS[state.kind])
    return Markup('<a href="{}" tabindex="-1" class="net-edge"><title>{}</title>{}{}</a>').format(href, title, path, sign)


def _words(edge: Edge, state: State) -> str:
    if edge.kind == EXECUTES:
        return "executes it"
    return f"step {edge.label}, {state.word}" if edge.label else f"pact, {state.word}"


def _curve(points: list[Point]) -> str:
    path = f"M {points[0][0]:.0f} {points[0][1]:.0f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        path += f" C {middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return path


def _box(node: Node, x: float, y: float, width: float, height: float, href: str, is_here: bool) -> Markup:  # noqa: FBT001  (a look)
    shown = node.name if len(node.name) <= LETTERS else f"{node.name[: LETTERS - 1]}…"
    kind = f"net-box {node.kind}{' here' if is_here else ''}"
    radius = height / 2 if node.kind == SAGA else 6
    return Markup(
        '<a href="{}"><title>{}</title><rect class="{}" x="{:.0f}" y="{:.0f}" width="{:.0f}" height="{:.0f}" rx="{:.0f}"/>'
        '<text class="net-name" x="{:.0f}" y="{:.0f}">{}</text></a>'
    ).format(
        href, f"{node.kind} {node.name}", kind, x, y, width, height, radius, x + width / 2, y + height / 2 + 5, escape(shown)
    )
