"""Plays scenarios on a running topology, several at a time, and tells what happens as events.

A scenario is played with data of its own: fresh values for the payload's fresh fields, its own saga, faults that meet only this
saga. So scenarios do not meet each other, and one topology serves all. One scenario is `player`; what the findings mean is left
to who takes the events.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event as Signal

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.derive.scenarios import Scenario, Tier, derive, select
from saga_e2e.judge.records import ScenarioRecord, of_nobody
from saga_e2e.play.gather import Services, new_client
from saga_e2e.play.player import DEADLINE_S, Player, longer_s
from saga_e2e.stage.landscape import Landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.interface import Isolation

AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class ScenarioStarted:
    """A scenario begins."""

    scenario: Scenario


@dataclass(frozen=True, slots=True)
class ScenarioEnded:
    """A scenario was played and judged."""

    record: ScenarioRecord


@dataclass(frozen=True, slots=True)
class StraysFound:
    """Calls were seen that no saga file declares, and that belong to no scenario."""

    record: ScenarioRecord


Event = ScenarioStarted | ScenarioEnded | StraysFound


def run(
    saga: Saga,
    landscape: Landscape,
    isolation: Isolation | None = None,
    *,
    tier: str = Tier.NIGHTLY,
    names: Iterable[str] = (),
    env: Mapping[str, Mapping[str, str]] | None = None,
) -> Iterator[ScenarioRecord]:
    """Start a saga's services, play its scenarios, stop everything; gives each scenario's record as it ends.

    Args:
        saga: The saga.
        landscape: How its services are started.
        isolation: The backend that starts them; default: processes of this machine.
        tier: Which scenarios: `demo` or `nightly`.
        names: Only these scenarios, whatever their tier.
        env: Variables to add to the environment of single services, by name.

    Raises:
        UsageError: when a name is not known, or there is nothing to play.
        SagapactError: when a service cannot be started or ends in the middle, or the saga is not taken.
    """
    chosen = select(derive(saga), tier=Tier(tier), names=names)
    with Topology(landscape, saga, env=env, isolation=isolation) as topology, closing(play(topology, chosen)) as events:
        for event in events:
            if isinstance(event, ScenarioEnded | StraysFound):
                yield event.record
                if event.record.error is not None:
                    _check_alive(topology)


def _check_alive(topology: Topology) -> None:
    """Give up as soon as a service has ended: no later scenario could be judged."""
    trouble = topology.trouble()
    if trouble is not None:
        raise SagapactError(
            f"The scenarios of {topology.saga.saga} were given up: {trouble}\n"
            "Mend what its log tells; if it tells nothing, look who ended it or whether memory ran out. Then run them again."
        )


def play(
    topology: Topology, scenarios: Sequence[Scenario], *, at_once: int = AT_ONCE, deadline_s: float = DEADLINE_S
) -> Generator[Event]:
    """Play scenarios and give an event at the beginning and at the end of each, as they come.

    Args:
        topology: A running one; its saga is the one whose scenarios are played.
        scenarios: What to play.
        at_once: How many at the same time.
        deadline_s: How long one saga may take to come to its end.

    Raises:
        UsageError: when there is no scenario to play: nothing would be checked.
        SagapactError: when the saga service does not take the saga's definition.
    """
    if not scenarios:
        raise UsageError(f"There is no scenario of {topology.saga.saga} to play. Name one, or choose another tier.")
    with new_client() as http, topology.proxy.holding_strangers():
        services = Services(topology, http)
        services.define()
        give_up = Signal()
        player = Player(topology, services, deadline_s, give_up)
        alone = [one for one in scenarios if any(fault.crashes for fault in one.faults)]
        together = [one for one in scenarios if one not in alone]
        together.sort(key=lambda one: longer_s(topology.saga, one), reverse=True)  # nobody waits for it at the end
        yield from _played(player, together, at_once, give_up)
        yield from _played(player, alone, 1, give_up)  # a service that dies would disturb the others
        strays = topology.proxy.all_strays()
        if strays:
            yield StraysFound(of_nobody(strays))


def _played(player: Player, scenarios: Sequence[Scenario], at_once: int, give_up: Signal) -> Iterator[Event]:
    events: SimpleQueue[Event | BaseException] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=max(1, at_once), thread_name_prefix="scenario") as threads:
        plays = [threads.submit(_play_one, player, scenario, events) for scenario in scenarios]
        yield from _heard(events, plays, give_up)


def _heard(events: "SimpleQueue[Event | BaseException]", plays: Sequence[Future[None]], give_up: Signal) -> Iterator[Event]:
    """Hand on the events until every scenario has ended; when nobody listens any more, the rest is given up."""
    ended, wanted = 0, len(plays)
    try:
        while ended < wanted:
            event = events.get()
            if isinstance(event, BaseException):
                raise event
            ended += isinstance(event, ScenarioEnded)
            yield event
    finally:
        for play in plays:
            play.cancel()
        if ended < wanted:
            give_up.set()


def _play_one(player: Player, scenario: Scenario, events: "SimpleQueue[Event | BaseException]") -> None:
    try:
        events.put(ScenarioStarted(scenario))
        events.put(ScenarioEnded(player.play(scenario)))
    except BaseException as error:  # noqa: BLE001  (it belongs to the thread that listens)
        events.put(error)
