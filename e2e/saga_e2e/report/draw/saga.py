"""Draws the saga: its steps in the order in which they run, how it is undone, and what did not hold where (pure).

A class of step is told by its shape and by its label. Forward arrows are solid; compensation arrows are dashed and lead back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from saga_contracts.declare.elements import parted
from saga_contracts.declare.saga import Saga, Step, StepClass
from saga_contracts.show import layout
from saga_contracts.show.layout import Layout, Place
from saga_e2e.report.data import Verdict
from saga_e2e.report.draw import svg
from saga_e2e.report.entries import DeckEntry, ScenarioEntry
from saga_e2e.report.verdicts import SHOWN, worst

START, END = "\0start", "\0end"
CLASS_WORDS = {
    StepClass.COMPENSATABLE: "compensatable: can be undone",
    StepClass.PIVOT: "pivot: decides, no way back",
    StepClass.RETRIABLE: "retriable: repeated until done",
    StepClass.READ_ONLY: "read-only: has no effect",
}
_SIDES = {StepClass.COMPENSATABLE: 0, StepClass.PIVOT: 22, StepClass.RETRIABLE: 6, StepClass.READ_ONLY: 0}
"""What the shape of a class takes away on either side, in pixels."""
_PAD = 14.0
_LINE = 19.0
_HEAD = 78.0
_OFFSET = 9.0
_END_SIZE = (104.0, 92.0)
_MOST_OBLIGATIONS = 3


@dataclass(frozen=True, slots=True)
class _Chip:
    """One line under a step: what a provider version, or the scenarios, came to there."""

    text: str
    verdict: Verdict
    href: str


def draw(saga: Saga, decks: Sequence[DeckEntry], scenarios: Sequence[ScenarioEntry]) -> Markup:
    """Draw the saga with what was found at each step."""
    chips = {step.step: _chips(step, decks, scenarios) for step in saga.steps}
    sizes = {START: _END_SIZE, **{step.step: _size(step, chips[step.step]) for step in saga.steps}, END: _END_SIZE}
    placed = layout.place(sizes, _edges(saga), gap_x=78)
    parts = [_arrows(saga, placed), _start(saga, placed.places[START]), _end(placed.places[END])]
    parts += [_step(step, placed.places[step.step], chips[step.step]) for step in saga.steps]
    moved = svg.element("g", {"transform": "translate(10 14)"}, *parts)
    width, height = placed.width + 20, placed.height + 28
    return svg.drawing("saga-drawing", width, height, f"The saga {saga.saga}", describe(saga), [moved], links=True)


def describe(saga: Saga) -> str:
    """Say in words what the drawing shows."""
    return " ".join(
        f"{step.step} at {step.participant}, {step.step_class.value}, "
        + (f"after {', '.join(step.after)}" if step.after else "first")
        + (f", only if {step.when}." if step.when is not None else ".")
        for step in saga.steps
    )


def _edges(saga: Saga) -> list[layout.Edge]:
    followed = {name for step in saga.steps for name in step.after}
    edges = [(START, step.step) for step in saga.steps if not step.after]
    edges += [(name, step.step) for step in saga.steps for name in _direct(saga, step)]
    return edges + [(step.step, END) for step in saga.steps if step.step not in followed]


def _direct(saga: Saga, step: Step) -> list[str]:
    """Leave out what another predecessor already waits for, so that no arrow says a thing twice."""
    direct = saga.graph.direct(step.step)
    return [name for name in step.after if name in direct]


def _chips(step: Step, decks: Sequence[DeckEntry], scenarios: Sequence[ScenarioEntry]) -> tuple[_Chip, ...]:
    chips = [_Chip(_deck_text(entry), entry.verdict, f"#{entry.anchor}") for entry in decks if entry.step == step.step]
    struck = [one for one in scenarios if step.step in {parted(fault.step or "")[0] for fault in one.scenario.faults}]
    if struck and not chips:
        chips.append(_Chip("no deck played here", Verdict.UNPROVEN, ""))
    if struck:
        found = worst(one.verdict for one in struck)
        worst_ones = [one for one in struck if one.verdict == found]
        chips.append(_Chip(_scenarios_text(len(worst_ones), len(struck), found), found, f"#{worst_ones[0].anchor}"))
    return tuple(chips or [_Chip("not checked", Verdict.UNPROVEN, "")])


def _scenarios_text(count: int, of: int, verdict: Verdict) -> str:
    which = str(count) if count == of else f"{count} of {of}"
    return f"{which} scenario{'' if of == 1 else 's'} {verdict.value}"


def _deck_text(entry: DeckEntry) -> str:
    names = [one.obligation for one in entry.broken]
    shown = " ".join(names[:_MOST_OBLIGATIONS]) + (" …" if len(names) > _MOST_OBLIGATIONS else "")
    return " ".join(filter(None, (entry.provider.version or entry.provider.provider, entry.verdict.value, shown)))


def _size(step: Step, chips: Sequence[_Chip]) -> tuple[float, float]:
    texts = [
        svg.width_of(step.step, 15.5) * 1.08,
        svg.width_of(step.participant, 13),
        svg.width_of(_class_words(step), 11.5),
        *(svg.width_of(chip.text, 12) + 26 for chip in chips),
    ]
    side = _SIDES[step.step_class]
    return min(300.0, max(176.0, max(texts) + 2 * _PAD)) + 2 * side, _HEAD + _LINE * len(chips) + 10


def _step(step: Step, place: Place, chips: Sequence[_Chip]) -> Markup:
    side = _SIDES[step.step_class]
    x, room = place.x + _PAD + side, place.width - 2 * (_PAD + side)
    failed = any(chip.verdict == Verdict.BROKEN for chip in chips)
    lines = [
        svg.text(x, place.y + 24, step.step, "node-name", size=15.5, room=room),
        svg.text(x, place.y + 42, step.participant, "muted", size=13, room=room),
        svg.text(x, place.y + 60, _class_words(step), "class-name", size=11.5, room=room + 8),
        svg.line(place.x + side, place.y + 70, place.x + place.width - side, place.y + 70, "rule"),
    ]
    lines += [_chip(chip, x, place.y + _HEAD + 12 + _LINE * index, room) for index, chip in enumerate(chips)]
    group = {"class": f"node {step.step_class.value}{' failed' if failed else ''}"}
    return svg.element("g", dict(group), *_shape(step.step_class, place), *lines)


def _class_words(step: Step) -> str:
    words = CLASS_WORDS[step.step_class]
    words += "" if step.for_each is None else f", for each of {step.for_each}"
    return words if step.when is None else f"{words}, only if {step.when}"


def _shape(step_class: StepClass, place: Place) -> Iterator[Markup]:
    x, y, width, height = place.x, place.y, place.width, place.height
    if step_class == StepClass.PIVOT:
        corners = (
            (x, place.middle),
            (x + 22, y),
            (x + width - 22, y),
            (x + width, place.middle),
            (x + width - 22, y + height),
            (x + 22, y + height),
        )
        yield svg.element("polygon", {"points": " ".join(f"{px:.1f},{py:.1f}" for px, py in corners), "class": "shape"})
        return
    round_ = 22 if step_class == StepClass.RETRIABLE else 5
    yield svg.element("rect", {"x": x, "y": y, "width": width, "height": height, "rx": round_, "class": "shape"})
    if step_class == StepClass.RETRIABLE:
        inner = {"x": x + 4, "y": y + 4, "width": width - 8, "height": height - 8, "rx": 18, "class": "inner"}
        yield svg.element("rect", dict(inner))


def _chip(chip: _Chip, x: float, y: float, room: float) -> Markup:
    shown = SHOWN[chip.verdict]
    css = f"chip {shown.css}"
    parts = (
        svg.element("rect", {"x": x, "y": y - 12, "width": 16, "height": 16, "rx": 3, "class": css}),
        svg.text(x + 8, y, shown.sign, f"{css} sign", anchor="middle", size=12),
        svg.text(x + 23, y, chip.text, css, size=12, room=room - 23),
    )
    return svg.element("a", {"href": chip.href}, *parts) if chip.href else Markup("").join(parts)


def _arrows(saga: Saga, placed: Layout) -> Markup:
    parts: list[Markup] = []
    for source, target in _edges(saga):
        route = placed.routes[(source, target)]
        parts.append(_curve(placed.places[source], route, placed.places[target], _rise(source, -1), -_OFFSET))
        if _is_undone_along(saga, source, target):
            parts.append(_curve(placed.places[source], route, placed.places[target], _rise(source, 1), _OFFSET, back=True))
    return Markup("").join(parts)


def _rise(source: str, sign: int) -> float:
    """Give how far from the middle an arrow touches its left end; the start has two small ends apart."""
    return sign * (24.0 if source == START else _OFFSET)


def _is_undone_along(saga: Saga, source: str, target: str) -> bool:
    """Tell whether undoing goes back along an edge: its end can fail, and its start can be undone."""
    if target == END or saga.step(target).step_class == StepClass.RETRIABLE:
        return False
    by_hand = source != START and saga.step(source).undo_after is not None
    if by_hand and target not in saga.undo_graph.ancestors(source):
        return False
    return source == START or saga.step(source).step_class == StepClass.COMPENSATABLE


def _curve(left: Place, route: tuple[Place, ...], right: Place, rise: float, offset: float, *, back: bool = False) -> Markup:
    points = [
        (left.x + left.width, left.middle + rise),
        *((one.x, one.middle + offset) for one in route),
        (right.x, right.middle + offset),
    ]
    if back:
        points[0] = (points[0][0] + 8, points[0][1])
    else:
        points[-1] = (points[-1][0] - 8, points[-1][1])
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = (x2 - x1) / 2
        path += f" C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    css = "undo" if back else "forward"
    tip = (points[0][0] - 8, points[0][1]) if back else (points[-1][0] + 8, points[-1][1])
    return svg.element("path", {"d": path, "class": f"edge {css}"}) + svg.arrow_head(*tip, f"edge-head {css}", left=back)


def _start(saga: Saga, place: Place) -> Markup:
    right = place.x + place.width
    parts = [_end_mark(right, place.middle - 24, "start", "end-mark full")]
    if any(_is_undone_along(saga, START, step.step) for step in saga.steps if not step.after):
        parts.append(_end_mark(right, place.middle + 24, "compensated", "end-mark"))
    return Markup("").join(parts)


def _end_mark(right: float, y: float, name: str, css: str) -> Markup:
    circle = svg.element("circle", {"cx": right - 8, "cy": y, "r": 7, "class": css})
    return circle + svg.text(right - 21, y + 4, name, "muted", anchor="end", size=12.5)


def _end(place: Place) -> Markup:
    y = place.middle - _OFFSET
    outer = svg.element("circle", {"cx": place.x + 9, "cy": y, "r": 8, "class": "end-mark"})
    inner = svg.element("circle", {"cx": place.x + 9, "cy": y, "r": 4, "class": "end-mark full"})
    return outer + inner + svg.text(place.x + 24, y + 4, "committed", "muted", size=12.5)
