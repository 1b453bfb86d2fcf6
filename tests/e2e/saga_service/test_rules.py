"""What the checker makes of answers, and how an escalated saga goes on, from states alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.client import Saga, StepClass
from saga_service.records import SagaState, StepRecord, StepState
from saga_service.watch import rules
from saga_service.watch.escalating import way_on
from saga_service.watch.rules import Found, Verdict

A, C, R = StepState.APPLIED, StepState.COMPENSATED, StepState.REFUSED
COMMITTED, COMPENSATED = SagaState.COMMITTED, SagaState.COMPENSATED
ANSWERS = ("applied", "absent", "compensated", "refused", "in_progress", "retryable", "unknown", "unsendable")


def saga_of(classes: dict[str, str], optional: str = "") -> Saga:
    call = {"request": {"method": "POST", "path": "/"}, "replies": {"done": {"status": 200}}}
    status = {"request": {"method": "GET", "path": "/"}, "replies": {"applied": {"status": 200}, "absent": {"status": 404}}}

    def step(name: str, step_class: str) -> dict[str, Any]:
        more = {"compensate": call} if step_class == "compensatable" else {}
        found = {"step": name, "participant": "p", "class": step_class, "forward": call, "status": status}
        return found | more | {"optional": name == optional}

    steps = [step(*one) for one in classes.items()]
    return Saga.model_validate(
        {"format": 1, "saga": "any", "owner": "o", "payload": {"schema": {}, "example": {}}, "steps": steps}
    )


UNDOABLE = {"a": "compensatable", "b": "compensatable"}
PAST = UNDOABLE | {"t": "pivot"}


def records(**found: StepState) -> dict[str, StepRecord]:
    return {name: StepRecord(name, state) for name, state in found.items()}


@pytest.mark.parametrize(
    ("classes", "state", "steps", "answers", "verdict"),
    [
        (UNDOABLE, COMMITTED, {"a": A, "b": A}, {"a": "applied", "b": "applied"}, Verdict.SOUND),
        (UNDOABLE, COMMITTED, {"a": A, "b": A}, {"a": "absent", "b": "applied"}, Verdict.UNDONE),
        (UNDOABLE, COMMITTED, {"a": A, "b": A}, {"a": "absent", "b": "unknown"}, Verdict.UNDONE),
        (UNDOABLE, COMMITTED, {"a": A, "b": A}, {"a": "compensated", "b": "applied"}, Verdict.UNDONE),
        (UNDOABLE, COMMITTED, {"a": A, "b": A}, {"a": "retryable", "b": "applied"}, Verdict.UNKNOWN),
        (PAST, COMMITTED, {"a": A, "b": A, "t": A}, {"a": "absent", "b": "applied", "t": "applied"}, Verdict.TOLD),
        (PAST, COMMITTED, {"a": A, "b": A, "t": A}, {"a": "applied", "b": "applied", "t": "absent"}, Verdict.TOLD),
        (UNDOABLE, COMPENSATED, {"a": C, "b": R}, {"a": "compensated", "b": "refused"}, Verdict.SOUND),
        (UNDOABLE, COMPENSATED, {"a": C, "b": R}, {"a": "absent", "b": "absent"}, Verdict.SOUND),
        (UNDOABLE, COMPENSATED, {"a": C, "b": R}, {"a": "applied", "b": "refused"}, Verdict.UNDONE),
        (UNDOABLE, COMPENSATED, {"a": C, "b": R}, {"a": "compensated", "b": "applied"}, Verdict.UNDONE),
        (PAST, COMPENSATED, {"a": C, "b": C, "t": R}, {"a": "compensated", "b": "compensated", "t": "applied"}, Verdict.TOLD),
        (UNDOABLE, SagaState.RUNNING, {"a": A, "b": A}, {"a": "absent", "b": "absent"}, Verdict.NOT_ENDED),
    ],
)
def test_what_becomes_of_a_saga_that_was_looked_at(
    classes: dict[str, str], state: SagaState, steps: dict[str, StepState], answers: dict[str, str], verdict: Verdict
) -> None:
    assert rules.decide(saga_of(classes), state, records(**steps), answers, {}).verdict == verdict


def test_a_step_that_is_pending_skipped_or_cannot_be_asked_is_not_asked() -> None:
    saga = saga_of(UNDOABLE | {"c": "compensatable"})
    found = records(a=A, b=StepState.PENDING, c=StepState.SKIPPED)
    assert rules.asked(saga, found) == ["a"]
    silent = saga.model_copy(update={"steps": tuple(step.model_copy(update={"status": None}) for step in saga.steps)})
    assert rules.asked(silent, found) == []


_classes = st.lists(st.sampled_from(["compensatable", "pivot", "retriable"]), min_size=1, max_size=5)


@given(st.data(), _classes, st.sampled_from([COMMITTED, COMPENSATED]))
def test_nothing_is_found_without_a_clear_answer_and_nothing_is_undone_past_the_pivot(
    data: st.DataObject, classes: list[str], state: SagaState
) -> None:
    named = {f"s{number}": one for number, one in enumerate(classes)}
    steps = {name: data.draw(st.sampled_from([A] if state == COMMITTED else [C, R])) for name in named}
    answers = {name: data.draw(st.sampled_from(ANSWERS)) for name in named}
    saga = saga_of(named)
    decision = rules.decide(saga, state, records(**steps), answers, {})
    for one in decision.findings:
        clear = ("absent", "compensated", "refused") if one.finding == Found.LOST else ("applied",)
        assert answers[one.step] in clear
    forward = any(saga.step(name).step_class != StepClass.COMPENSATABLE and steps[name] == A for name in named)
    assert not (decision.verdict == Verdict.UNDONE and forward)
    assert (decision.verdict == Verdict.SOUND) <= set(answers.values()).isdisjoint(ANSWERS[4:])


@pytest.mark.parametrize(
    ("history", "steps", "state", "moved"),
    [
        (["running", "compensating"], {"a": StepState.FAILED_COMPENSATION, "b": C}, "compensating", {"a": "uncertain"}),
        (["running"], {"a": A, "b": StepState.EXHAUSTED}, "running", {"b": "running"}),
        (["running", "committed"], {"a": StepState.UNCERTAIN, "b": A}, None, {}),
        (["running", "compensating", "compensated"], {"a": StepState.UNCERTAIN, "b": C}, None, {}),
    ],
)
def test_an_escalated_saga_goes_on_the_way_that_it_went(
    history: list[str], steps: dict[str, StepState], state: str | None, moved: dict[str, str]
) -> None:
    found = way_on([*map(SagaState, history), SagaState.ESCALATED], records(**steps))
    assert (found and found.state) == state
    assert {name: str(one) for name, (one, _) in (found.steps if found else {}).items()} == moved
