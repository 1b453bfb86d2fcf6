"""Measures whole sagas with faults: how long the services take to start, and how many scenarios a minute are played.

    python -m tests.benchmarks.e2e [--saga vas_purchase] [--isolation process] [--faults 1] [--least 100] [--json FILE]

Scenarios in which a service dies are counted apart: they are played one at a time, and wait for its restart. Ends with status 1
when fewer scenarios without a kill a minute are played than --least, or one is not kept: who finds nothing out is not quick.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from saga_contracts.declare.saga import Saga
from saga_e2e.derive.choosing import Choice, choose
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.play.runner import ScenarioEnded, play
from saga_e2e.stage.landscape import Landscape, reference_landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.interface import Isolation

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly scenarios of one kind were played; `not_kept` names those that were not kept."""

    kind: str
    scenarios: int
    seconds: float
    not_kept: tuple[str, ...]

    @property
    def a_minute(self) -> float:
        """How many scenarios a minute that makes."""
        return MINUTE_S * self.scenarios / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run has measured."""

    isolation: str
    start_s: float
    paces: tuple[Pace, ...]


def parted(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    """Put scenarios with a kill or a pause of a service apart from the others."""
    found: dict[str, list[Scenario]] = {"without a kill": [], "with a kill": []}
    for one in scenarios:
        found["with a kill" if any(fault.crashes for fault in one.faults) else "without a kill"].append(one)
    return {kind: some for kind, some in found.items() if some}


def measured(saga: Saga, land: Landscape, kind: str, isolation: Isolation | None, faults: int) -> Measured:
    """Start everything once, and play all scenarios."""
    scenarios, _ = choose(saga, Choice(faults=faults))
    began = time.monotonic()
    with Topology(land, saga, isolation=isolation) as topology:
        start_s = time.monotonic() - began
        paces = tuple(_paced(name, some, lambda some: _played(topology, some)) for name, some in parted(scenarios).items())
    return Measured(kind, start_s, paces)


def _paced(kind: str, scenarios: Sequence[Scenario], played: Callable[[Sequence[Scenario]], list[tuple[str, str]]]) -> Pace:
    began = time.monotonic()
    verdicts = played(scenarios)
    seconds = time.monotonic() - began
    return Pace(kind, len(verdicts), seconds, tuple(name for name, verdict in verdicts if verdict != "kept"))


def _played(topology: Topology, scenarios: Sequence[Scenario]) -> list[tuple[str, str]]:
    with closing(play(topology, scenarios)) as events:
        records = [event.record for event in events if isinstance(event, ScenarioEnded)]
    return [(record.name, record.verdict) for record in records]


def table(found: Measured) -> str:
    """Write what was measured in lines."""
    lines = [f"In {found.isolation}: the services are up after {found.start_s:.1f} s."]
    for pace in found.paces:
        lines.append(f"  {pace.kind}: {pace.scenarios} scenarios in {pace.seconds:.1f} s, {pace.a_minute:.0f} a minute")
        lines += [f"    not kept: {', '.join(pace.not_kept)}"] if pace.not_kept else []
    return "\n".join(lines) + "\n"


def exit_status(found: Measured, least: float) -> int:
    """Give 1 when scenarios without a kill were too few a minute, or one was not kept."""
    slow = any(pace.a_minute < least for pace in found.paces if pace.kind == "without a kill")
    return int(slow or any(pace.not_kept for pace in found.paces))


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.e2e")
    parser.add_argument("--saga", default="vas_purchase", help="name of the saga; default vas_purchase")
    parser.add_argument("--isolation", default="process", choices=["process", "container"], help="default process")
    parser.add_argument("--faults", type=int, default=1, choices=[1, 2], help="how many faults at most; default 1")
    parser.add_argument("--least", type=float, default=100.0, help="so many scenarios without a kill a minute; default 100")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    land = reference_landscape()
    saga = land.saga(given.saga)
    with _isolation(given.isolation, land, saga) as isolation:
        found = measured(saga, land, given.isolation, isolation, given.faults)
    sys.stdout.write(table(found))
    if given.json is not None:
        given.json.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    return exit_status(found, given.least)


def _isolation(kind: str, land: Landscape, saga: Saga) -> AbstractContextManager[Isolation | None]:
    if kind == "process":
        return nullcontext()
    from saga_e2e.stage.containers import container_isolation  # noqa: PLC0415  (loads the Docker library)

    return container_isolation(land.services(saga))


if __name__ == "__main__":
    sys.exit(main())
