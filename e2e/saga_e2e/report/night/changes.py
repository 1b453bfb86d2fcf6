"""What differs from the last night: newly broken, mended, slower, new and gone scenarios (pure)."""

from collections.abc import Iterator

from saga_e2e.report.data import ReportData, ScenarioResult, Verdict
from saga_e2e.report.night.data import Changes, Slower

SLOWER, AT_LEAST_MS = 1.5, 500
"""A scenario is slower when it takes so many times, and so much, longer."""


def between(previous: ReportData, now: ReportData) -> Changes | None:
    """Compare two runs of a saga; None when they are of different sagas."""
    if previous.saga is not None and now.saga is not None and previous.saga.saga != now.saga.saga:
        return None
    then = {one.name: one for one in previous.scenarios}
    names = {one.name for one in now.scenarios}
    both = [(then[one.name], one) for one in now.scenarios if one.name in then]
    return Changes(
        since=previous.generated_at,
        broken=tuple(new.name for old, new in both if new.verdict == Verdict.BROKEN != old.verdict),
        mended=tuple(new.name for old, new in both if old.verdict == Verdict.BROKEN and new.verdict == Verdict.KEPT),
        slower=tuple(_slower(both)),
        added=tuple(one.name for one in now.scenarios if one.name not in then),
        gone=tuple(name for name in then if name not in names),
    )


def _slower(both: list[tuple[ScenarioResult, ScenarioResult]]) -> Iterator[Slower]:
    for old, new in both:
        before, now = old.duration_ms, new.duration_ms
        if before is not None and now is not None and now > before * SLOWER and now - before >= AT_LEAST_MS:
            yield Slower(name=new.name, before_ms=before, now_ms=now)
