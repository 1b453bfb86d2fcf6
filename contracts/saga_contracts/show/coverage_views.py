"""Coverage as text, as JSON and as a picture (pure)."""

from typing import Any

from saga_contracts.declare.obligations import order_of
from saga_contracts.derive.cases import WHOLE
from saga_contracts.derive.coverage import Cell, Coverage, State
from saga_contracts.show.table import Mark, picture
from saga_contracts.show.wording import obligation_words

_SIGNS = {State.COVERED: "yes", State.MISSING: "NO", State.BROKEN: "BROKEN", State.WAIVED: "waived", State.NOT_APPLICABLE: "-"}
_MARKS = {State.COVERED: "kept", State.MISSING: "missing", State.BROKEN: "broken", State.WAIVED: "waived"}


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
    """Draw the table."""
    title = f"Coverage of {coverage.saga}: {coverage.percent:.0f} %"
    rows = [
        (obligation_words(obligation), [_mark(_find(coverage, step, obligation)) for step in coverage.steps])
        for obligation in _rows(coverage)
    ]
    return picture(title, [_column(step) for step in coverage.steps], rows)


def _mark(cell: Cell | None) -> Mark | None:
    if cell is None:
        return None
    by = f" ({cell.by})" if cell.by and cell.by != "file" else ""
    return Mark(cell.state.value + by, _MARKS.get(cell.state, ""), cell.why)


def _rows(coverage: Coverage) -> list[str]:
    return sorted({cell.obligation for cell in coverage.cells}, key=order_of)


def _find(coverage: Coverage, step: str, obligation: str) -> Cell | None:
    return next((cell for cell in coverage.cells if (cell.step, cell.obligation) == (step, obligation)), None)


def _sign(coverage: Coverage, step: str, obligation: str) -> str:
    cell = _find(coverage, step, obligation)
    return "" if cell is None else _SIGNS[cell.state]


def _column(step: str) -> str:
    return "(saga)" if step == WHOLE else step
