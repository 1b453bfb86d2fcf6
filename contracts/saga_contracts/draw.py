"""A saga as one SVG picture: its steps in order, their classes and how they are undone (pure).

The picture needs nothing from outside, reads in light and dark, and every text in it is escaped. Steps stand in columns: a
step is one column after the last step that it waits for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from saga_contracts.saga import Completion, Saga, Step, StepClass

WIDTH, HEIGHT = 220, 88
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
.saga-name { font-weight: 600; } .saga-soft { font-size: 12px; } .saga-undo-text { font-size: 11px; }
.saga-order { fill: none; stroke-width: 1.5; } .saga-undo { fill: none; stroke-width: 1.2; stroke-dasharray: 4 3; }
.saga-mark { font-size: 11px; font-weight: 600; }
"""


@dataclass(frozen=True, slots=True)
class _Box:
    step: Step
    x: int
    y: int


def saga_svg(saga: Saga, marks: Mapping[str, str] | None = None) -> str:
    """Draw a saga.

    Args:
        saga: The saga.
        marks: A word for some of its steps, such as their verdict (`kept`, `broken`, …), shown in the corner of the box.

    Returns:
        An SVG element as text, ready for a file or for a page.
    """
    boxes = _layout(saga)
    width = max(box.x for box in boxes.values()) + WIDTH + MARGIN
    height = max(box.y for box in boxes.values()) + HEIGHT + MARGIN
    title = f"Saga {saga.saga} of {saga.owner}"
    parts = [
        _open(title, width, height),
        f"<title>{escape(title)}</title><style>{escape(style())}</style>",
        f"<defs>{_tip('saga-order-tip')}{_tip('saga-undo-tip')}</defs>",
        f'<rect class="saga-page" width="{width}" height="{height}"/>',
        f'<text class="saga-title" x="{MARGIN}" y="{MARGIN + 10}">{escape(title)}</text>',
        *_arrows(saga, boxes),
        *(_box(box, (marks or {}).get(box.step.step)) for box in boxes.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def style() -> str:
    """Give the style sheet of the pictures, with plain colours: not every viewer of SVG knows variables."""
    return f"{_SHAPES}{_coloured(_LIGHT)}@media (prefers-color-scheme: dark) {{{_coloured(_DARK)}}}"


def depths(saga: Saga) -> dict[str, int]:
    """Give each step's column: 0 for a step that waits for none, else one more than the last one it waits for."""
    found: dict[str, int] = {}
    waiting = list(saga.steps)
    while waiting:
        ready = [step for step in waiting if all(name in found for name in step.after)]
        for step in ready:
            found[step.step] = max((found[name] + 1 for name in step.after), default=0)
        waiting = [step for step in waiting if step.step not in found]
    return found


def _open(title: str, width: int, height: int) -> str:
    label = f'class="saga-picture" role="img" aria-label={quoteattr(title)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {label} viewBox="0 0 {width} {height}" width="{width}" height="{height}">'


def _coloured(palette: Mapping[str, str]) -> str:
    text = _COLOURS
    for name, colour in palette.items():
        text = text.replace(f" {name.upper()};", f" {colour};")
    return text


def _layout(saga: Saga) -> dict[str, _Box]:
    columns = depths(saga)
    rows: dict[int, int] = {}
    boxes = {}
    for step in saga.steps:
        column = columns[step.step]
        row = rows.get(column, 0)
        rows[column] = row + 1
        x, y = MARGIN + column * (WIDTH + GAP_X), TITLE + MARGIN + row * (HEIGHT + GAP_Y)
        boxes[step.step] = _Box(step, x, y)
    return boxes


def _arrows(saga: Saga, boxes: Mapping[str, _Box]) -> Iterator[str]:
    for step in saga.steps:
        for name in step.after:
            before, after = boxes[name], boxes[step.step]
            yield _curve("saga-order", before.x + WIDTH, before.y + HEIGHT // 2 - 8, after.x, after.y + HEIGHT // 2 - 8)
            if step.step_class == before.step.step_class == StepClass.COMPENSATABLE:
                yield _curve("saga-undo", after.x, after.y + HEIGHT - 14, before.x + WIDTH, before.y + HEIGHT - 14)


def _curve(kind: str, x1: int, y1: int, x2: int, y2: int) -> str:
    middle = (x1 + x2) // 2
    return f'<path class="{kind}" d="M {x1} {y1} C {middle} {y1} {middle} {y2} {x2} {y2}" marker-end="url(#{kind}-tip)"/>'


def _tip(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path class="{kind}" d="M 0 0 L 8 4 L 0 8 z"/></marker>'
    )


def _box(box: _Box, mark: str | None) -> str:
    step, left = box.step, box.x + 12
    kind = f"saga-box {step.step_class}{' optional' if step.optional else ''}"
    lines = [
        f'<g><rect class="{kind}" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        _text("saga-name", left, box.y + 22, step.step),
        _text("saga-soft", left, box.y + 40, f"at {step.participant}"),
        _text("saga-soft", left, box.y + 57, _kind_words(step)),
    ]
    if step.compensate is not None:
        request = step.compensate.request
        lines.append(_text("saga-undo-text", left, box.y + 75, f"undone by {request.method} {request.path}"))
    if mark:
        kind = f"saga-mark {mark}" if mark in _VERDICTS else "saga-mark"
        lines.append(_text(kind, box.x + WIDTH - 10, box.y + HEIGHT + 14, mark, anchor="end"))
    return "".join([*lines, "</g>"])


def _kind_words(step: Step) -> str:
    words = [step.step_class.value]
    if step.completion == Completion.CALLBACK:
        words.append("calls back")
    if step.optional:
        words.append("optional")
    return ", ".join(words)


def _text(kind: str, x: int, y: int, text: str, anchor: str = "start") -> str:
    full = f"<title>{escape(text)}</title>" if len(text) > _LETTERS else ""
    shown = text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{full}{escape(shown)}</text>'
