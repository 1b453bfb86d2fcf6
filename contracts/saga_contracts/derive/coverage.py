"""Coverage: which obligation of which step a contract holds, and which it does not (pure).

Looks at the saga file and at pact files, however they were made: what counts is the key of an interaction. What decks and runs
prove is not counted here; only what a contract can hold is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from saga_contracts.declare.obligations import order_of
from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive import adoption, cases, pactfile
from saga_contracts.derive.adoption import Evidence, Waivers
from saga_contracts.derive.cases import WHOLE, Case, Role
from saga_contracts.derive.slices import StepSlice, step_slice

STATIC = ("O25", "O33")
"""Obligations that reading the saga file decides."""


ROWS = ("O1", "O2", "O3", "O4", "O6", "O7", "O8", "O9", "O13", "O14", "O18", "O31", "O32", *STATIC)
"""What a contract can hold; the same rows for every saga, so that two tables can be compared."""
_SEVERAL = "Several declared replies are right here, so no contract demands one of them: the deck decides."


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
    return {step for document in documents for step in pactfile.made_from_another(dict(document), saga)}


def _step_cells(saga: Saga, step: Step, held: Mapping[str, str], stale: set[str], today: date) -> Iterator[Cell]:
    mine, others = cases.derive_step(saga, step), cases.derive_left_out(saga, step)
    waivers = Waivers(saga.waivers, step.step, today)
    slice_ = step_slice(saga, step.step)
    for obligation in sorted(ROWS, key=order_of):
        expected = [case for case in mine if obligation in case.obligations]
        reasons = {f"{case.role}/{case.short_name}": reason for case, reason in others if obligation in case.obligations}
        cell = _cell(slice_, obligation, expected, held, stale)
        yield _waived(_without(cell, reasons, of_many=bool(expected)), waivers)


def _without(cell: Cell, reasons: Mapping[str, str], *, of_many: bool) -> Cell:
    """Say what the file leaves out as not the client's business; where nothing else is left, nothing is asked."""
    if not reasons or cell.state == State.BROKEN:
        return cell
    told = "; ".join(f"{name} ({reason})" for name, reason in reasons.items())
    text = f"Not the client's business: {told}."
    if cell.state == State.NOT_APPLICABLE or not of_many:
        return Cell(cell.step, cell.obligation, State.NOT_APPLICABLE, text)
    return replace(cell, why=f"{cell.why} {text}")


def _cell(slice_: StepSlice, obligation: str, expected: list[Case], held: Mapping[str, str], stale: set[str]) -> Cell:
    step = slice_.step
    by_file = obligation not in adoption.declared_broken(slice_) and (obligation != "O33" or step.lookup is None)
    if obligation in STATIC and by_file:
        return Cell(step.step, obligation, State.COVERED, "Read off the saga file.", "file")
    reason = _unasked(slice_, obligation)
    if reason is not None:
        return Cell(step.step, obligation, State.NOT_APPLICABLE, reason)
    given_up = adoption.given_up(slice_).get(obligation)
    if given_up is not None:
        return Cell(step.step, obligation, State.BROKEN, given_up)
    why = _why_missing(slice_, obligation, expected, held, stale)
    if why is not None:
        return Cell(step.step, obligation, State.MISSING, why)
    if not expected:
        return Cell(step.step, obligation, State.NOT_APPLICABLE, _SEVERAL)
    sources = {held[case.name] for case in expected}
    by = sources.pop() if len(sources) == 1 else "mixed"
    return Cell(step.step, obligation, State.COVERED, f"Held by {len(expected)} case{'s' if len(expected) > 1 else ''}.", by)


def _unasked(slice_: StepSlice, obligation: str) -> str | None:
    """Tell why no contract is asked to hold an obligation of a step, or None when one is."""
    reason = adoption.applies(slice_, obligation)
    if reason is None and obligation == "O14" and Evidence.STATUS not in adoption.looks_at(slice_.level):
        return "Status calls begin with level 2 of adoption."
    return reason


def _why_missing(
    slice_: StepSlice, obligation: str, expected: list[Case], held: Mapping[str, str], stale: set[str]
) -> str | None:
    missing = [case.name for case in expected if case.name not in held]
    if not expected:
        return _no_case(slice_.step, obligation)
    if missing:
        return f"No contract holds {', '.join(missing)}."
    if slice_.step.step in stale:
        return "The pact was made from another version of the saga file: run the contract tests again."
    return None


def _no_case(step: Step, obligation: str) -> str | None:
    """Tell which field is missing for a case; None when the declaration leaves the reply open, so that the deck decides."""
    if obligation == "O14" and step.status is None:
        return "The step declares no status call (`status`)."
    if obligation in ("O2", "O32") and not step.given.can_refuse:
        return "The step does not say how to make it refuse (`given.refusing`, or `given.refusing_payload`)."
    if obligation in ("O6", "O7", "O8", "O9", "O13") and step.compensate is None:
        return "The step declares no compensation (`compensate`)."
    return None


def _waived(cell: Cell, waivers: Waivers) -> Cell:
    words = waivers.words(cell.obligation)
    if cell.state not in (State.MISSING, State.BROKEN) or not words:
        return cell
    if waivers.hides(cell.obligation):
        return Cell(cell.step, cell.obligation, State.WAIVED, words)
    return Cell(cell.step, cell.obligation, cell.state, f"{cell.why} {words}")


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
        needed = [("done", "O13")] if step.own_outputs("compensate") else [("done", "O13"), ("null", "O8")]
        for name, obligation in needed:
            missing = f"{saga.saga}/{step.step}/compensate/{name}" not in held
            if missing and not Waivers(saga.waivers, step.step, today).hides(obligation):
                what = "compensation" if name == "done" else "compensation that finds nothing to undo"
                yield f"The {what} of {step.step} has no contract ({saga.saga}/{step.step}/compensate/{name})."
