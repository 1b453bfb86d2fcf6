"""Looks for the smallest scenario that still breaks the same invariant (pure: what plays a scenario is given).

Greedy: of the smaller schedules the first that fails alike is gone on with, until none does or so many were played.
"""

from collections.abc import Callable
from dataclasses import dataclass

from saga_e2e.derive.faults import Fault
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.findings import Finding
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.shrink.proposals import Schedule, smaller

MOST_PLAYS = 25
Make = Callable[[Schedule], Scenario | None]
"""Gives the scenario of a schedule, with the ends that are right for it; None when the saga cannot meet it."""
Play = Callable[[Scenario], ScenarioRecord | None]
"""Plays a scenario; None when it turned out that it cannot be played."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What a failure came down to.

    Attributes:
        first: The failing scenario as it was found.
        last: The smallest that fails alike; `first` when it did not fail again.
        invariant: The id of the invariant.
        plays: How many scenarios were played for it.
        again: Did it fail again at all? If not, it fails by chance only.
    """

    first: ScenarioRecord
    last: ScenarioRecord
    invariant: str
    plays: int
    again: bool

    @property
    def finding(self) -> Finding:
        """What the smallest scenario breaks."""
        return next(one for one in self.last.broken if one.id == self.invariant)


def shrink(failing: ScenarioRecord, make: Make, play: Play, *, most: int = MOST_PLAYS) -> Shrunk:
    """Shrink a failing scenario.

    Args:
        failing: The record of a broken scenario.
        make: Gives scenarios of schedules.
        play: Plays one, on services that run.
        most: How many scenarios are played at most.
    """
    invariant = failing.broken[0].id
    search = _Search(make, play, invariant, most)
    again = search.fails(failing.scenario)
    if again is None:
        return Shrunk(failing, failing, invariant, search.plays, again=False)
    current, seen = again, {frozenset(failing.scenario.faults)}
    found: ScenarioRecord | None = current
    while found is not None:
        current, found = found, search.next_of(found, seen)
    return Shrunk(failing, current, invariant, search.plays, again=True)


@dataclass(slots=True)
class _Search:
    make: Make
    play: Play
    invariant: str
    most: int
    plays: int = 0

    def next_of(self, record: ScenarioRecord, seen: set[frozenset[Fault]]) -> ScenarioRecord | None:
        """Give the first smaller scenario that fails alike; None when there is none."""
        for faults in smaller(record.scenario.faults):
            if frozenset(faults) in seen:
                continue
            seen.add(frozenset(faults))
            scenario = self.make(faults)
            found = None if scenario is None else self.fails(scenario)
            if found is not None:
                return found
        return None

    def fails(self, scenario: Scenario) -> ScenarioRecord | None:
        """Play a scenario; give its record when it breaks the invariant, and what it proves is certain."""
        if self.plays >= self.most:
            return None
        self.plays += 1
        record = self.play(scenario)
        if record is None or record.verdict != "broken":
            return None
        return record if any(one.id == self.invariant for one in record.broken) else None


def worth_it(records: list[ScenarioRecord], most: int) -> list[ScenarioRecord]:
    """Choose the failures to shrink: of each first broken invariant the one with the fewest faults, so many at most."""
    best: dict[str, ScenarioRecord] = {}
    for record in records:
        if record.verdict == "broken" and record.broken:
            known = best.get(record.broken[0].id)
            if known is None or len(record.scenario.faults) < len(known.scenario.faults):
                best[record.broken[0].id] = record
    return list(best.values())[:most]
