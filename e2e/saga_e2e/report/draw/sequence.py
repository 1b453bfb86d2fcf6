"""Draws a sequence diagram: lifelines, calls between them with what became of them, and remarks (pure).

Knows nothing of sagas: `history` and `trace` turn histories and traces into its messages. A call that was lost, or
whose reply was lost, is drawn as an arrow that breaks off at a cross.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from saga_e2e.report.draw import svg

_TOP = 62
_CALL = 26
_REPLY = 24
_GAP = 16
_NOTE = 34
_LEFT = 76
_MARGIN = 12
_BREAKS_AT = 0.62


@dataclass(frozen=True, slots=True)
class Message:
    """One call, or one remark when it leads nowhere.

    Attributes:
        source: Lifeline that calls.
        target: Lifeline that is called; the same or an unknown one: drawn as a remark.
        label: What is said.
        reply: What came back; None: nothing is drawn.
        lost: `request`, `reply`, or empty.
        css: `bad`, `odd` or empty: how the arrows are coloured.
        at: What stands at the left margin, such as a time.
        remarks: Lines beside it, the first one emphasised when the message is bad.
        dashed: Is the call itself drawn dashed (a callback, a late arrival)?
    """

    source: str
    target: str
    label: str
    reply: str | None = None
    lost: str = ""
    css: str = ""
    at: str = ""
    remarks: tuple[str, ...] = ()
    dashed: bool = False


def draw(
    name: str, title: str, lifelines: tuple[str, ...], messages: Iterable[Message], *, gap: float, beside: float = 320
) -> Markup:
    """Draw the diagram.

    Args:
        name: The start of the ids in it, unique in the page.
        title: What it shows.
        lifelines: The names at the top, from left to right.
        messages: What is drawn, from top to bottom.
        gap: Pixels between two lifelines.
        beside: Pixels for the remarks, when there are any.
    """
    listed = tuple(messages)
    head = min(gap - 20, max([svg.width_of(one, 13) for one in lifelines], default=80) + 28)
    places = {one: _LEFT + head / 2 + index * gap for index, one in enumerate(lifelines)}
    right = max(places.values(), default=_LEFT) + head / 2 + _MARGIN
    parts: list[Markup] = []
    y = float(_TOP)
    for message in listed:
        drawn, y = _message(message, places, y, (right + 8, beside))
        parts.append(drawn)
    height = y + _MARGIN
    width = right + 8 + beside if any(one.remarks for one in listed) else right
    width = max([width, *(_end_of_remark(one, places) for one in listed)])
    columns = [_lifeline(one, x, head, height - _MARGIN) for one, x in places.items()]
    return svg.drawing(name, width, height, title, " ".join(_told(one) for one in listed), [*columns, *parts])


def _lifeline(name: str, x: float, head: float, bottom: float) -> Markup:
    box = {"x": x - head / 2, "y": 8, "width": head, "height": 32, "rx": 6, "class": "lifeline-head"}
    return Markup("").join(
        (
            svg.line(x, 40, x, bottom, "lifeline"),
            svg.element("rect", dict(box)),
            svg.text(x, 29, name, "strong", anchor="middle", room=head - 12),
        )
    )


def _message(message: Message, places: dict[str, float], y: float, beside: tuple[float, float]) -> tuple[Markup, float]:
    start, end = places.get(message.source), places.get(message.target)
    if start is None or end is None or start == end:
        return _remark(message, places, y)
    parts = [_at(message, y + _CALL)]
    parts.append(_arrow(start, end, y + _CALL, message.label, message, dashed=message.dashed, broken=message.lost == "request"))
    bottom = y + _CALL
    if message.reply is not None:
        bottom += _REPLY
        parts.append(_arrow(end, start, bottom, message.reply, message, dashed=True, broken=message.lost == "reply"))
    parts.extend(_beside(message, y + _CALL, beside))
    return Markup("").join(parts), max(bottom, y + _CALL + 18 * max(0, len(message.remarks) - 1)) + _GAP


def _arrow(start: float, end: float, y: float, label: str, message: Message, *, dashed: bool, broken: bool) -> Markup:
    left = end < start
    tip = start + (end - start) * _BREAKS_AT if broken else end - (2 if not left else -2)
    css = " ".join(filter(None, ("arrow", message.css, "dashed" if dashed or broken else "")))
    parts = [svg.line(start, y, tip, y, css)]
    if broken:
        parts.append(_cross(tip, y, message.css))
    else:
        parts.append(svg.arrow_head(end, y, f"head {message.css}".strip(), left=left))
    css_text = " ".join(filter(None, ("code", "on-line", message.css)))
    parts.append(
        svg.text(
            (start + end) / 2, y - (9 if broken else 6), label, css_text, anchor="middle", size=12, room=abs(end - start) - 16
        )
    )
    return Markup("").join(parts)


def _cross(x: float, y: float, css: str) -> Markup:
    css = f"cross {css}".strip()
    return svg.line(x - 4.5, y - 4.5, x + 4.5, y + 4.5, css) + svg.line(x - 4.5, y + 4.5, x + 4.5, y - 4.5, css)


def _at(message: Message, y: float) -> Markup:
    return svg.text(_LEFT - 12, y + 4, message.at, "muted code", anchor="end", size=11) if message.at else Markup("")


def _beside(message: Message, y: float, place: tuple[float, float]) -> list[Markup]:
    x, room = place
    lines = enumerate(message.remarks)
    return [
        svg.text(x, y - 2 + 18 * index, one, f"remark {message.css}" if index else "remark", size=12.5, room=room - _MARGIN)
        for index, one in lines
    ]


def _remark(message: Message, places: dict[str, float], y: float) -> tuple[Markup, float]:
    x = places.get(message.source, places.get(message.target, min(places.values(), default=_LEFT)))
    label = message.label if not message.reply else f"{message.label}: {message.reply}"
    width = svg.width_of(label, 12) + 20
    left = max(4.0, x - 14)
    box = {"x": left, "y": y + 4, "width": width, "height": _NOTE - 10, "rx": 4, "class": f"note {message.css}".strip()}
    parts = (_at(message, y + 16), svg.element("rect", dict(box)), svg.text(left + 10, y + 20, label, "note-text", size=12))
    return Markup("").join(parts), y + _NOTE


def _end_of_remark(message: Message, places: dict[str, float]) -> float:
    """Say how far to the right a remark reaches; 0 for a call."""
    start, end = places.get(message.source), places.get(message.target)
    if start is not None and end is not None and start != end:
        return 0.0
    x = places.get(message.source, places.get(message.target, min(places.values(), default=_LEFT)))
    return x + svg.width_of(message.label, 12, code=True) + _MARGIN


def _told(message: Message) -> str:
    lost = {"request": "; it was lost on its way", "reply": "; this reply was lost"}.get(message.lost, "")
    reply = f", answered {message.reply}" if message.reply else ""
    remarks = f" ({'; '.join(message.remarks)})" if message.remarks else ""
    return f"{message.source} to {message.target}: {message.label}{reply}{lost}{remarks}."
