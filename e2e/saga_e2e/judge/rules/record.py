"""I10: what the orchestrator has on record is what it heard, and what every participant says of its step (pure).

Where its record tells nothing of single steps, they are held against the saga's own state, and the finding says so.
"""

from saga_contracts.declare.outcomes import State
from saga_contracts.declare.saga import Step
from saga_contracts.derive import expectations
from saga_contracts.derive.expectations import Situation
from saga_contracts.derive.slices import step_slice
from saga_e2e.derive.ends import End
from saga_e2e.judge.evidence import TERMINAL
from saga_e2e.judge.findings import OPEN, Finding, Judged, judged, not_applicable
from saga_e2e.judge.heard import unheard

_ON_RECORD = {
    "applied": State.APPLIED,
    "pending": State.ABSENT,
    "skipped": State.ABSENT,
    "refused": State.REFUSED,
    "compensated": State.COMPENSATED,
}
"""What a state of the record says of the step at its participant."""


_EVERY = frozenset(state.value for state in State)


def record_agrees(case: Judged) -> Finding:
    """I10: what the saga service has on record is what it heard, and what every participant says of its step."""
    if case.end not in TERMINAL:
        return not_applicable("I10", "The saga has not come to an end.")
    broken, unproven = list(unheard(case)), []
    for step in case.saga.steps:
        found = case.found(step)
        if found.state == "skipped" and case.tells_condition(step) and not case.skips(step):
            broken.append(f"{step.step} is skipped on record, although its condition holds.")
        if step.only_reads:
            continue
        if found.status is None:
            unproven.append(f"{step.step} has no status call.")
        elif found.status not in _allowed_status(case, step, found.state):
            broken.append(
                f"{step.step} is {found.state or _due(case, step)} on record, but {step.participant} says {found.status}."
            )
    kept = "Record and participants agree on every step."
    alone = f"The record tells nothing of single steps: every participant agrees with a saga that is {case.end}."
    return judged("I10", broken, unproven, kept if case.evidence.tells_steps else alone)


def _allowed_status(case: Judged, step: Step, recorded: str | None) -> frozenset[str]:
    """Give what the participant may say of a step that is so on record."""
    if recorded in OPEN and (case.end == End.ESCALATED or step.optional):  # the saga may finish without an optional step
        return _EVERY
    if recorded is None:
        return _by_end(case, step)
    state = _ON_RECORD.get(recorded)
    if state is None:
        return frozenset()
    return _told(case, step, state)


def _by_end(case: Judged, step: Step) -> frozenset[str]:
    """Give what the participant may say where the record tells only how the saga ended."""
    if case.end == End.ESCALATED or step.optional:
        return _EVERY
    if case.end == End.COMPENSATED:
        stays = step.compensate is None and not case.skips(step)
        return _EVERY if stays else _told(case, step, State.COMPENSATED) | _told(case, step, State.REFUSED) | {"absent"}
    return _told(case, step, State.ABSENT if case.skips(step) else State.APPLIED)


def _due(case: Judged, step: Step) -> str:
    return "to be left out" if case.skips(step) else f"{case.end} with its saga"


def _told(case: Judged, step: Step, state: State) -> frozenset[str]:
    refusing = step.step in case.scenario.refusing
    situation = Situation(state, forwarded=True, refused=state == State.REFUSED, refusing=refusing)
    return frozenset(one.value for one in expectations.told(step_slice(case.saga, step.step), situation))
