"""How long the scenarios took: the middle, the 95th percentile, and the longest as bars (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from saga_e2e.report.entries import ScenarioEntry

MOST = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One of the longest scenarios; `width`: in hundredths of the longest."""

    entry: ScenarioEntry
    duration_ms: float
    width: float


@dataclass(frozen=True, slots=True)
class Timings:
    """The durations of a night."""

    median_ms: float
    p95_ms: float
    total_ms: float
    longest: tuple[Bar, ...]


def of(scenarios: Sequence[ScenarioEntry]) -> Timings | None:
    """Give the durations; None when none is known."""
    known = [(one.scenario.duration_ms, one) for one in scenarios if one.scenario.duration_ms is not None]
    known.sort(key=lambda pair: -pair[0])
    if not known:
        return None
    times = sorted(duration for duration, _ in known)
    most = known[0][0] or 1.0
    bars = tuple(Bar(entry, duration, round(100 * duration / most, 2)) for duration, entry in known[:MOST])
    return Timings(_at(times, 0.5), _at(times, 0.95), sum(times), bars)


def _at(times: Sequence[float], part: float) -> float:
    return times[min(len(times) - 1, int(part * len(times)))]
