"""The distinct outcomes of a night: scenarios in which the same calls came to the same end, drawn once (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from saga_e2e.report.data import ScenarioResult, TraceEntry, Verdict
from saga_e2e.report.entries import ScenarioEntry


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scenarios that went alike; the first of them is drawn.

    Attributes:
        anchor: The id of its place in the page.
        entries: The scenarios, that with the fewest faults first.
    """

    anchor: str
    entries: tuple[ScenarioEntry, ...]

    @property
    def shown(self) -> ScenarioEntry:
        """The scenario that stands for all."""
        return self.entries[0]


def group(scenarios: Sequence[ScenarioEntry]) -> tuple[Outcome, ...]:
    """Put scenarios together that went alike: the ones that are not kept first, then the largest groups."""
    found: dict[object, list[ScenarioEntry]] = {}
    for entry in scenarios:
        if entry.scenario.trace:
            found.setdefault(_went(entry.scenario), []).append(entry)
    groups = [sorted(group, key=lambda one: len(one.scenario.faults)) for group in found.values()]
    groups.sort(key=lambda one: (one[0].verdict == Verdict.KEPT, -len(one)))
    return tuple(Outcome(f"outcome-{index}", tuple(one)) for index, one in enumerate(groups, start=1))


def _went(scenario: ScenarioResult) -> object:
    """Say how a scenario went: its end, what it broke, and the calls of each step in their order, whatever ran beside."""
    calls: dict[str, list[object]] = {}
    for entry in scenario.trace:
        calls.setdefault(entry.step or "", []).append(_call(entry))
    broken = frozenset(one.id for one in scenario.invariants if one.verdict == Verdict.BROKEN)
    return scenario.outcome, broken, tuple(sorted((step, tuple(words)) for step, words in calls.items()))


def _call(entry: TraceEntry) -> tuple[object, ...]:
    return entry.role, entry.letter, entry.status, entry.fate
