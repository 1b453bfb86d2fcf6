"""The invariants about how the saga ended (pure): the expected end, I1, I4, I5."""

from collections.abc import Iterator

from saga_contracts.declare.saga import StepClass
from saga_e2e.derive.ends import End, may_use_up_the_tries
from saga_e2e.derive.faults import Fault, Role
from saga_e2e.judge.evidence import TERMINAL, SagaRecord
from saga_e2e.judge.findings import OPEN, Finding, Judged, judged, not_applicable
from saga_e2e.proxy.trace import calls_of

_FINDING = "effect_lost"
"""The fault after which a checker may find something."""


def expected_end(case: Judged) -> Finding:
    """The saga ended as the scenario must end."""
    expected = " or ".join(case.scenario.expected)
    wrong = [] if case.end in case.scenario.expected else [f"The saga is {case.end} instead of {expected}."]
    why = [f"({case.evidence.record.reason})"] if wrong and case.evidence.record.reason else []
    return judged("end", wrong + why, [], f"The saga is {case.end}.")


def agreement(case: Judged) -> Finding:
    """I1: every needed step agrees with the end; an escalation names those that do not, and has an injected cause."""
    if case.end not in TERMINAL:
        return not_applicable("I1", "The saga has not come to an end.")
    wanted = case.end == End.COMMITTED or (case.end == End.ESCALATED and _went_forward(case))
    effects = {step.step: case.has_effect(step) for step in case.needed if not step.only_reads}
    skipped = {step.step for step in case.saga.steps if case.skips(step)}
    differ = [name for name, effect in effects.items() if effect is not None and effect != (wanted and name not in skipped)]
    unclear = [f"Whether {name} has its effect cannot be seen." for name, effect in effects.items() if effect is None]
    if case.end == End.ESCALATED:
        named = _named(case)
        waiting = [name for name in differ if wanted and case.saga.ancestors(name) & set(named)]  # never begun, rightly
        broken = [f"{name} disagrees with the end and is not named." for name in differ if name not in (*named, *waiting)]
        return judged("I1", broken + list(_without_cause(case)), unclear, f"Named: {', '.join(_named(case))}.")
    has = "has no effect" if wanted else "still has its effect"
    broken = [
        f"{name} has its effect although its condition does not hold."
        if name in skipped
        else f"{name} {has} although the saga is {case.end}."
        for name in differ
    ]
    return judged("I1", broken, unclear, f"Every step {'has its' if wanted else 'is without'} effect.")


def end_is_final(case: Judged) -> Finding:
    """I4: the history has one end, at its end, and the saga is still there later, but for what a checker has found on record."""
    first, again = case.evidence.record, case.evidence.again
    if not first.ended:
        return not_applicable("I4", "The saga has not come to an end.")
    found = case.checked and bool(again.reason or first.reason)
    broken = []
    if not found and any(state in TERMINAL for state in first.history[:-1]):
        broken.append(f"The saga left an end: {' → '.join(first.history)}.")
    if first.history and first.history[-1] != first.state:
        broken.append(f"The history {' → '.join(first.history)} does not end with {first.state}.")
    if (again.state, again.history) != (first.state, first.history) and not (found and _may_follow(first, again)):
        broken.append(f"The saga was {first.state} and is now {again.state}, without a finding of the checker.")
    return judged("I4", broken, [], f"{' → '.join(again.history) or again.state}, and it stays so.")


def _may_follow(first: SagaRecord, again: SagaRecord) -> bool:
    """May a checker's finding lead from one record to the other: undone, or told to the owner, and never forward again?"""
    begins_so = again.history[: len(first.history)] == first.history
    return (
        begins_so and again.state in (End.COMPENSATED, End.ESCALATED) and End.COMMITTED not in again.history[len(first.history) :]
    )


def came_to_an_end(case: Judged) -> Finding:
    """I5: the saga came to an end in time."""
    broken = [] if case.end in TERMINAL else [f"The saga is still {case.end}."]
    return judged("I5", broken, [], "The saga came to an end in time.")


def _went_forward(case: Judged) -> bool:
    """Did the saga pass the point from which it goes only forward?"""
    forward_only = [step for step in case.saga.steps if step.step_class in (StepClass.PIVOT, StepClass.RETRIABLE)]
    if not case.evidence.tells_steps:
        return any(calls_of(case.evidence.trace, step.step, Role.FORWARD) for step in forward_only)
    return any(case.found(step).state in ("applied", "exhausted", "uncertain", "running") for step in forward_only)


def _named(case: Judged) -> list[str]:
    """Give the steps that the escalation is about: by the record, else by what the owner was told."""
    if not case.evidence.tells_steps:
        return [step.step for step in case.saga.steps if calls_of(case.evidence.trace, step.step, Role.NOTIFICATION)]
    return [step.step for step in case.saga.steps if case.found(step).state in OPEN]


def _without_cause(case: Judged) -> Iterator[str]:
    """An escalation needs a fault that outlasts the tries: at a compensation, or at a step that only goes forward."""
    causes = {fault.step for fault in case.scenario.faults if _can_escalate(case, fault)}
    causes |= {step.step for step in case.saga.steps if step.step_class == StepClass.COMPENSATABLE and step.compensate is None}
    causes |= set(_lost_along(case))
    if not causes:
        yield "The saga is escalated, but no fault of this scenario can cause that."
    for name in _named(case):
        if causes and name not in causes and case.saga.policies.failing_compensation == "continue":
            state = case.evidence.step(name).state or "told to the owner"
            yield f"{name} is {state}, but no fault of this scenario at {name} can cause that."


def _lost_along(case: Judged) -> Iterator[str]:
    """When a participant's data are put back, it loses the effects of all of its steps."""
    lost = {case.saga.step(fault.step).participant for fault in case.scenario.faults if fault.kind.value == _FINDING}
    return (step.step for step in case.saga.steps if step.participant in lost)


def _can_escalate(case: Judged, fault: Fault) -> bool:
    if fault.kind.value == _FINDING and case.checked:
        return True
    step = case.saga.step(fault.step)
    forward_only = step.step_class in (StepClass.PIVOT, StepClass.RETRIABLE) or case.saga.goes_only_forward(step.step)
    where = fault.role == Role.COMPENSATE or (fault.role in (Role.FORWARD, Role.CALLBACK) and forward_only)
    return where and may_use_up_the_tries(step, fault)
