"""What each step of a saga owes and how it stands, obligation by obligation: one value for the page and its JSON. Pure.

The gate tells what it worked out; what it says nothing of is told from the step's slice: it does not apply, the level does not
look at it, or nobody has shown it yet. Nothing is left out, so an empty place never looks like a promise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from saga_broker.gate.run.model import Reason, StepVerdict
from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_contracts.derive import adoption
from saga_contracts.derive.slices import StepSlice

NOT_LOOKED_AT, NOT_APPLICABLE, UNPROVEN = "not looked at", "not applicable", "unproven"
WORST_FIRST = ("broken", "pending", UNPROVEN, "waived", "kept", NOT_LOOKED_AT, NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Cell:
    """How one obligation stands at one step.

    Attributes:
        word: One of `WORST_FIRST`.
        why: A sentence; empty where the word says all.
    """

    word: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A step at one live version of its participant.

    Attributes:
        saga_version: The version of the saga that it belongs to.
        level: How much is asked of it, 1 to 4; None when the saga file cannot be read.
        pact: `kept`, `broken` or `unproven`.
        deck: `kept`, `broken`, `pending` or `unproven`.
        cells: How each obligation stands, by its id.
    """

    saga_version: str | None
    step: str
    participant: str
    version: str | None
    level: int | None
    pact: str
    deck: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Row:
    """An obligation, with its cells in the order of the columns."""

    obligation: str
    name: str
    meaning: str
    cells: tuple[Cell, ...]


def columns(
    saga_version: str | None, steps: Sequence[StepVerdict], slices: Mapping[str, StepSlice], reasons: Sequence[Reason] = ()
) -> list[Column]:
    """Give each step of a saga version with all that it owes."""
    return [_column(saga_version, step, slices.get(step.step), reasons) for step in steps]


def rows(found: Sequence[Column]) -> list[Row]:
    """Give every obligation that says something at any step, in the catalogue's order."""
    named = {name for column in found for name, cell in column.cells.items() if cell.word != NOT_APPLICABLE}
    return [_row(name, found) for name in sorted(named, key=order_of)]


def worst(words: Iterable[str]) -> str:
    """Give the worst of some words; `unproven` for none."""
    found = set(words)
    return next((word for word in WORST_FIRST if word in found), UNPROVEN)


def _row(name: str, found: Sequence[Column]) -> Row:
    known = CATALOGUE.get(name)
    cells = tuple(column.cells.get(name, Cell(NOT_APPLICABLE)) for column in found)
    return Row(name, known.name if known else "", known.meaning if known else "", cells)


def _column(saga_version: str | None, step: StepVerdict, slice_: StepSlice | None, reasons: Sequence[Reason]) -> Column:
    told = {name: Cell(str(word), _why(name, step, reasons)) for name, word in step.obligations.items()}
    cells = told if slice_ is None else {**_untold(slice_), **_with_waivers(told, slice_)}
    ordered = {name: cells[name] for name in sorted(cells, key=order_of)}
    level = None if slice_ is None else slice_.level
    return Column(saga_version, step.step, step.participant, step.version, level, step.pact, step.deck, ordered)


def _why(obligation: str, step: StepVerdict, reasons: Sequence[Reason]) -> str:
    own = (step.step, step.version, obligation)
    return next((one.text for one in reasons if (one.step, one.version, one.obligation) == own), "")


def _with_waivers(told: Mapping[str, Cell], slice_: StepSlice) -> dict[str, Cell]:
    whys = {one.obligation: f"Waived by {one.person} until {one.expires}: {one.reason}." for one in slice_.waivers}
    return {name: Cell(cell.word, whys.get(name, "")) if cell.word == "waived" else cell for name, cell in told.items()}


def _untold(slice_: StepSlice) -> Mapping[str, Cell]:
    return _of_slice(_Key(slice_.sha, slice_))


@dataclass(frozen=True, slots=True)
class _Key:
    """Names a slice; two of one sha are the same."""

    sha: str
    slice_: StepSlice = field(compare=False)


@lru_cache(maxsize=512)
def _of_slice(key: _Key) -> Mapping[str, Cell]:
    slice_ = key.slice_
    asked = adoption.asked(slice_)
    found = {name: Cell(UNPROVEN, "No result that counts shows it.") for name in asked}
    for name in adoption.SHOWN_BY.keys() - asked.keys():
        why_not = adoption.applies(slice_, name)
        beyond = f"Level {slice_.level} of adoption does not ask for it."
        found[name] = Cell(NOT_LOOKED_AT, beyond) if why_not is None else Cell(NOT_APPLICABLE, why_not)
    return found
