"""Plays one scenario on a running topology: creation, faults, the wait for the end, evidence; then, after a while, its judgement.

What could not be found out is said in the record's `error`, never taken for a pass. Several scenarios at a time are `runner`.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outcomes import State
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import SagapactError
from saga_e2e.derive.ends import End
from saga_e2e.derive.faults import Kind, Role
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.judge.conformance import of_strays
from saga_e2e.judge.doubts import doubt
from saga_e2e.judge.evidence import Evidence, Quantity, SagaRecord
from saga_e2e.judge.findings import Finding, Judged
from saga_e2e.judge.invariants import judge
from saga_e2e.judge.records import ScenarioRecord, step_records
from saga_e2e.play.gather import Services
from saga_e2e.play.starting import Begun, Starter, Subject
from saga_e2e.play.watching import CHECK_S, Watch, kinds_of, longer_s
from saga_e2e.proxy.trace import Stray
from saga_e2e.stage.topology import Topology

DEADLINE_S = 30.0
MOST_PLAYS = 4
"""How often a scenario is played whose fault may come too late, until it comes in time."""
STILLNESS_S = 0.5
"""How long a saga that has ended is watched: nothing may happen to it any more."""
OTHER_S = 1.0
"""How long the first of two sagas stands still for the other one at most."""
REACHED_S = 5.0
"""How long it may take until the first of two sagas stands still."""


@dataclass(slots=True)
class Played:
    """A scenario that was played and not yet judged.

    Attributes:
        evidence: What was gathered; None when that could not be done.
        why: Why not.
        took_ms: How long it took until everything was quiet.
        rests_since_s: When that was, on the monotonic clock.
    """

    begun: Begun
    evidence: Evidence | None
    why: str
    took_ms: int
    rests_since_s: float

    @property
    def rests_s(self) -> float:
        """How long it is still to be watched."""
        return 0.0 if self.evidence is None else max(0.0, self.rests_since_s + STILLNESS_S - time.monotonic())


class Player:
    """Plays scenarios; may be used by several threads.

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
        self._watch = Watch(topology, services, give_up or Event())
        self._starter = Starter(self._watch)

    def play(self, scenario: Scenario) -> Played:
        """Play a scenario until everything is quiet; its trace stays open until it is judged.

        A participant that is to be killed while it works may be done too early: then the scenario is played again.
        """
        for _ in range(MOST_PLAYS - 1):
            played = self._played(scenario)
            if not _was_too_fast(played):
                return played
            self._close(played.begun)
        return self._played(scenario)

    def _played(self, scenario: Scenario) -> Played:
        begun = self._starter.prepared(scenario)
        evidence, why = None, ""
        try:
            self._starter.start(begun)
            evidence = self._followed(begun)
        except SagapactError as failure:
            why = str(failure)
        return Played(begun, evidence, why, self._since(begun.began_ms), time.monotonic())

    def judged(self, played: Played) -> ScenarioRecord:
        """Judge a scenario, once it was watched for a while after its end."""
        begun = played.begun
        try:
            if played.evidence is None:
                return self._failed(begun, played.why)
            self._watch.give_up.wait(played.rests_s)
            return self._record(begun, self._at_last(begun, played.evidence), played.took_ms)
        except SagapactError as failure:
            return self._failed(begun, str(failure))
        finally:
            self._close(begun)

    def _close(self, begun: Begun) -> None:
        for saga_id in {*(one.saga_id for one in begun.subjects), *begun.creations}:
            self._proxy.close(saga_id)

    def _record(self, begun: Begun, evidence: Evidence, took_ms: int) -> ScenarioRecord:
        case = Judged(self._saga, begun.scenario, evidence)
        findings = judge(case)
        return ScenarioRecord(
            scenario=begun.scenario,
            saga_id=begun.first.saga_id,
            outcome=evidence.record.state,
            duration_ms=took_ms,
            error=doubt(case, findings) or self._lost(findings),
            findings=findings,
            steps=step_records(self._saga, evidence),
            trace=evidence.trace,
            strays=evidence.strays,
            began_ms=begun.began_ms,
            evidence=evidence,
        )

    def _failed(self, begun: Begun, why: str) -> ScenarioRecord:
        """Record a scenario that could not be played to its end, with what was seen until then."""
        saga_id = begun.first.saga_id
        seen, strays = self._proxy.trace(saga_id), self._strays(begun.subjects)
        findings = (of_strays(strays),) if strays else ()
        took_ms = self._since(begun.began_ms)
        return ScenarioRecord(
            begun.scenario, saga_id, "", took_ms, why, findings, trace=seen, strays=strays, began_ms=begun.began_ms
        )

    def _strays(self, subjects: Iterable[Subject]) -> tuple[Stray, ...]:
        """Give the calls that no saga file declares and that bear these sagas' ids or one of their own values."""
        marks = [mark for one in subjects for mark in (one.saga_id, *self._fresh(one.payload))]
        return self._proxy.claim_strays(marks)

    def _fresh(self, payload: Mapping[str, Any]) -> list[str]:
        values = [templates.look_up(name, payload) for name in self._saga.payload.fresh]
        return [value for value in values if isinstance(value, str)]

    def _lost(self, findings: Iterable[Finding]) -> str | None:
        """Say which service has ended, when something is broken: it is not to blame on the saga then."""
        return self._topology.trouble() if any(finding.verdict == Verdict.BROKEN for finding in findings) else None

    def _followed(self, begun: Begun) -> Evidence:
        """Follow the sagas of a scenario to their ends, and gather what they left behind."""
        others = [self._beside(begun)] if begun.scenario.sagas > 1 else []
        record, ended_ms = self._to_the_end(begun, begun.first)
        if Kind.DUPLICATED in {fault.kind for fault in begun.scenario.faults if fault.role == Role.CREATION}:
            self._starter.create_again(begun)
        if begun.scenario.checked:
            record = self._checked(begun)
        evidence = self._gathered(begun.first, record, ended_ms)
        return replace(
            evidence,
            creations=tuple(begun.creations),
            others=tuple(self._gathered(other, *self._to_the_end(begun, other)) for other in others),
            quantities=self._quantities(begun),
        )

    def _beside(self, begun: Begun) -> Subject:
        """Let a second saga run while the first one stands still behind one of its steps."""
        saga_id = begun.first.saga_id
        for _ in self._watch.pauses(REACHED_S):
            if self._proxy.stops(saga_id) or self._watch.record(saga_id).ended:
                break
        other = self._starter.start_other(begun)
        self._watch.end(other.saga_id, OTHER_S)
        self._proxy.go_on(saga_id)
        return other

    def _to_the_end(self, begun: Begun, one: Subject) -> tuple[SagaRecord, float]:
        """Wait until one saga has ended and everything is quiet; give its record at its end, and when that was seen."""
        scenario = begun.scenario
        record, ended_ms = self._watch.end(one.saga_id, self._deadline_s + longer_s(self._saga, scenario))
        if record.state == End.ESCALATED and self._saga.policies.owner_notification is not None:
            self._watch.notice(scenario, one.saga_id, record)
        self._topology.wait_until_restarted()
        self._watch.quiet(one.saga_id)
        self._proxy.deliver(one.saga_id)
        self._watch.callbacks(scenario, one.saga_id)
        self._watch.quiet(one.saga_id)
        return record, ended_ms

    def _gathered(self, one: Subject, record: SagaRecord, ended_ms: float) -> Evidence:
        asked = (self._services.ask(step, one.saga_id, one.payload, record) for step in self._saga.steps)
        steps = tuple(replace(step, before=one.before.get(step.step)) for step in asked)
        trace, strays = self._proxy.trace(one.saga_id), self._strays([one])
        return Evidence(one.saga_id, record, record, steps, trace, strays, ended_ms)

    def _at_last(self, begun: Begun, evidence: Evidence) -> Evidence:
        """Look at everything again that may have changed since the saga ended."""
        at_last = tuple(self._again(one) for one in (evidence, *evidence.others))
        strays = self._strays(begun.subjects)
        return replace(at_last[0], others=at_last[1:], strays=(*evidence.strays, *strays))

    def _again(self, one: Evidence) -> Evidence:
        watched_ms = round(STILLNESS_S * 1000)
        again, trace = self._watch.record(one.saga_id), self._proxy.trace(one.saga_id)
        return replace(one, again=again, trace=trace, stillness_ms=watched_ms)

    def _quantities(self, begun: Begun) -> tuple[Quantity, ...]:
        after = self._services.sums(begun.payloads) if begun.sums else {}
        return tuple(
            Quantity(name, before, after[name], "" if None not in (before, after[name]) else "a read told no number")
            for name, before in begun.sums.items()
        )

    def _checked(self, begun: Begun) -> SagaRecord:
        """Let the orchestrator's checker look at a saga, after what it is to find or to bear was brought about."""
        scenario, saga_id = begun.scenario, begun.first.saga_id
        if begun.put_back is not None:
            begun.put_back()
            self._must_be_gone(begun)
        if Kind.EFFECT_LOST not in kinds_of(scenario):
            self._proxy.add(saga_id, scenario.faults)
        before = self._watch.record(saga_id)
        self._services.check(saga_id)
        for _ in self._watch.pauses(CHECK_S if begun.put_back is not None else STILLNESS_S):
            record = self._watch.record(saga_id)
            if record != before and record.state in scenario.expected:
                break
        self._watch.quiet(saga_id)
        record = self._watch.record(saga_id)
        if record.state == End.ESCALATED and self._saga.policies.owner_notification is not None:
            self._watch.notice(scenario, saga_id, record)
        return record

    def _must_be_gone(self, begun: Begun) -> None:
        """See to it that an effect that was to be lost is lost."""
        name = next(fault.step for fault in begun.scenario.faults if fault.kind == Kind.EFFECT_LOST)
        first = begun.first
        found = self._services.ask(self._saga.step(name), first.saga_id, first.payload, self._watch.record(first.saga_id))
        if found.status == State.APPLIED.value:
            raise SagapactError(f"The effect of {name} could not be taken away: its status call still tells {found.status}.")

    def _since(self, began_ms: float) -> int:
        return round(self._proxy.now_ms() - began_ms)


def _was_too_fast(played: Played) -> bool:
    """Had a participant answered before it was killed?"""
    trace = () if played.evidence is None else played.evidence.trace
    return any(call.met is not None and call.met.kind == Kind.RECEIVER_DIES_WITHIN and call.replies for call in trace)
