"""Coverage: which obligation of which step a contract holds, and which it does not (pure).

Looks at the saga file and at pact files, however they were made: what counts is the key of an interaction. What decks and runs
prove is not counted here; only what a contract can hold is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.saga import KeyStyle, Saga, Step, StepClass
from saga_contracts.derive import cases, pactfile
from saga_contracts.derive.cases import WHOLE, Case, Role
from saga_contracts.derive.slices import step_slice

STATIC = ("O25", "O33")
"""Obligations that reading the saga file decides."""
KEY_OBLIGATIONS = ("O3", "O4", "O7", "O8", "O9", "O11", "O32")
"""Obligations that no participant can keep without a step key."""


class State(StrEnum):
    """Whether a contract holds an obligation of a step."""

    COVERED = "covered"
    MISSING = "missing"
    BROKEN = "broken"  # as the saga file itself says
    WAIVED = "waived"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Cell:
    """One obligation of one step.

    Attributes:
        step: The step, or `_saga` for what belongs to the whole saga.
        why: The reason for the state, one sentence.
        by: What exercised the cases: `native`, `library`, `other` (made without this harness); empty if nothing did.
    """

    step: str
    obligation: str
    state: State
    why: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The whole table.

    Attributes:
        cells: Step by step, in the order of the file, and by obligation within a step.
        errors: What is not acceptable at any threshold, one sentence each.
    """

    saga: str
    steps: tuple[str, ...]
    cells: tuple[Cell, ...]
    errors: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Covered and waived cells, of all that apply."""
        applicable = [cell for cell in self.cells if cell.state != State.NOT_APPLICABLE]
        good = [cell for cell in applicable if cell.state in (State.COVERED, State.WAIVED)]
        return 100 * len(good) / len(applicable) if applicable else 0.0

    def cell(self, step: str, obligation: str) -> Cell:
        """Give one cell.

        Raises:
            KeyError: when there is none.
        """
        for cell in self.cells:
            if (cell.step, cell.obligation) == (step, obligation):
                return cell
        raise KeyError((step, obligation))


def cover(saga: Saga, pacts: Iterable[Mapping[str, Any]], today: date) -> Coverage:
    """Compare what a saga file asks for with what pact files hold.

    Args:
        saga: The saga.
        pacts: Pact documents; others than this saga's do not matter.
        today: The day on which waivers are judged.
    """
    documents = list(pacts)
    held = _held(saga, documents)
    stale = _stale(saga, documents)
    cells = [cell for step in saga.steps for cell in _step_cells(saga, step, held, stale, today)]
    cells += _saga_cells(saga, held)
    steps = (*(step.step for step in saga.steps), *([WHOLE] if cases.derive_messages(saga) else []))
    return Coverage(saga.saga, steps, tuple(cells), tuple(_errors(saga, held, stale, today)))


def _held(saga: Saga, documents: list[Mapping[str, Any]]) -> dict[str, str]:
    """Give the cases of this saga that the pacts hold, and what exercised each."""
    held = {}
    for document in documents:
        note = (document.get("metadata") or {}).get("sagapact") or {}
        for interaction in document.get("interactions") or ():
            key = interaction.get("key") or interaction.get("description") or ""
            if key.startswith(f"{saga.saga}/"):
                held[key] = (note.get("source") or {}).get(key, "other")
    return held


def _stale(saga: Saga, documents: list[Mapping[str, Any]]) -> set[str]:
    """Give the steps whose pact was made from another version of the saga file."""
    found = [slice_ for document in documents for slice_ in pactfile.slices(dict(document)) if slice_.saga == saga.saga]
    current = {step.step: step_slice(saga, step.step).sha for step in saga.steps}
    return {slice_.step.step for slice_ in found if current.get(slice_.step.step) != slice_.sha}


def _step_cells(saga: Saga, step: Step, held: Mapping[str, str], stale: set[str], today: date) -> Iterator[Cell]:
    mine = [case for case in cases.derive(saga) if case.step == step.step]
    for obligation in sorted(_obligations(saga), key=order_of):
        cell = _cell(saga, step, obligation, [case for case in mine if obligation in case.obligations], held, stale)
        yield _waived(saga, cell, today)


def _obligations(saga: Saga) -> set[str]:
    del saga  # the table has the same rows for every saga, so that two tables can be compared
    return {"O1", "O2", "O3", "O4", "O6", "O7", "O8", "O9", "O13", "O14", "O18", "O31", "O32", *STATIC}


def _cell(saga: Saga, step: Step, obligation: str, expected: list[Case], held: Mapping[str, str], stale: set[str]) -> Cell:
    reason = _applies(saga, step, obligation)
    if obligation in STATIC:
        return Cell(step.step, obligation, State.COVERED, "Read off the saga file.", "file")
    if reason is not None:
        return Cell(step.step, obligation, State.NOT_APPLICABLE, reason)
    if step.key == KeyStyle.NONE and obligation in KEY_OBLIGATIONS:
        return Cell(step.step, obligation, State.BROKEN, "The step has no key (`key: none`): broken, as declared.")
    why = _why_missing(step, obligation, expected, held, stale)
    if why is not None:
        return Cell(step.step, obligation, State.MISSING, why)
    sources = {held[case.name] for case in expected}
    by = sources.pop() if len(sources) == 1 else "mixed"
    return Cell(step.step, obligation, State.COVERED, f"Held by {len(expected)} case{'s' if len(expected) > 1 else ''}.", by)


def _why_missing(step: Step, obligation: str, expected: list[Case], held: Mapping[str, str], stale: set[str]) -> str | None:
    missing = [case.name for case in expected if case.name not in held]
    if not expected:
        return _no_case(step, obligation)
    if missing:
        return f"No contract holds {', '.join(missing)}."
    if step.step in stale:
        return "The pact was made from another version of the saga file: run the contract tests again."
    return None


def _applies(saga: Saga, step: Step, obligation: str) -> str | None:
    """Tell why an obligation does not apply to a step, or None when it does."""
    if obligation in ("O6", "O7", "O8", "O9", "O13") and step.step_class != StepClass.COMPENSATABLE:
        return f"A {step.step_class} step is never undone."
    if obligation in ("O2", "O32") and step.step_class == StepClass.RETRIABLE:
        return "A retriable step never refuses."
    if obligation in ("O2", "O32") and step.forward.replies.refused is None and not step.given.refusing:
        return "The step declares no refusal."
    if obligation == "O18" and step.callback is None:
        return "The step has no callback."
    if obligation == "O14" and step.status is None and saga.level < 2:  # noqa: PLR2004  (level 2 begins with status calls)
        return "Status calls begin with level 2 of adoption."
    return None


def _no_case(step: Step, obligation: str) -> str:
    if obligation == "O14":
        return "The step declares no status call."
    if obligation in ("O2", "O32"):
        return "The step does not say how to make it refuse (`given.refusing`)."
    return f"No case can be derived from the declaration of {step.step}."


def _waived(saga: Saga, cell: Cell, today: date) -> Cell:
    if cell.state not in (State.MISSING, State.BROKEN):
        return cell
    for waiver in saga.waivers:
        if (waiver.step, waiver.obligation) == (cell.step, cell.obligation):
            if date.fromisoformat(waiver.expires) >= today:
                why = f"Waived by {waiver.person} until {waiver.expires}: {waiver.reason}."
                return Cell(cell.step, cell.obligation, State.WAIVED, why)
            return Cell(cell.step, cell.obligation, cell.state, f"{cell.why} The waiver expired on {waiver.expires}.")
    return cell


def _saga_cells(saga: Saga, held: Mapping[str, str]) -> Iterator[Cell]:
    for obligation, role in (("O27", Role.NOTIFICATION), ("O28", Role.CREATION)):
        expected = [case.name for case in cases.derive_messages(saga) if case.role == role]
        missing = [name for name in expected if name not in held]
        if not cases.derive_messages(saga):
            continue
        if not expected:
            yield Cell(WHOLE, obligation, State.MISSING, "The saga file names no owner notification.")
        elif missing:
            yield Cell(WHOLE, obligation, State.MISSING, f"No contract holds {', '.join(missing)}.")
        else:
            yield Cell(WHOLE, obligation, State.COVERED, f"Held by {len(expected)} cases.", held[expected[0]])


def _errors(saga: Saga, held: Mapping[str, str], stale: set[str], today: date) -> Iterator[str]:
    if not held:
        yield f"No contract of the saga {saga.saga} was found: run its contract tests first."
        return
    for step in saga.steps:
        if step.step in stale:
            yield f"The pact of {step.step} was made from another version of the saga file: run the contract tests again."
        if step.compensate is None:
            continue
        for name, obligation in (("done", "O13"), ("null", "O8")):
            cell = Cell(step.step, obligation, State.MISSING, "")
            missing = f"{saga.saga}/{step.step}/compensate/{name}" not in held
            if missing and _waived(saga, cell, today).state == State.MISSING:
                what = "compensation" if name == "done" else "compensation that finds nothing to undo"
                yield f"The {what} of {step.step} has no contract ({saga.saga}/{step.step}/compensate/{name})."
