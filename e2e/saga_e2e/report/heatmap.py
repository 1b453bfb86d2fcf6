"""The heat map: which obligation holds at which step, for each provider version (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from saga_contracts.declare.obligations import CATALOGUE, order_of
from saga_contracts.declare.saga import Saga
from saga_e2e.report.entries import DeckEntry, ObligationEntry, name_of
from saga_e2e.report.verdicts import SHOWN, Shown


@dataclass(frozen=True, slots=True)
class Column:
    """One deck, as a column."""

    entry: DeckEntry
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one step."""

    step: str
    participant: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One obligation at one deck; `entry` is None when the deck does not speak of it."""

    entry: ObligationEntry | None
    shown: Shown | None
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """One obligation."""

    obligation: str
    name: str
    meaning: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The whole table.

    Attributes:
        groups: Its columns, by step.
        rows: One for each obligation that any deck speaks of, in the catalogue's order.
        unchecked_steps: Steps of the saga that no deck speaks for.
        unchecked: Obligations of orchestrated sagas that no deck speaks of.
    """

    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    unchecked_steps: tuple[str, ...]
    unchecked: tuple[str, ...]


def build(saga: Saga | None, decks: Sequence[DeckEntry]) -> HeatMap:
    """Build the heat map of all decks, the steps in the saga's order."""
    order = [step.step for step in saga.steps] if saga else []
    ordered = sorted(decks, key=lambda entry: (order.index(entry.step) if entry.step in order else len(order), entry.step))
    groups = tuple(_group(step, tuple(entries)) for step, entries in groupby(ordered, key=lambda entry: entry.step))
    named = sorted({one.obligation for entry in decks for one in entry.obligations}, key=order_of)
    rows = tuple(_row(one, groups) for one in named)
    checked = {entry.step for entry in decks}
    unchecked = tuple(one for one in CATALOGUE if one.startswith("O") and one not in named)
    return HeatMap(groups, rows, tuple(one for one in order if one not in checked), unchecked)


def _group(step: str, entries: Sequence[DeckEntry]) -> Group:
    providers = list(dict.fromkeys(entry.provider.provider for entry in entries))
    consumers = {entry.pact.consumer for entry in entries}
    columns = tuple(Column(entry, _label(entry, several=len(providers) > 1, for_whom=len(consumers) > 1)) for entry in entries)
    return Group(step, ", ".join(providers), columns)


def _label(entry: DeckEntry, *, several: bool, for_whom: bool) -> str:
    own = entry.label if several else entry.provider.version or entry.provider.provider
    return f"{own} for {entry.pact.consumer}" if for_whom else own


def _row(obligation: str, groups: Sequence[Group]) -> Row:
    cells = tuple(_cell(obligation, column) for group in groups for column in group.columns)
    meaning = CATALOGUE[obligation].meaning if obligation in CATALOGUE else ""
    return Row(obligation, name_of(obligation), meaning, cells)


def _cell(obligation: str, column: Column) -> Cell:
    entry = column.entry.obligation(obligation)
    where = f"{obligation} of {column.entry.step} at {column.entry.label}"
    if entry is None:
        return Cell(None, None, f"{where}: not in this deck")
    return Cell(entry, SHOWN[entry.verdict], f"{where}: {entry.verdict.value}")
