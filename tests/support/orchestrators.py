"""Orchestrators for tests (`tests/orchestrators/NAME`): built without Sagapact, each declared by its provider file.

`Bed` plays single scenarios on a plain one with planted faults; the other services are started once and serve them all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.play.runner import ScenarioEnded, StraysFound
from saga_e2e.stage.landscape import Landscape, reference_landscape
from saga_e2e.stage.topology import Topology

ORCHESTRATORS = Path(__file__).parents[1] / "orchestrators"
DEADLINE_S = 4.0
"""How long a saga may take here: a right one needs less than a second, unless a callback never comes."""
PLAIN = "plain"
_PAUSE = "backoff: {first_ms: 300}"


def landscape_with(name: str, saga: str = "") -> Landscape:
    """Give the reference landscape with another orchestrator; one that names each address has a file for each saga."""
    own = ORCHESTRATORS / name / f"{saga}.yaml"
    return replace(reference_landscape(), orchestrator=own if own.is_file() else ORCHESTRATORS / name / "provider.yaml")


class Bed:
    """The services of a saga, and one plain orchestrator after the other."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def play(self, fault: str, *scenarios: Scenario) -> list[ScenarioRecord]:
        """Play scenarios on the orchestrator with a fault (`""`: none); what belongs to no scenario has a record of its own."""
        self._start(fault)
        events = runner.play(self._topology, scenarios, deadline_s=DEADLINE_S)
        return [event.record for event in events if isinstance(event, ScenarioEnded | StraysFound)]

    def _start(self, fault: str) -> None:
        """End the orchestrator that runs, and start another one on a database of its own."""
        spec, members = self._topology._spec(PLAIN), self._topology._running._members
        own = {"FAULT": fault, "DATABASE_URL": f"sqlite:///{{workdir}}/{fault.replace(' ', '_')}.sqlite"}
        members[PLAIN] = members[PLAIN].followed_by(replace(spec, env={**spec.env, **own}))
        self._topology.proxy.route(PLAIN, self._topology.calls_url(PLAIN))


@contextmanager
def bed(saga: str, folder: Path) -> Iterator[Bed]:
    """Start the services of a saga once, for many orchestrators.

    Args:
        saga: One of the reference sagas. Its callbacks do not come for a shorter time here, and one pause is declared.
        folder: Where its saga file may be written.
    """
    land = landscape_with(PLAIN, saga)
    text = land.sagas[saga].read_text(encoding="utf-8").replace("callback_timeout_ms: 10000", "callback_timeout_ms: 1500")
    file = folder / saga / "saga.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("participant: user_service\n", f"participant: user_service\n    {_PAUSE}\n"), encoding="utf-8")
    changed = replace(land, sagas={saga: file})
    with Topology(changed, changed.saga(saga), env={PLAIN: {"SAGA_FILES": str(folder)}}) as topology:
        yield Bed(topology)
