"""The orchestrator's choices from states alone."""

from typing import Any

import pytest

from saga_contracts.client import Saga
from saga_service.records import Attempt, Role, SagaState, StepRecord, StepState
from saga_service.work import plan

P, A, R, U = StepState.PENDING, StepState.APPLIED, StepState.REFUSED, StepState.UNCERTAIN
X, C, F = StepState.EXHAUSTED, StepState.COMPENSATED, StepState.FAILED_COMPENSATION


def saga_of(*steps: tuple[str, str, list[str]], optional: str = "") -> Saga:
    def step(name: str, step_class: str, after: list[str]) -> dict[str, Any]:
        call = {"request": {"method": "POST", "path": "/"}, "replies": {"done": {"status": 200}}}
        more = {"compensate": call} if step_class == "compensatable" else {}
        return {"step": name, "participant": "p", "class": step_class, "after": after, "forward": call, **more} | {
            "optional": name == optional
        }

    payload: dict[str, Any] = {"schema": {}, "example": {}}
    return Saga.model_validate(
        {"format": 1, "saga": "any", "owner": "o", "payload": payload, "steps": [step(*one) for one in steps]}
    )


CHAIN = saga_of(("a", "compensatable", []), ("b", "compensatable", ["a"]), ("c", "retriable", ["b"]))
LOOSE = saga_of(("last", "retriable", []), ("turn", "pivot", []), ("a", "compensatable", []), ("b", "compensatable", []))


def states(**found: StepState) -> dict[str, StepState]:
    return found


@pytest.mark.parametrize(
    ("saga", "found", "startable"),
    [
        (CHAIN, states(a=P, b=P, c=P), ["a"]),
        (CHAIN, states(a=StepState.RUNNING, b=P, c=P), []),
        (CHAIN, states(a=A, b=P, c=P), ["b"]),
        (CHAIN, states(a=A, b=A, c=P), ["c"]),
        (CHAIN, states(a=A, b=R, c=P), []),
        (CHAIN, states(a=U, b=P, c=P), []),
        (LOOSE, states(last=P, turn=P, a=P, b=P), ["a", "b"]),
        (LOOSE, states(last=P, turn=P, a=A, b=StepState.RUNNING), []),
        (LOOSE, states(last=P, turn=P, a=A, b=A), ["turn"]),
        (LOOSE, states(last=P, turn=A, a=A, b=A), ["last"]),
        (LOOSE, states(last=P, turn=X, a=A, b=A), []),
    ],
)
def test_a_step_starts_when_all_that_comes_before_it_is_done(
    saga: Saga, found: dict[str, StepState], startable: list[str]
) -> None:
    assert plan.startable(saga, found) == startable


def test_an_optional_step_holds_nobody_up() -> None:
    saga = saga_of(("a", "compensatable", []), ("b", "compensatable", ["a"]), optional="a")
    assert plan.startable(saga, states(a=R, b=P)) == ["b"]
    assert plan.startable(saga, states(a=U, b=P)) == ["b"]
    assert not plan.has_failed(saga, states(a=U, b=P))


@pytest.mark.parametrize(
    ("found", "todo", "undoable"),
    [
        (states(a=A, b=A), {"a", "b"}, ["b"]),
        (states(a=A, b=C), {"a", "b"}, ["a"]),
        (states(a=A, b=F), {"a", "b"}, ["a"]),
        (states(a=A, b=StepState.COMPENSATING), {"a", "b"}, ["b"]),
        (states(a=A, b=R), {"a"}, ["a"]),
        (states(a=C, b=C), set(), []),
    ],
)
def test_a_step_is_undone_when_all_after_it_is_settled(found: dict[str, StepState], todo: set[str], undoable: list[str]) -> None:
    assert plan.undoable(CHAIN, found | states(c=P), todo) == undoable


@pytest.mark.parametrize(
    ("outcome", "attempts", "undone"),
    [
        ("refused", ["refused"], False),
        ("refused", ["retryable", "refused"], True),
        ("refused", ["unknown", "refused"], True),
        ("refused", [None, "refused"], True),
        ("misused", ["misused"], True),
        ("unsendable", ["unsendable"], False),
    ],
)
def test_a_refused_step_is_undone_only_when_a_try_of_it_may_have_had_an_effect(
    outcome: str, attempts: list[str | None], *, undone: bool
) -> None:
    records = {"a": StepRecord("a", R, outcome), "b": StepRecord("b", P), "c": StepRecord("c", P)}
    made = [Attempt("a", Role.FORWARD, one) for one in attempts]
    assert plan.to_undo(CHAIN, records, made, SagaState.COMPENSATING) == ({"a"} if undone else set())


def test_unclear_status_and_undoing_tries_do_not_make_a_refused_step_uncertain() -> None:
    records = {"a": StepRecord("a", R, "refused"), "b": StepRecord("b", P), "c": StepRecord("c", P)}
    made = [Attempt("a", Role.STATUS, "retryable"), Attempt("b", Role.FORWARD, None)]
    assert plan.to_undo(CHAIN, records, made, SagaState.COMPENSATING) == set()


def test_the_owner_is_told_of_what_disagrees_with_the_end() -> None:
    assert plan.findings(CHAIN, states(a=A, b=A, c=A)) == []
    assert plan.findings(CHAIN, states(a=A, b=A, c=X)) == [("c", "step_exhausted")]
    assert plan.findings(CHAIN, states(a=C, b=F, c=P)) == [("b", "compensation_failed")]
    assert plan.findings(CHAIN, states(a=A, b=F, c=P), {"a"}) == [("a", "compensation_skipped"), ("b", "compensation_failed")]
    optional = saga_of(("a", "compensatable", []), ("c", "retriable", []), optional="c")
    assert plan.findings(optional, states(a=A, c=X)) == []
