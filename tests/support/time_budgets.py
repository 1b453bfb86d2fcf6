"""At the end of a run: how long each part of the tests took, beside the time that it may take on two cores.

The seconds are those of the tests themselves, added up over all workers; two workers need half of them. A part over its budget is
named; it fails nothing, since a busy machine is slow too.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

WORKERS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the tests.

    Attributes:
        name: As it is shown.
        folders: What belongs to it, as beginnings of test ids.
        budget_min: Minutes that it may take with two workers.
    """

    name: str
    folders: tuple[str, ...]
    budget_min: float


PARTS = (
    Part("contracts", ("tests/contracts/",), 4),
    Part("broker", ("tests/broker/", "tests/benchmarks/"), 7),
    Part("verifier", ("tests/verifier/",), 7),
    Part("end to end", ("tests/e2e/", "tests/acceptance/"), 8),
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line a part, when the parts were run."""
    seconds = _seconds(_reports(terminalreporter))
    ran = [part for part in PARTS if seconds[part.name] > WORKERS]
    if ran:
        terminalreporter.section("time budgets (two workers)", sep="-")
    for part in ran:
        minutes = seconds[part.name] / 60 / WORKERS
        remark = "" if minutes <= part.budget_min else "   OVER ITS BUDGET"
        terminalreporter.line(f"{part.name:<12} {minutes:5.1f} of {part.budget_min:.0f} min{remark}")


def _reports(terminalreporter: pytest.TerminalReporter) -> Iterator[pytest.TestReport]:
    for reports in terminalreporter.stats.values():
        yield from (report for report in reports if isinstance(report, pytest.TestReport))


def _seconds(reports: Iterator[pytest.TestReport]) -> dict[str, float]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        for part in PARTS:
            if report.nodeid.startswith(part.folders):
                seconds[part.name] += report.duration
    return seconds
