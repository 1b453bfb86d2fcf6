"""What a played scenario came to, as values with a plain JSON form: for reports, files and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict, worst
from saga_e2e.derive.faults import Fault, Role
from saga_e2e.derive.scenarios import Scenario, Tier
from saga_e2e.judge.conformance import of_strays
from saga_e2e.judge.evidence import Evidence
from saga_e2e.judge.findings import STANDS_ALONE, Finding
from saga_e2e.judge.readings import reading
from saga_e2e.proxy.trace import Stray, Trace, TracedCall
from saga_e2e.proxy.words import letters

UNKNOWN = "unknown"
"""The verdict of a scenario that could not be found out."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """How one step ended.

    Attributes:
        state: By the saga service's record; None when that tells nothing of single steps.
        status: By the participant's own word; None when it declares no status call.
        probe: What the effect probe read, of the declared fields.
    """

    step: str
    state: str | None
    status: str | None
    probe: Any

    def as_json(self) -> dict[str, Any]:
        """Give the record as plain JSON."""
        return {"step": self.step, "state": self.state, "status": self.status, "probe": self.probe}


@dataclass(frozen=True, slots=True)
class ScenarioRecord:
    """One played scenario.

    Attributes:
        outcome: The saga's state at the end; empty when it was never created.
        error: Why it could not be found out how the scenario ends; None when it could.
        findings: Each invariant's verdict.
        strays: Calls that no saga file declares.
        began_ms: When the saga was created, on the trace's clock.
        evidence: All that was gathered; None when it could not be.
    """

    scenario: Scenario
    saga_id: str
    outcome: str
    duration_ms: int
    error: str | None = None
    findings: tuple[Finding, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    trace: Trace = ()
    strays: tuple[Stray, ...] = ()
    began_ms: float = 0.0
    evidence: Evidence | None = None

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scenario.name

    @property
    def title(self) -> str:
        """The scenario in words."""
        return self.scenario.title

    @property
    def verdict(self) -> str:
        """`kept`, `broken`, `unproven`, or `unknown` when it could not be found out; never kept by absence."""
        if self.error is not None:
            return Verdict.BROKEN.value if any(finding.id in STANDS_ALONE for finding in self.broken) else UNKNOWN
        return worst(finding.verdict for finding in self.findings).value

    @property
    def broken(self) -> tuple[Finding, ...]:
        """Give the broken invariants."""
        return tuple(finding for finding in self.findings if finding.verdict == Verdict.BROKEN)

    def as_json(self) -> dict[str, Any]:
        """Give the record as plain JSON."""
        scenario = self.scenario
        lost = [] if self.error is None else [{"id": "harness", "verdict": UNKNOWN, "text": self.error}]
        return {
            "name": scenario.name,
            "title": scenario.title,
            "tier": scenario.tier.value,
            "faults": [_fault_json(fault) for fault in scenario.faults],
            "expected": " or ".join(scenario.expected),
            "outcome": self.outcome,
            "verdict": self.verdict,
            "duration_ms": self.duration_ms,
            "invariants": [*lost, *(finding.as_json() for finding in self.findings)],
            "steps": [step.as_json() for step in self.steps],
            "trace": trace_json(self.trace, self.strays, self.began_ms),
            "notifications": notifications(self.trace),
        }


def _fault_json(fault: Fault) -> dict[str, str]:
    return {
        "step": fault.step,
        "role": fault.role.value,
        "class": fault.fault_class,
        "kind": f"{fault.kind.value}, always" if fault.persistent else fault.kind.value,
        "text": fault.text,
    }


def of_nobody(strays: tuple[Stray, ...]) -> ScenarioRecord:
    """Record the calls that are not declared and belong to no scenario, as a scenario of their own, broken."""
    title = "Calls that no saga file declares and that belong to no scenario"
    nobody = Scenario("calls-of-no-scenario", title, "", Tier.DEMO, (), frozenset(), ())
    began_ms = min(stray.at_ms for stray in strays)
    return ScenarioRecord(nobody, "", "", 0, findings=(of_strays(strays),), strays=strays, began_ms=began_ms)


def step_records(saga: Saga, evidence: Evidence) -> tuple[StepRecord, ...]:
    """Give each step's end, in the order of the file."""
    found = ((step, evidence.step(step.step)) for step in saga.steps)
    return tuple(StepRecord(one.step, one.state, one.status, reading(step, one)) for step, one in found)


def notifications(calls: Sequence[TracedCall]) -> list[dict[str, Any]]:
    """Give what the owner was told: each call, with what became of it."""
    told = (call for call in calls if call.role == Role.NOTIFICATION)
    return [{"step": call.step, "event": call.told, "status": call.status, "fate": call.fate.value} for call in told]


def trace_json(trace: Sequence[TracedCall], strays: Sequence[Stray], began_ms: float) -> list[dict[str, Any]]:
    """Give trace and strays as plain JSON, in the order in which the calls came; times count from `began_ms`."""
    by_index = letters(trace)
    rows = [(call.at_ms, _call_json(call, by_index[index])) for index, call in enumerate(trace)]
    rows += [(stray.at_ms, _stray_json(stray)) for stray in strays]
    return [{"at_ms": round(at_ms - began_ms, 1), **row} for at_ms, row in sorted(rows, key=lambda pair: pair[0])]


def _call_json(call: TracedCall, letter: str) -> dict[str, Any]:
    return {
        "source": call.source,
        "target": call.target,
        "step": call.step,
        "role": call.role.value,
        "letter": letter,
        "request": call.request,
        "status": call.status,
        "statuses": [reply.status for reply in call.replies],
        "fate": call.fate.value,
    }


def _stray_json(stray: Stray) -> dict[str, Any]:
    return {
        "source": "",
        "target": stray.target,
        "step": None,
        "role": "not declared",
        "letter": "",
        "request": stray.request,
        "status": stray.status,
        "statuses": [] if stray.status is None else [stray.status],
        "fate": "not declared",
    }
