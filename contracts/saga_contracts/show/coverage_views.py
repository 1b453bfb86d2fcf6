"""Coverage as text, as JSON and as a picture (pure)."""

from typing import Any
from xml.sax.saxutils import escape

from saga_contracts.declare.obligations import order_of
from saga_contracts.derive.cases import WHOLE
from saga_contracts.derive.coverage import Cell, Coverage, State
from saga_contracts.show.draw import style
from saga_contracts.show.wording import obligation_words

_SIGNS = {State.COVERED: "yes", State.MISSING: "NO", State.BROKEN: "BROKEN", State.WAIVED: "waived", State.NOT_APPLICABLE: "-"}
_MARKS = {State.COVERED: "kept", State.MISSING: "missing", State.BROKEN: "broken", State.WAIVED: "waived"}
_LEFT, _COLUMN, _ROW, _TOP = 250, 150, 24, 70


def text(coverage: Coverage) -> str:
    """Give the table, then what is missing and why."""
    width = max(len(step) for step in coverage.steps) + 2
    lines = [f"{coverage.saga}: {coverage.percent:.0f} % of what contracts can hold is covered or waived", ""]
    lines.append((" " * 36 + "".join(f"{_column(step):{width}}" for step in coverage.steps)).rstrip())
    for obligation in _rows(coverage):
        signs = "".join(f"{_sign(coverage, step, obligation):{width}}" for step in coverage.steps)
        lines.append(f"{obligation_words(obligation):36}{signs}".rstrip())
    open_ = [cell for cell in coverage.cells if cell.state in (State.MISSING, State.BROKEN, State.WAIVED)]
    if open_:
        lines.append("")
    lines += [f"{_column(cell.step)} {obligation_words(cell.obligation)}: {cell.state}. {cell.why}" for cell in open_]
    if coverage.errors:
        lines += ["", *(f"error: {error}" for error in coverage.errors)]
    return "\n".join(lines)


def as_json(coverage: Coverage) -> dict[str, Any]:
    """Give the table as plain JSON."""
    cells = [
        {"step": cell.step, "obligation": cell.obligation, "state": cell.state.value, "why": cell.why, "by": cell.by}
        for cell in coverage.cells
    ]
    return {"saga": coverage.saga, "percent": round(coverage.percent, 1), "errors": list(coverage.errors), "cells": cells}


def svg(coverage: Coverage) -> str:
    """Draw the table, readable in light and dark, without anything from outside."""
    rows = _rows(coverage)
    width, height = _LEFT + _COLUMN * len(coverage.steps) + 20, _TOP + _ROW * len(rows) + 20
    title = f"Coverage of {coverage.saga}: {coverage.percent:.0f} %"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="saga-picture" viewBox="0 0 {width} {height}" width="{width}">',
        f"<title>{escape(title)}</title><style>{escape(style())}</style>",
        f'<rect class="saga-page" width="{width}" height="{height}"/>',
        f'<text class="saga-title" x="20" y="30">{escape(title)}</text>',
    ]
    for column, step in enumerate(coverage.steps):
        parts.append(f'<text class="saga-name" x="{_LEFT + column * _COLUMN}" y="{_TOP - 8}">{escape(_column(step))}</text>')
    for row, obligation in enumerate(rows):
        y = _TOP + row * _ROW + 16
        parts.append(f'<text class="saga-soft" x="20" y="{y}">{escape(obligation_words(obligation))}</text>')
        for column, step in enumerate(coverage.steps):
            parts.append(_cell_svg(_find(coverage, step, obligation), _LEFT + column * _COLUMN, y))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cell_svg(cell: Cell | None, x: int, y: int) -> str:
    if cell is None:
        return ""
    mark = _MARKS.get(cell.state)
    kind = f"saga-mark {mark}" if mark else "saga-soft"
    by = f" ({cell.by})" if cell.by and cell.by != "file" else ""
    return f'<text class="{kind}" x="{x}" y="{y}"><title>{escape(cell.why)}</title>{escape(cell.state.value + by)}</text>'


def _rows(coverage: Coverage) -> list[str]:
    return sorted({cell.obligation for cell in coverage.cells}, key=order_of)


def _find(coverage: Coverage, step: str, obligation: str) -> Cell | None:
    return next((cell for cell in coverage.cells if (cell.step, cell.obligation) == (step, obligation)), None)


def _sign(coverage: Coverage, step: str, obligation: str) -> str:
    cell = _find(coverage, step, obligation)
    return "" if cell is None else _SIGNS[cell.state]


def _column(step: str) -> str:
    return "(saga)" if step == WHOLE else step
