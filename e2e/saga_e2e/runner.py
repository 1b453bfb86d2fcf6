"""Plays scenarios on a running topology, several at a time, and tells what happens as events.

A scenario is played with data of its own: fresh values for the payload's fresh fields, its own saga, faults that meet only this
saga. So scenarios do not meet each other, and one topology serves all. What the findings mean is left to who takes the events.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.replies import CallbackOutcome, ForwardOutcome
from saga_contracts.saga import Saga
from saga_e2e.evidence import Evidence, SagaRecord
from saga_e2e.faults import Fault, Kind, Role, on_the_way
from saga_e2e.findings import OPEN
from saga_e2e.gather import Services, new_client
from saga_e2e.invariants import judge
from saga_e2e.landscape import Landscape
from saga_e2e.records import ScenarioRecord, step_records
from saga_e2e.scenarios import End, Scenario, Tier, derive, select
from saga_e2e.topology import Topology
from saga_e2e.trace import Fate, Trace, calls_of
from saga_verifier.isolation.interface import Isolation
from saga_verifier.verdicts import Verdict

AT_ONCE = 4
DEADLINE_S = 30.0
NOTICE_S = 5.0
"""How long after the end of an escalated saga its owner may be told."""
QUIET_S = 5.0
"""How long calls may be under way after the end."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.1


@dataclass(frozen=True, slots=True)
class ScenarioStarted:
    """A scenario begins."""

    scenario: Scenario


@dataclass(frozen=True, slots=True)
class ScenarioEnded:
    """A scenario was played and judged."""

    record: ScenarioRecord


Event = ScenarioStarted | ScenarioEnded


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
        SagapactError: when a service cannot be started, or the saga is not taken.
    """
    chosen = select(derive(saga), tier=Tier(tier), names=names)
    with Topology(landscape, saga, env=env, isolation=isolation) as topology:
        for event in play(topology, chosen):
            if isinstance(event, ScenarioEnded):
                yield event.record


def play(
    topology: Topology, scenarios: Sequence[Scenario], *, at_once: int = AT_ONCE, deadline_s: float = DEADLINE_S
) -> Iterator[Event]:
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
    with new_client() as http:
        services = Services(topology, http)
        services.define()
        player = _Player(topology, services, deadline_s)
        events: SimpleQueue[Event | BaseException] = SimpleQueue()
        with ThreadPoolExecutor(max_workers=max(1, at_once), thread_name_prefix="scenario") as threads:
            plays = [threads.submit(player.play_loudly, scenario, events) for scenario in scenarios]
            yield from _heard(events, len(scenarios), plays)


def _heard(events: "SimpleQueue[Event | BaseException]", wanted: int, plays: Sequence[Future[None]]) -> Iterator[Event]:
    """Hand on the events until every scenario has ended; what was not begun is given up when nobody listens any more."""
    ended = 0
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


class _Player:
    """Plays one scenario at a time; used by several threads."""

    def __init__(self, topology: Topology, services: Services, deadline_s: float) -> None:
        self._topology, self._services, self._deadline_s = topology, services, deadline_s

    @property
    def _saga(self) -> Saga:
        return self._topology.saga

    def play_loudly(self, scenario: Scenario, events: "SimpleQueue[Event | BaseException]") -> None:
        """Play a scenario and tell of it."""
        try:
            events.put(ScenarioStarted(scenario))
            events.put(ScenarioEnded(self.play(scenario)))
        except BaseException as error:  # noqa: BLE001  (it belongs to the thread that listens)
            events.put(error)

    def play(self, scenario: Scenario) -> ScenarioRecord:
        """Play a scenario and judge it; what could not be found out stands in the record's `error`."""
        proxy, payload, saga_id = self._topology.proxy, fresh_payload(self._saga), ""
        began_s, began_ms = time.monotonic(), proxy.now_ms()
        try:
            for step in self._saga.steps:
                self._services.prepare(step, payload, refusing=step.step in scenario.refusing)
            began_ms = proxy.now_ms()
            saga_id = self._services.create(f"e2e-{uuid.uuid4().hex}", payload)
            parts = [on_the_way(self._saga, fault) for fault in scenario.faults]
            proxy.open(saga_id, [fault for part in parts for fault in part])
            evidence = self._evidence(saga_id, payload)
            findings = judge(self._saga, scenario, evidence)
            error = _never_met(scenario, parts, proxy.hits(saga_id), evidence.trace)
            if any(finding.verdict == Verdict.BROKEN for finding in findings):
                error = error or _too_slow(self._saga, evidence.trace)
        except SagapactError as failure:
            seen = proxy.trace(saga_id)
            return ScenarioRecord(scenario, saga_id, "", _ms_since(began_s), str(failure), trace=seen, began_ms=began_ms)
        finally:
            proxy.close(saga_id)
        return ScenarioRecord(
            scenario=scenario,
            saga_id=saga_id,
            outcome=evidence.record.state,
            duration_ms=_ms_since(began_s),
            error=error,
            findings=findings,
            steps=step_records(self._saga, evidence),
            trace=evidence.trace,
            began_ms=began_ms,
        )

    def _evidence(self, saga_id: str, payload: dict[str, Any]) -> Evidence:
        record = self._await_end(saga_id)
        if record.state == End.ESCALATED and self._saga.policies.owner_notification is not None:
            self._await_notice(saga_id, record)
        self._await_quiet(saga_id)
        steps = tuple(self._services.ask(step, saga_id, payload, record) for step in self._saga.steps)
        again = self._services.record(saga_id)
        return Evidence(saga_id, record, again, steps, self._topology.proxy.trace(saga_id))

    def _await_end(self, saga_id: str) -> SagaRecord:
        for _ in _pauses(self._deadline_s):
            record = self._services.record(saga_id)
            if record.ended:
                return record
        return self._services.record(saga_id)

    def _await_notice(self, saga_id: str, record: SagaRecord) -> None:
        """Wait until the owner has heard of every step that did not come to its end."""
        to_tell = {step for step, state in record.steps.items() if state in OPEN}
        for _ in _pauses(NOTICE_S):
            trace = self._topology.proxy.trace(saga_id)
            if to_tell <= {call.step for call in trace if call.role == Role.NOTIFICATION and call.outcome == "done"}:
                return

    def _await_quiet(self, saga_id: str) -> None:
        """Wait until no call of the saga is under way any more, so that the trace is whole."""
        for _ in _pauses(QUIET_S):
            if not self._topology.proxy.under_way(saga_id):
                return


def fresh_payload(saga: Saga) -> dict[str, Any]:
    """Give the example payload with new values in its fresh fields."""
    token = uuid.uuid4().hex[:12]
    return {**saga.payload.example, **{name: f"{saga.payload.example[name]}-{token}" for name in saga.payload.fresh}}


def _never_met(scenario: Scenario, parts: Sequence[Sequence[Fault]], hits: Sequence[int], trace: Trace) -> str | None:
    """Say which fault did not happen although it should have; None when all did."""
    left = iter(hits)
    for fault, part in zip(scenario.faults, parts, strict=True):
        met = [next(left) for _ in part]
        if not (_was_refused(trace, fault) if fault.kind == Kind.REFUSED else met[0]):
            return f"The fault was never met, so nothing was learned: {fault.text}. The saga did not make this call."
    return None


def _too_slow(saga: Saga, trace: Trace) -> str | None:
    """Say which call was slower than its caller waits although no fault delayed it: what came of that proves nothing."""
    for call in trace:
        took_ms, allowed_ms = call.ended_ms - call.at_ms, saga.step(call.step).timeout_ms
        if call.role in (Role.FORWARD, Role.COMPENSATE) and call.fate in (Fate.OK, Fate.UNANSWERED) and took_ms > allowed_ms:
            return (
                f"{call.request} ({call.step}) took {took_ms:.0f} ms at {call.target} although no fault delayed it; {allowed_ms} ms "
                "are declared. Either the participant is too slow (O21), or this machine was overloaded: play fewer at once."
            )
    return None


def _was_refused(trace: Trace, fault: Fault) -> bool:
    calls = calls_of(trace, fault.step, Role.FORWARD, Role.CALLBACK)
    return any(call.outcome == ForwardOutcome.REFUSED or call.told == CallbackOutcome.REFUSED for call in calls)


def _pauses(seconds: float) -> Iterator[None]:
    """Give a turn at once and then ever more rarely, until the time is up."""
    until, pause_s = time.monotonic() + seconds, _FIRST_PAUSE_S
    while time.monotonic() < until:
        yield
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def _ms_since(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)
