"""At the end of a run: how long each part of the tests took, beside the time that it may take on two cores.

The seconds are those of the tests themselves, added up over all workers; two workers need half of them. A part over its budget is
named; it fails nothing, since a busy machine is slow too.
"""

from dataclasses import dataclass

import pytest

from order import seconds_by

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
    Part("verifier", ("tests/verifier/", "tests/foreign/"), 7),
    Part("end to end", ("tests/e2e/", "tests/acceptance/", "tests/orchestrators/"), 8),
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line a part, when the parts were run."""
    seconds = seconds_by(_part_of, terminalreporter)
    ran = [part for part in PARTS if seconds.get(part.name, 0) > WORKERS]
    if ran:
        terminalreporter.section("time budgets (two workers)", sep="-")
    for part in ran:
        minutes = seconds[part.name] / 60 / WORKERS
        remark = "" if minutes <= part.budget_min else "   OVER ITS BUDGET"
        terminalreporter.line(f"{part.name:<12} {minutes:5.1f} of {part.budget_min:.0f} min{remark}")


def _part_of(nodeid: str) -> str | None:
    return next((part.name for part in PARTS if nodeid.startswith(part.folders)), None)
