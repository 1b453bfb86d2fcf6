"""A saga as one SVG picture: its steps in order, their classes and how they are undone (pure).

The picture needs nothing from outside, reads in light and dark, and every text in it is escaped. Where the steps
stand is `layout`'s part.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from saga_contracts.declare.saga import NONE, Saga, Step, StepClass
from saga_contracts.show import layout
from saga_contracts.show.layout import Layout, Place

WIDTH, HEIGHT, LINE = 220, 88, 17.0
GAP_X, GAP_Y, MARGIN, TITLE = 70, 34, 20, 46
_LETTERS = 30
"""Longest text inside a box."""
_VERDICTS = frozenset({"kept", "broken", "unproven", "pending", "waived", "missing"})

_LIGHT = {
    "page": "#f6f8fa", "box": "#ffffff", "ink": "#1c2530", "soft": "#5b6875", "line": "#8a97a5", "undo": "#a14a00",
    "pivot": "#6a3fb5", "good": "#1b6e45", "bad": "#b3261e", "open": "#8a6100",
}  # fmt: skip
_DARK = {
    "page": "#11161c", "box": "#1b222b", "ink": "#e8edf2", "soft": "#a5b1bd", "line": "#72808e", "undo": "#f0a35e",
    "pivot": "#b79bf0", "good": "#6fd0a0", "bad": "#ff8a80", "open": "#e9c46a",
}  # fmt: skip
_COLOURS = """
.saga-page { fill: PAGE; } .saga-title, .saga-name { fill: INK; } .saga-soft { fill: SOFT; } .saga-undo-text { fill: UNDO; }
.saga-box { fill: BOX; stroke: LINE; } .saga-box.pivot { stroke: PIVOT; } .saga-box.retriable { stroke: GOOD; }
.saga-order { stroke: LINE; } .saga-order-tip { fill: LINE; } .saga-undo { stroke: UNDO; } .saga-undo-tip { fill: UNDO; }
.saga-mark { fill: OPEN; } .saga-mark.kept, .saga-mark.waived { fill: GOOD; } .saga-mark.broken, .saga-mark.missing { fill: BAD; }
"""
_SHAPES = """
.saga-picture { font: 13px system-ui, sans-serif; } .saga-title { font-weight: 600; font-size: 16px; }
.saga-box { stroke-width: 1.5; } .saga-box.pivot { stroke-width: 3; } .saga-box.optional { stroke-dasharray: 6 4; }
.saga-box.read_only { stroke-width: 1; }
.saga-name { font-weight: 600; } .saga-soft { font-size: 12px; } .saga-undo-text { font-size: 11px; }
.saga-order { fill: none; stroke-width: 1.5; } .saga-undo { fill: none; stroke-width: 1.2; stroke-dasharray: 4 3; }
.saga-mark { font-size: 11px; font-weight: 600; }
"""


def saga_svg(
    saga: Saga, marks: Mapping[str, str] | None = None, links: Mapping[str, str] | None = None, *, styled: bool = True
) -> str:
    """Draw a saga.

    Args:
        saga: The saga.
        marks: A word for some of its steps, such as their verdict (`kept`, `broken`, …), shown in the corner of the box.
        links: An address for some of its steps, to which the box leads.
        styled: Does the drawing bring its colours? Without them, the page that it stands in gives them to its classes.

    Returns:
        An SVG element as text, ready for a file or for a page.
    """
    sizes = {step.step: (float(WIDTH), HEIGHT + LINE * len(_more(step))) for step in saga.steps}
    edges = [(name, step.step) for step in saga.steps for name in _direct(saga, step)]
    placed = layout.place(sizes, edges, gap_x=GAP_X, gap_y=GAP_Y)
    width, height = round(placed.width) + 2 * MARGIN, round(placed.height) + TITLE + 2 * MARGIN
    title = f"Saga {saga.saga} of {saga.owner}"
    look = f"<style>{escape(style())}</style>" if styled else ""
    boxes = [_box(step, placed.places[step.step], (marks or {}).get(step.step)) for step in saga.steps]
    parts = [
        _open(title, width, height, "group" if links else "img"),
        f"<title>{escape(title)}</title>{look}",
        f"<defs>{_tip('saga-order-tip')}{_tip('saga-undo-tip')}</defs>",
        f'<rect class="saga-page" width="{width}" height="{height}"/>',
        f'<text class="saga-title" x="{MARGIN}" y="{MARGIN + 10}">{escape(title)}</text>',
        f'<g transform="translate({MARGIN} {TITLE + MARGIN})">',
        *_arrows(saga, placed),
        *(_linked(box, (links or {}).get(step.step)) for step, box in zip(saga.steps, boxes, strict=True)),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


def _linked(box: str, address: str | None) -> str:
    return box if address is None else f"<a href={quoteattr(address)}>{box}</a>"


def style() -> str:
    """Give the style sheet of the pictures, with plain colours: not every viewer of SVG knows variables."""
    return f"{_SHAPES}{_coloured(_LIGHT)}@media (prefers-color-scheme: dark) {{{_coloured(_DARK)}}}"


def _open(title: str, width: int, height: int, role: str) -> str:
    label = f'class="saga-picture" role="{role}" aria-label={quoteattr(title)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {label} viewBox="0 0 {width} {height}" width="{width}" height="{height}">'


def _coloured(palette: Mapping[str, str]) -> str:
    text = _COLOURS
    for name, colour in palette.items():
        text = text.replace(f" {name.upper()};", f" {colour};")
    return text


def _arrows(saga: Saga, placed: Layout) -> Iterator[str]:
    for step in saga.steps:
        for name in _direct(saga, step):
            before, after, route = placed.places[name], placed.places[step.step], placed.routes[(name, step.step)]
            ends = (before.x + WIDTH, before.middle - 8), (after.x, after.middle - 8)
            yield _curve("saga-order", [ends[0], *((one.x, one.middle - 8) for one in route), ends[1]])
            undone = step.step_class == StepClass.COMPENSATABLE and saga.step(name).compensate is not None
            in_reverse = saga.step(name).undo_after is None
            if undone and (in_reverse or step.step in saga.undo_graph.ancestors(name)):
                back = (after.x, after.y + after.height - 14), (before.x + WIDTH, before.y + before.height - 14)
                yield _curve("saga-undo", [back[0], *((one.x, one.middle + 8) for one in reversed(route)), back[1]])


def _direct(saga: Saga, step: Step) -> list[str]:
    """Leave out what another predecessor already waits for, so that no arrow says a thing twice."""
    direct = saga.graph.direct(step.step)
    return [name for name in step.after if name in direct]


def _curve(kind: str, points: Sequence[tuple[float, float]]) -> str:
    path = f"M {points[0][0]:g} {points[0][1]:g}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        path += f" C {middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
    return f'<path class="{kind}" d="{path}" marker-end="url(#{kind}-tip)"/>'


def _tip(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path class="{kind}" d="M 0 0 L 8 4 L 0 8 z"/></marker>'
    )


def _box(step: Step, place: Place, mark: str | None) -> str:
    left, bottom = place.x + 12, place.y + place.height
    kind = f"saga-box {step.step_class}{' optional' if step.optional else ''}"
    lines = [
        f'<g><rect class="{kind}" x="{place.x:g}" y="{place.y:g}" width="{WIDTH}" height="{place.height:g}" rx="8"/>',
        _text("saga-name", left, place.y + 22, step.step),
        _text("saga-soft", left, place.y + 40, f"at {step.participant}"),
        _text("saga-soft", left, place.y + 57, _kind_words(step)),
    ]
    lines += [_text("saga-soft", left, place.y + 57 + LINE * number, words) for number, words in enumerate(_more(step), 1)]
    if step.compensate is not None:
        request = step.compensate.request
        lines.append(_text("saga-undo-text", left, bottom - 13, f"undone by {request.method} {request.path}"))
    if step.undo == NONE:
        lines.append(_text("saga-undo-text", left, bottom - 13, "no compensation yet"))
    if mark:
        kind = f"saga-mark {mark}" if mark in _VERDICTS else "saga-mark"
        lines.append(_text(kind, place.x + WIDTH - 10, bottom + 14, mark, anchor="end"))
    return "".join([*lines, "</g>"])


def _more(step: Step) -> list[str]:
    """Say, a line each, for what and when the step runs, and where in the order of the undoing it is, if given by hand."""
    lines = [] if step.for_each is None else [f"for each of {step.for_each}"]
    lines += [] if step.when is None else [f"only if {step.when}"]
    if step.undo_after is not None:
        lines.append(f"undone after {', '.join(step.undo_after)}" if step.undo_after else "undone at once")
    return lines


def _kind_words(step: Step) -> str:
    words = ["only reads" if step.only_reads else step.step_class.value]
    if step.tells_later:
        words.append("is polled" if step.polls else "calls back")
    if step.optional:
        words.append("optional")
    return ", ".join(words)


def _text(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    full = f"<title>{escape(text)}</title>" if len(text) > _LETTERS else ""
    shown = text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{full}{escape(shown)}</text>'
