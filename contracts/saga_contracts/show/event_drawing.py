"""The event graph of a saga as one SVG picture: events, who reacts, time-outs, and what undoes (pure).

Places come from `layout`, colours and words from `draw`. Arrows that would run backwards, since events lead to one another in a
circle, are drawn dashed and do not count for the columns.
"""

from collections.abc import Iterator
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.event_graph import START, EventGraph
from saga_contracts.show import layout
from saga_contracts.show.draw import style
from saga_contracts.show.layout import Edge, Layout, Place

_WIDTH, _EVENT, _BOX = 190.0, 30.0, 52.0
_GAP_X, _GAP_Y, _MARGIN, _TITLE, _LETTERS = 60, 18, 20, 46, 26
_TIPS = ("saga-order", "saga-undo")


def events_svg(saga: Saga) -> str:
    """Draw the event graph of a saga: an SVG element as text, readable in light and dark, without anything from outside."""
    graph = EventGraph(saga)
    edges = list(dict.fromkeys(_edges(graph)))
    forward, backward = _parted(edges)
    sizes = {node: (_WIDTH, _EVENT if node.startswith("event:") else _BOX) for node in _nodes(saga, edges)}
    placed = layout.place(sizes, forward, gap_x=_GAP_X, gap_y=_GAP_Y)
    width, height = round(placed.width) + 2 * _MARGIN, round(placed.height) + _TITLE + 2 * _MARGIN
    title = f"Events of {saga.saga}"
    label = f'class="saga-picture" role="img" aria-label={quoteattr(title)}'
    failing = {event for move in graph.failures for event in move.gives}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {label} viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(title)}</title><style>{escape(style())}</style><defs>{''.join(map(_tip, _TIPS))}</defs>",
        f'<rect class="saga-page" width="{width}" height="{height}"/>',
        f'<text class="saga-title" x="{_MARGIN}" y="{_MARGIN + 10}">{escape(title)}</text>',
        f'<g transform="translate({_MARGIN} {_TITLE + _MARGIN})">',
        *(_arrow(edge, placed, failing) for edge in forward),
        *(_back(edge, placed) for edge in backward),
        *(_event(name, placed.places[f"event:{name}"], failing) for name in saga.events if f"event:{name}" in placed.places),
        *_boxes(saga, placed),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


def _nodes(saga: Saga, edges: list[Edge]) -> list[str]:
    named = dict.fromkeys(node for edge in edges for node in edge)
    every = [f"event:{name}" for name in saga.events]
    every += [f"move:{one.reaction}" for one in saga.reactions] + [f"move:{one.timer}" for one in saga.timers]
    return list(dict.fromkeys([*named, *every]))


def _edges(graph: EventGraph) -> Iterator[Edge]:
    for move in graph.moves:
        if move.outcome == "dead-lettered":
            continue
        node = f"move:{move.by}"
        for needed in move.needs:
            for event in needed:
                yield f"event:{event}", node
        for event in move.gives:
            if move.by != START:
                yield node, f"event:{event}"


def _parted(edges: list[Edge]) -> tuple[list[Edge], list[Edge]]:
    """Part the edges that run forwards from those that would close a circle."""
    after: dict[str, set[str]] = {}
    forward, backward = [], []
    for before, node in edges:
        if _leads_to(after, node, before):
            backward.append((before, node))
        else:
            after.setdefault(before, set()).add(node)
            forward.append((before, node))
    return forward, backward


def _leads_to(after: dict[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node == goal:
            return True
        if node not in seen:
            seen.add(node)
            waiting += after.get(node, set())
    return False


def _arrow(edge: Edge, placed: Layout, failing: set[str]) -> str:
    before, after, route = placed.places[edge[0]], placed.places[edge[1]], placed.routes[edge]
    fails = edge[1].removeprefix("event:") in failing or edge[0].removeprefix("event:") in failing
    points = [(before.x + _WIDTH, before.middle), *((one.x, one.middle) for one in route), (after.x, after.middle)]
    return _curve(_TIPS[1] if fails else _TIPS[0], points)


def _back(edge: Edge, placed: Layout) -> str:
    before, after = placed.places[edge[0]], placed.places[edge[1]]
    return _curve(_TIPS[1], [(before.x + _WIDTH / 2, before.y), (after.x + _WIDTH / 2, after.y + after.height)])


def _curve(kind: str, points: list[tuple[float, float]]) -> str:
    path = f"M {points[0][0]:g} {points[0][1]:g}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        path += f" C {middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
    return f'<path class="{kind}" d="{path}" marker-end="url(#{kind}-event-tip)"/>'


def _tip(kind: str) -> str:
    return (
        f'<marker id="{kind}-event-tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path class="{kind}-tip" d="M 0 0 L 8 4 L 0 8 z"/></marker>'
    )


def _event(name: str, place: Place, failing: set[str]) -> str:
    kind = "saga-undo-text" if name in failing else "saga-name"
    return "".join([_rect("saga-box", place, 15), _text(kind, place, 20, name), "</g>"])


def _boxes(saga: Saga, placed: Layout) -> Iterator[str]:
    for one in saga.reactions:
        place = placed.places[f"move:{one.reaction}"]
        words = f"undoes {one.undoes}" if one.undoes else f"{one.step_class}{', a join' if one.is_join else ''}"
        kind = f"saga-box {one.step_class or ''}{' optional' if one.optional else ''}".strip()
        yield _box(kind, place, one.reaction, f"{one.participant}: {words}")
    for timer in saga.timers:
        place = placed.places[f"move:{timer.timer}"]
        yield _box("saga-box optional", place, timer.timer, f"{timer.participant}: after {timer.after_ms:,} ms")
    for step in dict.fromkeys(event.step for event in saga.events.values() if event.step is not None):
        if f"move:{step}" in placed.places:
            yield _box("saga-box", placed.places[f"move:{step}"], step, "a step that is called")


def _box(kind: str, place: Place, name: str, words: str) -> str:
    return "".join([_rect(kind, place, 4), _text("saga-name", place, 21, name), _text("saga-soft", place, 40, words), "</g>"])


def _rect(kind: str, place: Place, radius: int) -> str:
    at = f'x="{place.x:g}" y="{place.y:g}" width="{_WIDTH:g}" height="{place.height:g}" rx="{radius}"'
    return f'<g><rect class="{kind}" {at}/>'


def _text(kind: str, place: Place, down: int, words: str) -> str:
    shown = words if len(words) <= _LETTERS else words[: _LETTERS - 1] + "…"
    title = f"<title>{escape(words)}</title>" if shown != words else ""
    return f'<text class="{kind}" x="{place.x + 12:g}" y="{place.y + down:g}">{title}{escape(shown)}</text>'
