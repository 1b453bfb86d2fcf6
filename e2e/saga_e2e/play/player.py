"""Plays one scenario on a running topology: preconditions, creation, faults, the wait for the end, evidence, judgement.

What could not be found out is said in the record's `error`, never taken for a pass. Several scenarios at a time are `runner`.
"""

import random
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from threading import Event
from typing import Any

from saga_contracts.declare import conditions, templates
from saga_contracts.declare.saga import Completion, Saga, Under
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError
from saga_contracts.wire import branches
from saga_contracts.wire.fresh import fresh_payload
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Role, on_the_way
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.conformance import of_strays
from saga_e2e.judge.doubts import doubt
from saga_e2e.judge.evidence import Evidence, SagaRecord
from saga_e2e.judge.findings import OPEN, Finding, Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.judge.records import ScenarioRecord, step_records
from saga_e2e.play.gather import Services
from saga_e2e.proxy.trace import Asked, Stray
from saga_e2e.stage.topology import Topology

DEADLINE_S = 30.0
NOTICE_S = 5.0
"""How long after the end of an escalated saga its owner may be told."""
CALLBACK_S = 10.0
"""How long after a crash a callback may still come."""
QUIET_S = 5.0
"""How long calls may be under way after the end."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.1


class Player:
    """Plays one scenario at a time; may be used by several threads.

    Args:
        topology: A running one.
        services: Its services; the saga is defined there.
        deadline_s: How long one saga may take to come to its end.
        give_up: When set, nothing is waited for any more.
    """

    def __init__(
        self, topology: Topology, services: Services, deadline_s: float = DEADLINE_S, give_up: Event | None = None
    ) -> None:
        self._saga, self._proxy, self._topology = topology.saga, topology.proxy, topology
        self._services, self._deadline_s = services, deadline_s
        self._give_up = give_up or Event()

    def play(self, scenario: Scenario) -> ScenarioRecord:
        """Play a scenario and judge it."""
        began_ms, saga_id = self._proxy.now_ms(), ""
        declared = self._saga.payload
        payload = branches.with_fields(declared, fresh_payload(declared, random.SystemRandom()), dict(scenario.payload))
        try:
            context = {"payload": payload, "outputs": self._saga.outputs}
            for step in [one for one in self._saga.steps if conditions.runs(one, context)]:
                self._services.prepare(step, payload, Under.REFUSING if step.step in scenario.refusing else Under.ENOUGH)
            saga_id = self._services.create(f"e2e-{uuid.uuid4().hex}", payload)
            return self._followed(scenario, saga_id, payload, began_ms)
        except SagapactError as failure:
            return self._failed(scenario, saga_id, payload, began_ms, str(failure))
        finally:
            self._proxy.close(saga_id)

    def _followed(self, scenario: Scenario, saga_id: str, payload: Mapping[str, Any], began_ms: float) -> ScenarioRecord:
        """Inject the faults into a saga that was just created, wait for its end, judge it."""
        faults = [part for fault in scenario.faults for part in on_the_way(self._saga, fault)]
        self._proxy.open(saga_id, faults, lambda step: self._ask_now(saga_id, payload, step))
        evidence = self._evidence(scenario, saga_id, payload)
        case = Judged(self._saga, scenario, evidence)
        findings = judge(case)
        return ScenarioRecord(
            scenario=scenario,
            saga_id=saga_id,
            outcome=evidence.record.state,
            duration_ms=self._since(began_ms),
            error=doubt(case, findings) or self._lost(findings),
            findings=findings,
            steps=step_records(self._saga, evidence),
            trace=evidence.trace,
            strays=evidence.strays,
            began_ms=began_ms,
            evidence=evidence,
        )

    def _failed(self, scenario: Scenario, saga_id: str, payload: Mapping[str, Any], began_ms: float, why: str) -> ScenarioRecord:
        """Record a scenario that could not be played to its end, with what was seen until then."""
        seen, strays = self._proxy.trace(saga_id), self._strays(saga_id, payload)
        findings = (of_strays(strays),) if strays else ()
        took_ms = self._since(began_ms)
        return ScenarioRecord(scenario, saga_id, "", took_ms, why, findings, trace=seen, strays=strays, began_ms=began_ms)

    def _ask_now(self, saga_id: str, payload: Mapping[str, Any], name: str) -> Asked:
        """Ask a step's participant what is true at this moment."""
        found = self._services.ask(self._saga.step(name), saga_id, payload, self._services.record(saga_id))
        return Asked(found.status, found.probe, found.probe_trouble, found.context)

    def _strays(self, saga_id: str, payload: Mapping[str, Any]) -> tuple[Stray, ...]:
        """Give the calls that no saga file declares and that bear this saga's id or one of its own values."""
        fresh = [templates.look_up(name, payload) for name in self._saga.payload.fresh]
        return self._proxy.claim_strays([saga_id, *(value for value in fresh if isinstance(value, str))])

    def _lost(self, findings: Iterable[Finding]) -> str | None:
        """Say which service has ended, when something is broken: it is not to blame on the saga then."""
        return self._topology.trouble() if any(finding.verdict == Verdict.BROKEN for finding in findings) else None

    def _evidence(self, scenario: Scenario, saga_id: str, payload: Mapping[str, Any]) -> Evidence:
        record = self._await_end(saga_id, self._deadline_s + longer_s(self._saga, scenario))
        if record.state == End.ESCALATED and self._saga.policies.owner_notification is not None:
            self._await_notice(saga_id, record)
        self._topology.wait_until_restarted()
        self._proxy.deliver(saga_id)
        self._await_callbacks(scenario, saga_id)
        self._await_quiet(saga_id)
        steps = tuple(self._services.ask(step, saga_id, payload, record) for step in self._saga.steps)
        again = self._record(saga_id)
        return Evidence(saga_id, record, again, steps, self._proxy.trace(saga_id), self._strays(saga_id, payload))

    def _await_end(self, saga_id: str, deadline_s: float) -> SagaRecord:
        for _ in self._pauses(deadline_s):
            record = self._record(saga_id)
            if record.ended:
                return record
        return self._record(saga_id)

    def _record(self, saga_id: str) -> SagaRecord:
        """Read the saga's record, anew when the saga service was started again meanwhile."""
        while True:
            seen = self._topology.restarts
            try:
                return self._services.record(saga_id)
            except SagapactError:
                self._topology.wait_until_restarted()
                if self._topology.restarts == seen:
                    raise

    def _await_notice(self, saga_id: str, record: SagaRecord) -> None:
        """Wait until the owner has heard of every step that did not come to its end."""
        to_tell = {step for step, state in record.steps.items() if state in OPEN}
        for _ in self._pauses(NOTICE_S):
            trace = self._proxy.trace(saga_id)
            if to_tell <= {call.step for call in trace if call.role == Role.NOTIFICATION and call.outcome == "done"}:
                return

    def _await_callbacks(self, scenario: Scenario, saga_id: str) -> None:
        """Wait for what participants call back late: after a crash, the saga may have ended by the answer to a retry before."""
        if not any(fault.crashes for fault in scenario.faults):
            return
        tell_later = {step.step for step in self._saga.steps if step.completion == Completion.CALLBACK}
        for _ in self._pauses(CALLBACK_S):
            trace = self._proxy.trace(saga_id)
            called = {call.step for call in trace if call.role == Role.FORWARD}
            if called & tell_later <= {call.step for call in trace if call.role == Role.CALLBACK}:
                return

    def _await_quiet(self, saga_id: str) -> None:
        """Wait until no call of the saga is under way any more, so that the trace is whole."""
        for _ in self._pauses(QUIET_S):
            if not self._proxy.under_way(saga_id):
                return

    def _pauses(self, seconds: float) -> Iterator[None]:
        """Give a turn at once and then ever more rarely, until the time is up."""
        until, pause_s = time.monotonic() + seconds, _FIRST_PAUSE_S
        while time.monotonic() < until and not self._give_up.is_set():
            yield
            self._give_up.wait(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def _since(self, began_ms: float) -> int:
        return round(self._proxy.now_ms() - began_ms)


def longer_s(saga: Saga, scenario: Scenario) -> float:
    """Give how much longer a scenario takes in which the time of callbacks runs out, or replies are slow."""
    slow_s = sum(fault.lasts_ms for fault in scenario.faults) / 1000
    lost = {fault.step for fault in scenario.faults if fault.persistent and fault.role == Role.CALLBACK}
    return slow_s + sum(saga.step(name).callback_timeout_ms / 1000 for name in lost)
