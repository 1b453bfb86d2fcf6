"""Orchestrators for tests (`tests/orchestrators/NAME`): built without Sagapact, each declared by its provider file.

`Bed` plays single scenarios on a plain one with planted faults; the other services are started once and serve them all.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.play.runner import ScenarioEnded
from saga_e2e.stage.landscape import Landscape, reference_landscape
from saga_e2e.stage.topology import Topology

ORCHESTRATORS = Path(__file__).parents[1] / "orchestrators"
DEADLINE_S = 4.0
"""How long a saga may take here: a right one needs less than a second, unless a callback never comes."""
PLAIN = "plain"


def landscape_with(name: str) -> Landscape:
    """Give the reference landscape with another orchestrator."""
    return replace(reference_landscape(), orchestrator=ORCHESTRATORS / name / "provider.yaml")


class Bed:
    """The services of a saga, and one plain orchestrator after the other."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def play(self, fault: str, scenario: Scenario, env: Mapping[str, str] | None = None) -> ScenarioRecord:
        """Play a scenario on the orchestrator with a fault; `""` for none."""
        self._start(fault, env or {})
        events = runner.play(self._topology, [scenario], deadline_s=DEADLINE_S)
        (record,) = [event.record for event in events if isinstance(event, ScenarioEnded)]
        return record

    def _start(self, fault: str, env: Mapping[str, str]) -> None:
        """End the orchestrator that runs, and start another one on a database of its own."""
        spec, members = self._topology._spec(PLAIN), self._topology._running._members
        own = {"FAULT": fault, "DATABASE_URL": f"sqlite:///{{workdir}}/{fault.replace(' ', '_')}.sqlite", **env}
        members[PLAIN] = members[PLAIN].followed_by(replace(spec, env={**spec.env, **own}))
        self._topology.proxy.route(PLAIN, self._topology.calls_url(PLAIN))


@contextmanager
def bed(saga: str = "vas_purchase") -> Iterator[Bed]:
    """Start the services of a saga once, for many orchestrators."""
    land = landscape_with(PLAIN)
    with Topology(land, land.saga(saga)) as topology:
        yield Bed(topology)
