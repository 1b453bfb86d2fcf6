"""The invariants about how the saga ended and which effects are left (pure)."""

from collections.abc import Iterator

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import Step, StepClass
from saga_contracts.derive import expectations
from saga_contracts.derive.expectations import Situation
from saga_contracts.derive.slices import step_slice
from saga_e2e.derive.ends import End, may_use_up_the_tries
from saga_e2e.derive.faults import Fault, Role
from saga_e2e.judge.evidence import TERMINAL, StepEvidence
from saga_e2e.judge.findings import OPEN, Finding, Judged, judged, not_applicable
from saga_e2e.judge.heard import second_answers, unheard
from saga_e2e.judge.readings import reading


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
        broken = [f"{name} disagrees with the end and is not named." for name in differ if name not in _named(case)]
        return judged("I1", broken + list(_without_cause(case)), unclear, f"Named: {', '.join(_named(case))}.")
    has = "has no effect" if wanted else "still has its effect"
    broken = [
        f"{name} has its effect although its condition does not hold."
        if name in skipped
        else f"{name} {has} although the saga is {case.end}."
        for name in differ
    ]
    return judged("I1", broken, unclear, f"Every step {'has its' if wanted else 'is without'} effect.")


def one_effect(case: Judged) -> Finding:
    """I2: each step has at most one net effect, and a call that came twice was answered twice as if it had come once."""
    broken, unproven = list(second_answers(case)), []
    for step in case.with_effect:
        seen = case.worlds(step)
        if seen is None:
            unproven.append(_unread(case, step))
        elif not seen:
            broken.append(f"{step.step}: {_short(reading(step, case.found(step)))} is neither no effect nor exactly one.")
    return judged("I2", broken, unproven, "Every step has no effect or exactly one.")


def conservation(case: Judged) -> Finding:
    """I3: each probe reads exactly what the saga file declares for the state that the step is in."""
    broken, unproven = [], []
    for step in case.with_effect:
        seen, allowed = case.worlds(step), _declared_worlds(case.found(step))
        if seen is None:
            unproven.append(_unread(case, step))
        elif not seen & allowed:
            state = case.found(step).state
            broken.append(f"{step.step} is {state}, but its probe reads {_short(reading(step, case.found(step)))}.")
    return judged("I3", broken, unproven, "Every probe reads what the step's state declares.")


def end_is_final(case: Judged) -> Finding:
    """I4: the history has one end, at its end, and the saga is still there later."""
    first, again = case.evidence.record, case.evidence.again
    if not first.ended:
        return not_applicable("I4", "The saga has not come to an end.")
    broken = []
    if any(state in TERMINAL for state in first.history[:-1]):
        broken.append(f"The saga left an end: {' → '.join(first.history)}.")
    if first.history and first.history[-1] != first.state:  # a record need not tell what it was before
        broken.append(f"The history {' → '.join(first.history)} does not end with {first.state}.")
    if (again.state, again.history) != (first.state, first.history):
        broken.append(f"The saga was {first.state} and is now {again.state}, without a finding of the checker.")
    return judged("I4", broken, [], f"{' → '.join(first.history) or first.state}, and it stays so.")


def came_to_an_end(case: Judged) -> Finding:
    """I5: the saga came to an end in time."""
    broken = [] if case.end in TERMINAL else [f"The saga is still {case.end}."]
    return judged("I5", broken, [], "The saga came to an end in time.")


def record_agrees(case: Judged) -> Finding:
    """I10: what the saga service has on record is what it heard, and what every participant says of its step."""
    if case.end not in TERMINAL:
        return not_applicable("I10", "The saga has not come to an end.")
    broken, unproven = list(unheard(case)), []
    for step in case.saga.steps:
        found = case.found(step)
        if found.state == "skipped" and not case.skips(step):
            broken.append(f"{step.step} is skipped on record, although its condition holds.")
        if step.only_reads:
            continue
        if found.status is None:
            unproven.append(f"{step.step} has no status call.")
        elif found.status not in _allowed_status(step, found.state, case):
            broken.append(f"{step.step} is {found.state} on record, but {step.participant} says {found.status}.")
    return judged("I10", broken, unproven, "Record and participants agree on every step.")


def _went_forward(case: Judged) -> bool:
    """Did the saga pass the point from which it goes only forward?"""
    forward_only = [step for step in case.saga.steps if step.step_class in (StepClass.PIVOT, StepClass.RETRIABLE)]
    return any(case.found(step).state in ("applied", "exhausted", "uncertain", "running") for step in forward_only)


def _named(case: Judged) -> list[str]:
    return [step.step for step in case.saga.steps if case.found(step).state in OPEN]


def _without_cause(case: Judged) -> Iterator[str]:
    """An escalation needs a fault that outlasts the tries: at a compensation, or at a step that only goes forward."""
    causes = {fault.step for fault in case.scenario.faults if _can_escalate(case, fault)}
    causes |= {step.step for step in case.saga.steps if step.step_class == StepClass.COMPENSATABLE and step.compensate is None}
    if not causes:
        yield "The saga is escalated, but no fault of this scenario can cause that."
    for name in _named(case):
        if causes and name not in causes and case.saga.policies.failing_compensation == "continue":
            yield f"{name} is {case.evidence.step(name).state}, but no fault of this scenario at {name} can cause that."


def _can_escalate(case: Judged, fault: Fault) -> bool:
    step = case.saga.step(fault.step)
    forward_only = step.step_class in (StepClass.PIVOT, StepClass.RETRIABLE) or case.saga.goes_only_forward(step.step)
    where = fault.role == Role.COMPENSATE or (fault.role in (Role.FORWARD, Role.CALLBACK) and forward_only)
    return where and may_use_up_the_tries(step, fault)


def _declared_worlds(found: StepEvidence) -> frozenset[str]:
    if found.state == "applied":
        return frozenset({"applied"})
    if found.state in OPEN | {"running", "compensating"}:  # the record does not know: the participant's word counts
        told = {"applied": {"applied"}, "in_progress": {"applied", "without"}, None: {"applied", "without"}}
        return frozenset(told.get(found.status, {"without"}))
    return frozenset({"without"})


def _allowed_status(step: Step, recorded: str, case: Judged) -> frozenset[str]:
    """Give what the participant may say of a step that is so on record."""
    if recorded in OPEN and (case.end == End.ESCALATED or step.optional):  # the saga may finish without an optional step
        return frozenset(state.value for state in State)
    state = _ON_RECORD.get(recorded)
    if state is None:
        return frozenset()
    refusing = step.step in case.scenario.refusing
    situation = Situation(state, forwarded=True, refused=state == State.REFUSED, refusing=refusing)
    return frozenset(one.value for one in expectations.told(step_slice(case.saga, step.step), situation))


_ON_RECORD = {
    "applied": State.APPLIED,
    "pending": State.ABSENT,
    "skipped": State.ABSENT,
    "refused": State.REFUSED,
    "compensated": State.COMPENSATED,
}
"""What a state of the record says of the step at its participant."""


def _unread(case: Judged, step: Step) -> str:
    trouble = case.found(step).probe_trouble or case.shared_probes.get(step.step, "its probe was not read")
    return f"The effect of {step.step} cannot be seen: {trouble}."


def _short(value: object, limit: int = 160) -> str:
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
