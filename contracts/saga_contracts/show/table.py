"""A table as a picture: rows of words, columns of steps, a mark in each cell (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from xml.sax.saxutils import escape

from saga_contracts.show.draw import style

_LEFT, _COLUMN, _ROW, _TOP, _LETTER = 250, 150, 24, 70, 8
"""Of a picture: the least width of the labels and of a column, the height of a row and of the head, and the width of a letter."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in a cell.

    Attributes:
        text: Its word.
        kind: `kept`, `missing`, `broken` or `waived`, which gives its colour; empty: none.
        why: Shown when one points at it.
    """

    text: str
    kind: str = ""
    why: str = ""


def picture(title: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[Mark | None]]]) -> str:
    """Draw a table as SVG, readable in light and dark, without anything from outside; each column is as wide as its name."""
    listed = list(rows)
    left = max([_LEFT, *(_LETTER * len(label) + 40 for label, _ in listed)])
    places = list(accumulate((max(_COLUMN, _LETTER * len(name) + 20) for name in columns), initial=left))
    width, height = places[-1] + 20, _TOP + _ROW * len(listed) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="saga-picture" viewBox="0 0 {width} {height}" width="{width}">',
        f"<title>{escape(title)}</title><style>{escape(style())}</style>",
        f'<rect class="saga-page" width="{width}" height="{height}"/>',
        f'<text class="saga-title" x="20" y="30">{escape(title)}</text>',
    ]
    for x, name in zip(places, columns, strict=False):
        parts.append(f'<text class="saga-name" x="{x}" y="{_TOP - 8}">{escape(name)}</text>')
    for number, (label, marks) in enumerate(listed):
        y = _TOP + number * _ROW + 16
        parts.append(f'<text class="saga-soft" x="20" y="{y}">{escape(label)}</text>')
        parts += [_cell(mark, x, y) for x, mark in zip(places, marks, strict=False)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cell(mark: Mark | None, x: int, y: int) -> str:
    if mark is None:
        return ""
    kind = f"saga-mark {mark.kind}" if mark.kind else "saga-soft"
    return f'<text class="{kind}" x="{x}" y="{y}"><title>{escape(mark.why)}</title>{escape(mark.text)}</text>'
