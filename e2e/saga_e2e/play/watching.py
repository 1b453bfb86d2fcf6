"""Waiting for what a saga does: its end, what its owner is told, callbacks that are late, quiet. Nothing here judges."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

from saga_contracts.declare.saga import Completion, Saga
from saga_contracts.errors import SagapactError
from saga_e2e.derive.faults import Kind, Role
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.evidence import SagaRecord
from saga_e2e.judge.findings import OPEN
from saga_e2e.play.gather import Services
from saga_e2e.stage.topology import Topology

NOTICE_S = 5.0
"""How long after the end of an escalated saga its owner may be told."""
CALLBACK_S = 10.0
"""How long after a crash a callback may still come."""
QUIET_S = 5.0
"""How long calls may be under way after the end."""
CHECK_S = 15.0
"""How long a checker may take that was asked to look."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.1


@dataclass(frozen=True, slots=True)
class Watch:
    """Watches the sagas of one topology; may be used by several threads.

    Args:
        topology: A running one.
        services: Its services.
        give_up: When set, nothing is waited for any more.
    """

    topology: Topology
    services: Services
    give_up: Event

    def end(self, saga_id: str, deadline_s: float) -> tuple[SagaRecord, float]:
        """Wait until a saga has ended; give its record, and when that was seen (0.0: it has not ended)."""
        for _ in self.pauses(deadline_s):
            record = self.record(saga_id)
            if record.ended:
                return record, self.topology.proxy.now_ms()
        return self.record(saga_id), 0.0

    def record(self, saga_id: str) -> SagaRecord:
        """Read a saga's record, anew when the orchestrator was started again meanwhile."""
        while True:
            seen = self.topology.restarts
            try:
                return self.services.record(saga_id)
            except SagapactError:
                self.topology.wait_until_restarted()
                if self.topology.restarts == seen:
                    raise

    def notice(self, scenario: Scenario, saga_id: str, record: SagaRecord) -> None:
        """Wait until the owner has heard of every step that did not come to its end."""
        to_tell = {step for step, state in record.steps.items() if state in OPEN}
        cut_s = sum(fault.lasts_ms for fault in scenario.faults if fault.role == Role.NOTIFICATION) / 1000
        for _ in self.pauses(NOTICE_S + 2 * cut_s):  # it may be told ever more rarely
            told = {
                call.step
                for call in self.topology.proxy.trace(saga_id)
                if call.role == Role.NOTIFICATION and call.outcome == "done"
            }
            if to_tell <= told and told:
                return

    def callbacks(self, scenario: Scenario, saga_id: str) -> None:
        """Wait for what participants call back late: after a crash, the saga may have ended by the answer to a retry before."""
        if not any(fault.crashes for fault in scenario.faults):
            return
        tell_later = {step.step for step in self.topology.saga.steps if step.completion == Completion.CALLBACK}
        for _ in self.pauses(CALLBACK_S):
            trace = self.topology.proxy.trace(saga_id)
            called = {call.step for call in trace if call.role == Role.FORWARD and call.arrivals}
            if called & tell_later <= {call.step for call in trace if call.role == Role.CALLBACK}:
                return

    def quiet(self, saga_id: str) -> None:
        """Wait until no call of the saga is under way any more, so that the trace is whole."""
        for _ in self.pauses(QUIET_S):
            if not self.topology.proxy.under_way(saga_id):
                return

    def pauses(self, seconds: float) -> Iterator[None]:
        """Give a turn at once and then ever more rarely, until the time is up."""
        until, pause_s = time.monotonic() + seconds, _FIRST_PAUSE_S
        while time.monotonic() < until and not self.give_up.is_set():
            yield
            self.give_up.wait(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


def longer_s(saga: Saga, scenario: Scenario) -> float:
    """Give how much longer a scenario takes in which the time of callbacks runs out, or replies are slow."""
    slow_s = sum(fault.lasts_ms for fault in scenario.faults) / 1000
    lost = {fault.step for fault in scenario.faults if fault.persistent and fault.role == Role.CALLBACK}
    return slow_s + sum(saga.step(name).callback_timeout_ms / 1000 for name in lost)


def kinds_of(scenario: Scenario) -> frozenset[Kind]:
    """Give the kinds of a scenario's faults."""
    return frozenset(fault.kind for fault in scenario.faults)
