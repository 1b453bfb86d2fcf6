"""Plays scenarios on a running topology, several at a time, and tells what happens as events.

A scenario is played with data of its own: fresh values for the payload's fresh fields, its own saga, faults that meet only this
saga. So scenarios do not meet each other, and one topology serves all. They are played in rounds: the run without a fault, those
with one fault, those with more, so that a fault is put only at a call that the recorded runs have made. What has ended is watched
for a while beside what is still played. One scenario is `player`; what the findings mean is left to who takes the events.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from queue import SimpleQueue
from threading import Event as Signal

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.derive.choosing import Choice, choose
from saga_e2e.derive.faults import Kind
from saga_e2e.derive.scenarios import Scenario, Tier, Unplayed
from saga_e2e.judge.doubts import NEVER_MET
from saga_e2e.judge.records import ScenarioRecord, of_nobody
from saga_e2e.play.gather import Services, new_client
from saga_e2e.play.player import DEADLINE_S, Player
from saga_e2e.play.recorded import Recorded
from saga_e2e.play.starting import in_common
from saga_e2e.play.watching import kinds_of, longer_s
from saga_e2e.stage.landscape import Landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.interface import Isolation

AT_ONCE = 4 * (os.cpu_count() or 1)
"""A scenario mostly waits; so many keep the processors busy, and are not so many that calls become slow."""
WATCHED = 64
"""How many scenarios are watched at the same time after their end."""


@dataclass(frozen=True, slots=True)
class ScenarioStarted:
    """A scenario begins."""

    scenario: Scenario


@dataclass(frozen=True, slots=True)
class ScenarioEnded:
    """A scenario was played and judged."""

    record: ScenarioRecord


@dataclass(frozen=True, slots=True)
class ScenarioLeftOut:
    """A scenario is not played."""

    unplayed: Unplayed


@dataclass(frozen=True, slots=True)
class StraysFound:
    """Calls were seen that no saga file declares, and that belong to no scenario."""

    record: ScenarioRecord


Event = ScenarioStarted | ScenarioEnded | ScenarioLeftOut | StraysFound


def run(
    saga: Saga,
    landscape: Landscape,
    isolation: Isolation | None = None,
    *,
    tier: str = Tier.NIGHTLY,
    names: Iterable[str] = (),
    choice: Choice | None = None,
    env: Mapping[str, Mapping[str, str]] | None = None,
    left_out: Callable[[Unplayed], None] = lambda _: None,
) -> Iterator[ScenarioRecord]:
    """Start a saga's services, play its scenarios, stop everything; gives each scenario's record as it ends.

    Args:
        saga: The saga.
        landscape: How its services are started.
        isolation: The backend that starts them; default: processes of this machine.
        tier: Which scenarios: `demo` or `nightly`.
        names: Only these scenarios, whatever their tier.
        choice: What is to be played, in the place of `tier` and `names`.
        env: Variables to add to the environment of single services, by name.
        left_out: Told of each scenario that turns out not to be played.

    Raises:
        UsageError: when a name is not known, or there is nothing to play.
        SagapactError: when a service cannot be started or ends in the middle, or the saga is not taken.
    """
    chosen, _ = choose(saga, choice or Choice(Tier(tier), tuple(names)))
    with Topology(landscape, saga, env=env, isolation=isolation) as topology, closing(play(topology, chosen)) as events:
        for event in events:
            if isinstance(event, ScenarioLeftOut):
                left_out(event.unplayed)
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
        give_up, recorded = Signal(), Recorded()
        player = Player(topology, services, deadline_s, give_up)
        for chosen in _rounds(topology, scenarios):
            left_out = {one.name: why for one in chosen if (why := _why_not(topology, services, one) or recorded.why_not(one))}
            yield from (ScenarioLeftOut(Unplayed(name, why)) for name, why in left_out.items())
            playable = [one for one in chosen if one.name not in left_out]
            lanes = 1 if any(fault.crashes for one in chosen for fault in one.faults) else at_once
            for event in _played(player, playable, lanes, give_up):
                if isinstance(event, ScenarioEnded):
                    recorded.note(event.record)
                    yield _left_out(event.record) or event
                else:
                    yield event
        strays = topology.proxy.all_strays()
        if strays:
            yield StraysFound(of_nobody(strays))


def _rounds(topology: Topology, scenarios: Sequence[Scenario]) -> Iterator[list[Scenario]]:
    """Part scenarios by the number of their faults; a service that dies would disturb the others, so those go by themselves."""

    def place(scenario: Scenario) -> tuple[int, bool]:
        plain = scenario.sagas == 1 and not scenario.checked
        return len(scenario.faults) if plain else 1, any(fault.crashes for fault in scenario.faults)

    for _, found in groupby(sorted(scenarios, key=place), key=place):
        yield sorted(found, key=lambda one: longer_s(topology.saga, one), reverse=True)  # nobody waits for it at the end


def _why_not(topology: Topology, services: Services, scenario: Scenario) -> str | None:
    """Say why a scenario cannot be played here; None when it can."""
    if scenario.checked and not services.can_check:
        return f"The provider file of {topology.adapter.name} names no checker (`orchestrator.check`)."
    if Kind.EFFECT_LOST in kinds_of(scenario) and not topology.takes_snapshots:
        return "The data of a service in a container cannot be put back behind its back: run with --isolation process."
    if Kind.RECEIVER_DIES_WITHIN in kinds_of(scenario) and not topology.kills_at_once:
        return "An engine takes longer to kill a container than a call takes: run with --isolation process."
    if scenario.sagas > 1 and not in_common(topology.saga):
        return "No step says what two sagas have in common: declare `semantic_lock`, or `given.enough_for_two`."
    return None


def _left_out(record: ScenarioRecord) -> ScenarioLeftOut | None:
    """Say that a scenario does not count whose call this orchestrator chose not to make; None: it counts."""
    unmet = record.error is not None and record.error.startswith(NEVER_MET)
    if record.scenario.certain or not unmet or {one.id for one in record.broken} - {"end"}:
        return None
    return ScenarioLeftOut(Unplayed(record.name, f"This run made no such call, which it may. {record.error}"))


def _played(player: Player, scenarios: Sequence[Scenario], at_once: int, give_up: Signal) -> Iterator[Event]:
    events: SimpleQueue[Event | BaseException] = SimpleQueue()
    lanes = ThreadPoolExecutor(max_workers=max(1, at_once), thread_name_prefix="scenario")
    with ThreadPoolExecutor(max_workers=WATCHED, thread_name_prefix="watched") as watched, lanes:
        plays = [lanes.submit(_play_one, player, scenario, events, watched) for scenario in scenarios]
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


def _play_one(
    player: Player, scenario: Scenario, events: "SimpleQueue[Event | BaseException]", watched: ThreadPoolExecutor
) -> None:
    try:
        events.put(ScenarioStarted(scenario))
        played = player.play(scenario)
        judging = watched.submit(lambda: events.put(ScenarioEnded(player.judged(played))))
        judging.add_done_callback(lambda done: events.put(error) if (error := done.exception()) is not None else None)
    except BaseException as error:  # noqa: BLE001  (it belongs to the thread that listens)
        events.put(error)
