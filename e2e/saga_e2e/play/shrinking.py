"""Shrinks the failures of a run: starts the services once more, plays ever smaller scenarios, tells what is left of each."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from saga_contracts.declare.saga import Saga
from saga_e2e.derive.scenarios import Scenario, derive, scheduled
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.shrink.proposals import Schedule
from saga_e2e.shrink.search import Make, Play, shrink, worth_it
from saga_e2e.shrink.telling import Place, Told, tell
from saga_e2e.stage.landscape import Landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.interface import Isolation

MOST = 3
"""How many failures are shrunk at most: one of each invariant."""


def shrunk(
    saga: Saga,
    landscape: Landscape,
    records: Sequence[ScenarioRecord],
    place: Place,
    isolation: Isolation | None = None,
    *,
    most: int = MOST,
    env: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[Told, ...]:
    """Shrink failures of a run, of each invariant the one with the fewest faults.

    Args:
        saga: The saga.
        landscape: How its services are started.
        records: What was played.
        place: How commands name the landscape.
        isolation: The backend that starts the services.
        most: How many failures at most.
        env: Variables to add to the environment of single services, by name.

    Raises:
        SagapactError: when the services cannot be started, or one ends in the middle.
    """
    chosen = worth_it(list(records), most)
    if not chosen:
        return ()
    with Topology(landscape, saga, env=env, isolation=isolation) as topology:
        play = _player(topology)
        return tuple(tell(topology.saga, shrink(one, maker(saga, one.scenario), play), place) for one in chosen)


def maker(saga: Saga, first: Scenario) -> Make:
    """Give what makes the scenario of a schedule: the derived one with these faults, so that it has a name and its right ends."""
    known = {frozenset(one.faults): one for one in reversed(derive(saga)) if one.sagas == 1 and (one.refusing or not one.payload)}
    known[frozenset(first.faults)] = first

    def make(faults: Schedule) -> Scenario | None:
        found = known.get(frozenset(faults)) or (_scheduled(saga, faults) if faults else None)
        return found if found is not None and found.expected else None

    return make


def _scheduled(saga: Saga, faults: Schedule) -> Scenario:
    codes = ",".join(fault.code for fault in faults)
    return replace(scheduled(saga, codes), name=codes)


def _player(topology: Topology) -> Play:
    def play(scenario: Scenario) -> ScenarioRecord | None:
        with closing(runner.play(topology, [scenario], at_once=1)) as events:
            return next((event.record for event in events if isinstance(event, runner.ScenarioEnded)), None)

    return play
