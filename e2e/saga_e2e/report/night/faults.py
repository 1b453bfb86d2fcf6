"""The heat map of a night: which kind of fault met which call of which step, and what it came to (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saga_contracts.declare.saga import Saga
from saga_e2e.report import verdicts
from saga_e2e.report.data import InjectedFault, Verdict
from saga_e2e.report.entries import ScenarioEntry
from saga_e2e.report.verdicts import SHOWN, Shown

ROLES = ("forward", "compensate", "callback", "status", "notification", "creation", "probe")
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Cell:
    """The scenarios with one kind of fault at one step; `entry` is the worst of them, None when there is none."""

    entry: ScenarioEntry | None
    shown: Shown | None
    count: int
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault at one kind of call; `first`: the first row of its kind of call."""

    role: str
    fault_class: str
    kind: str
    first: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class FaultMap:
    """The whole table: a column for each step, a row for each kind of fault that any scenario injected."""

    steps: tuple[str, ...]
    rows: tuple[Row, ...]


def build(saga: Saga | None, scenarios: Sequence[ScenarioEntry]) -> FaultMap:
    """Build the heat map of all scenarios; one with two faults counts at each of them."""
    met: dict[tuple[str, str, str], dict[str, list[ScenarioEntry]]] = {}
    for entry in scenarios:
        for fault in entry.scenario.faults:
            place = met.setdefault(_key(fault), {})
            place.setdefault(fault.step or "", []).append(entry)
    order = [step.step for step in saga.steps] if saga else []
    named = {step for places in met.values() for step in places}
    steps = tuple([one for one in order if one in named] + sorted(named - set(order)))
    keys = sorted(met, key=lambda key: (_rank(key[0]), key[1], key[2]))
    firsts = {key: index == 0 or keys[index - 1][0] != key[0] for index, key in enumerate(keys)}
    rows = tuple(Row(*key, firsts[key], tuple(_cell(key, step, met[key].get(step, ())) for step in steps)) for key in keys)
    return FaultMap(steps, rows)


def _key(fault: InjectedFault) -> tuple[str, str, str]:
    kind = fault.kind.replace("_", " ") or fault.text or "a fault"
    return fault.role or _OTHER, fault.fault_class or "", kind


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


def _cell(key: tuple[str, str, str], step: str, entries: Iterable[ScenarioEntry]) -> Cell:
    found = list(entries)
    where = f"{key[2]} at the {key[0]} call of {step}"
    if not found:
        return Cell(None, None, 0, f"{where}: not played")
    worst = verdicts.worst(entry.verdict for entry in found)
    entry = next(one for one in found if one.verdict == worst)
    counted = "1 scenario" if len(found) == 1 else f"{len(found)} scenarios"
    bad = sum(one.verdict != Verdict.KEPT for one in found)
    return Cell(entry, SHOWN[worst], len(found), f"{where}: {counted}, {bad or 'none'} not kept")
