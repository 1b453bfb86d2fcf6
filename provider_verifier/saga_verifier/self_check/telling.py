"""The kill table as text, as JSON and as a picture (pure)."""

from collections.abc import Iterator
from typing import Any

from saga_contracts.show.table import Mark, picture
from saga_verifier.self_check.table import Fate, Row, SelfCheck, StepTable

_KINDS = {Fate.CAUGHT: "kept", Fate.NOT_CAUGHT: "missing", Fate.WAIVED: "waived", Fate.UNKNOWN: "broken"}
_ENDS = {
    0: "Each deviation that a participant could have is caught, or waived by the file.",
    3: "What is not caught here gets through at a real participant, too.",
    4: "Something could not be found out, so the table proves nothing.",
}


def lines(found: SelfCheck) -> Iterator[str]:
    """Give the table as lines of text: step by step, then what to declare so that more is caught."""
    yield f"{found.saga}: {_counted(found)} (level {found.level}, k = {found.faults})"
    for note in found.notes:
        yield f"  note: {note}"
    for step in found.steps:
        yield ""
        yield from _step(step)
    mends = _mends(found)
    if mends:
        yield from ("", "To catch more:")
        yield from (f"  {mend} ({len(kinds)}: {', '.join(kinds)})" for mend, kinds in mends.items())
    yield from ("", _ENDS[found.exit_status])


def as_json(found: SelfCheck) -> dict[str, Any]:
    """Give the table as plain JSON."""
    return {
        "saga": found.saga,
        "level": found.level,
        "faults": found.faults,
        "exit_status": found.exit_status,
        "counts": {fate.value: found.count(fate) for fate in Fate},
        "notes": list(found.notes),
        "mends": [{"mend": mend, "kinds": list(kinds)} for mend, kinds in _mends(found).items()],
        "steps": [
            {
                "step": step.step,
                "participant": step.participant,
                "right_participant_accused": list(step.wrong),
                "deviations": [_row_json(row) for row in step.rows],
            }
            for step in found.steps
        ],
    }


def svg(found: SelfCheck) -> str:
    """Draw the table: a row for each deviation, a column for each step."""
    kinds = dict.fromkeys((row.kind, row.obligation) for step in found.steps for row in step.rows)
    columns = [{row.kind: row for row in step.rows} for step in found.steps]
    rows = [
        (f"{obligation} {kind}", [_mark(column[kind]) if kind in column else None for column in columns])
        for kind, obligation in kinds
    ]
    return picture(f"Self-check of {found.saga}: {_counted(found)}", [step.step for step in found.steps], rows)


def _counted(found: SelfCheck | StepTable) -> str:
    caught, open_ = found.count(Fate.CAUGHT), found.count(Fate.NOT_CAUGHT, Fate.UNKNOWN)
    waived = found.count(Fate.WAIVED)
    return f"{caught} of {caught + open_} deviations caught{f', {waived} waived' if waived else ''}"


def _step(step: StepTable) -> Iterator[str]:
    if step.wrong:
        yield f"{step.step} at {step.participant}: A RIGHT PARTICIPANT IS ACCUSED, so nothing is known of the others"
        yield from (f"  {one}" for one in step.wrong)
        yield "  Mend: see whether the file demands what nobody can keep; if not, report a defect of sagapact, with the file."
        return
    yield f"{step.step} at {step.participant}: {_counted(step)}"
    width = max(len(row.kind) for row in step.rows)
    for row in step.rows:
        if row.fate != Fate.NOT_APPLICABLE:
            yield f"  {row.kind:{width}}  {row.obligation:3}  {_fate(row)}"
    for fate in (Fate.NOT_CAUGHT, Fate.NOT_APPLICABLE):
        yield from (f"  {fate}: {', '.join(kinds)}. {why}" for why, kinds in _by_reason(step, fate).items())


def _fate(row: Row) -> str:
    if row.fate == Fate.CAUGHT:
        by = [f"by the history {row.history}" if row.history else "", f"by the contract {row.contract}" if row.contract else ""]
        return f"caught {' and '.join(one for one in by if one)} ({', '.join(row.by)})".replace(" ()", "")
    return f"NOT CAUGHT: {row.does}" if row.fate == Fate.NOT_CAUGHT else f"{row.fate}: {row.does}. {row.why}"


def _by_reason(step: StepTable, fate: Fate) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in step.rows:
        if row.fate == fate:
            found.setdefault(row.why, []).append(row.kind)
    return found


def _mends(found: SelfCheck) -> dict[str, list[str]]:
    """Give each mend once, with the deviations that it makes seen."""
    mends: dict[str, list[str]] = {}
    for step in found.steps:
        for row in step.rows:
            if row.mend:
                mends.setdefault(row.mend, []).append(row.kind)
    return mends


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "does": row.does,
        "obligation": row.obligation,
        "fate": row.fate.value,
        "by": list(row.by),
        "history": row.history,
        "contract": row.contract,
        "why": row.why,
        "mend": row.mend,
    }


def _mark(row: Row) -> Mark:
    shown = [one for one in (row.history, row.contract) if one]
    return Mark(row.fate.value, _KINDS.get(row.fate, ""), row.why or f"{row.does}: {', '.join(shown)}")
