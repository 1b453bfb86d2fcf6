"""How tests are dealt out to two workers: a file (or an `xdist_group`) stays together, and the longest come first.

What is long stands in `durations.json` beside this file, in seconds of one worker; what is not there counts as short. With
`SAGAPACT_DURATIONS=write` a whole run writes it anew (`make durations`).
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]  # it has no types

TABLE = Path(__file__).with_name("durations.json")
WORTH_NAMING_S = 3.0


class Dealing(LoadGroupScheduling):  # type: ignore[misc]  # it has no types
    """Gives whole files to the workers, so that what a file shares is made once; groups that tests name go over files."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Give the name of what a test stays together with, from its id, behind which pytest-xdist writes the name of its group."""
    outside_of_parameters = nodeid[nodeid.rfind("]") + 1 :]
    group = outside_of_parameters.rpartition("@")[2] if "@" in outside_of_parameters else ""
    return group or nodeid.partition("::")[0]


def longest_first(units: Iterable[str], seconds: dict[str, float]) -> list[int]:
    """Give the order of tests, as places in the list of their units; the short ones stay as they were."""
    named = list(units)
    return sorted(range(len(named)), key=lambda place: -seconds.get(named[place], 0.0))


def seconds_by(name_of: Callable[[str], str | None], terminalreporter: pytest.TerminalReporter) -> dict[str, float]:
    """Add up what the tests of a run took, under the names that a function gives to their ids."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and (name := name_of(report.nodeid)) is not None:
                seconds[name] += report.duration
    return seconds


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Dealing | None:
    """Deal the tests out as above, where groups are asked for."""
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # it would put what has many tests before what is long
    return Dealing(config, log)


@pytest.hookimpl(trylast=True)  # pytest-xdist has written the groups by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first."""
    seconds: dict[str, float] = json.loads(TABLE.read_text(encoding="utf-8"))
    items[:] = [items[place] for place in longest_first((unit_of(item.nodeid) for item in items), seconds)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the table anew, when that is asked for."""
    if os.environ.get("SAGAPACT_DURATIONS") != "write":
        return
    seconds = seconds_by(unit_of, terminalreporter)
    found = {unit: round(took) for unit, took in sorted(seconds.items(), key=lambda one: -one[1]) if took >= WORTH_NAMING_S}
    TABLE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
