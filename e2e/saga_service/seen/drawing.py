"""Where one saga stands, as a picture: its steps in order, each in the colour of its state, and how far the undoing is (pure).

The picture needs nothing from outside, reads in light and dark, and every text in it is escaped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from saga_contracts.client import Saga, Step, StepClass
from saga_contracts.show import layout
from saga_contracts.show.layout import Layout, Place
from saga_service.records import SagaState, StepState

WIDTH, HEIGHT = 190, 84
_GAP_X, _GAP_Y, _MARGIN = 60, 30, 14
_LETTERS = 26
"""Longest text inside a box."""
_NOW = frozenset({StepState.RUNNING, StepState.COMPENSATING})
_BACK = frozenset({SagaState.COMPENSATING, SagaState.COMPENSATED, SagaState.ESCALATED})
_UNDONE = frozenset({StepState.COMPENSATING, StepState.COMPENSATED, StepState.FAILED_COMPENSATION})


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one step stands.

    Attributes:
        tries: How often its forward call was sent.
        undos: How often its compensation was sent.
    """

    state: StepState
    tries: int
    undos: int


def drawing(saga: Saga, state: SagaState, stands: Mapping[str, Stand]) -> str:
    """Draw a saga.

    Args:
        saga: Its definition, a step for each element of a list parted.
        state: The saga's state.
        stands: Where each of its steps stands.

    Returns:
        An SVG element as text; its classes are coloured by the page's style sheet.
    """
    edges = [(name, step.step) for step in saga.steps for name in _direct(saga, step)]
    sizes = {step.step: (float(WIDTH), float(HEIGHT)) for step in saga.steps}
    placed = layout.place(sizes, edges, gap_x=_GAP_X, gap_y=_GAP_Y)
    width, height = round(placed.width) + 2 * _MARGIN, round(placed.height) + 2 * _MARGIN
    label = quoteattr(f"{saga.saga} is {state}: {', '.join(f'{name} {one.state}' for name, one in stands.items())}")
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="saga" role="img" aria-label={label} {size}>',
            f"<defs>{_tip('order')}{_tip('undo')}</defs>",
            f'<g transform="translate({_MARGIN} {_MARGIN})">',
            *_arrows(saga, state, stands, placed),
            *(_box(step, placed.places[step.step], stands[step.step]) for step in saga.steps),
            "</g></svg>",
        ]
    )


def _direct(saga: Saga, step: Step) -> list[str]:
    direct = saga.graph.direct(step.step)
    return [name for name in step.after if name in direct]


def _arrows(saga: Saga, state: SagaState, stands: Mapping[str, Stand], placed: Layout) -> Iterator[str]:
    """Draw the order, and back along it what is undone, or will be, once the saga goes back."""
    for step in saga.steps:
        for name in _direct(saga, step):
            before, after, route = placed.places[name], placed.places[step.step], placed.routes[(name, step.step)]
            reached = "" if stands[step.step].state in (StepState.PENDING, StepState.SKIPPED) else " reached"
            between = [(one.x, one.middle - 8) for one in route]
            yield _curve("order", reached, [(before.x + WIDTH, before.middle - 8), *between, (after.x, after.middle - 8)])
            if state in _BACK and step.step_class == StepClass.COMPENSATABLE and saga.step(name).compensate is not None:
                gone = " reached" if stands[name].state in _UNDONE else ""
                back = [(one.x, one.middle + 10) for one in reversed(route)]
                yield _curve("undo", gone, [(after.x, after.middle + 10), *back, (before.x + WIDTH, before.middle + 10)])


def _box(step: Step, place: Place, stand: Stand) -> str:
    kind = f"box {stand.state}{' now' if stand.state in _NOW else ''}{' optional' if step.optional else ''}"
    left, words = place.x + 10, str(stand.state).replace("_", " ")
    calls = f"{stand.tries} sent" + (f", {stand.undos} to undo" if stand.undos else "")
    parts = [
        f'<g class="{kind}"><rect x="{place.x:g}" y="{place.y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        _text("name", left, place.y + 22, step.step),
        _text("soft", left, place.y + 40, f"{step.step_class} at {step.participant}"),
        _text("state", left, place.y + 60, words),
        _text("soft", left, place.y + 76, calls),
    ]
    if stand.state in _NOW:
        parts.append(f'<circle class="mark" cx="{place.x + WIDTH - 14:g}" cy="{place.y + 16:g}" r="6"/>')
    return "".join([*parts, "</g>"])


def _text(kind: str, x: float, y: float, words: str) -> str:
    short = words if len(words) <= _LETTERS else words[: _LETTERS - 1] + "…"
    whole = f"<title>{escape(words)}</title>" if short != words else ""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{whole}{escape(short)}</text>'


def _curve(kind: str, more: str, points: Sequence[tuple[float, float]]) -> str:
    path = f"M {points[0][0]:g} {points[0][1]:g}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        path += f" C {middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
    return f'<path class="{kind}{more}" d="{path}" marker-end="url(#{kind}-tip)"/>'


def _tip(kind: str) -> str:
    return (
        f'<marker id="{kind}-tip" viewBox="0 0 8 8" refX="8" refY="4" markerUnits="userSpaceOnUse" '
        f'markerWidth="11" markerHeight="11" orient="auto">'
        f'<path class="{kind}-tip" d="M 0 0 L 8 4 L 0 8 z"/></marker>'
    )
