"""Messages that mean something else than the one of a case: there are always some, and none of them means what the case means."""

from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.derive.cases import MESSAGES, Case, Role
from saga_contracts.exercise.counterexamples import Message, messages

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
Outcomes = dict[str, dict[str, Any]]


@pytest.fixture
def of_callback(make_step: Make, make_calling_back: Make, make_saga: MakeSaga) -> Callable[..., dict[str, list[Message]]]:
    """Gives the messages of each callback of a step with these outcomes."""

    def give(outcomes: Outcomes, common: Any = None) -> dict[str, list[Message]]:
        one = make_calling_back(make_step("a"))
        one["callback"]["outcomes"] = outcomes
        one["callback"]["request"]["body"] = common
        saga = make_saga(one)
        return {case.name.split("/")[-1]: messages(saga, case) for case in cases.derive(saga) if case.role == Role.CALLBACK}

    return give


DONE, REFUSED = {"done": {"outcome": "done"}}, {"refused": {"outcome": "refused"}}


def test_a_callback_comes_beside_the_other_declared_one_and_one_that_is_not_declared(
    of_callback: Callable[..., dict[str, list[Message]]],
) -> None:
    found = of_callback(DONE | REFUSED, {"key": "{key}"})
    for shown in found.values():
        assert {one.outcome: one.body for one in shown} == {
            "done": {"key": "saga-1:a", "outcome": "done"},
            "refused": {"key": "saga-1:a", "outcome": "refused"},
            "unknown": {"key": "saga-1:a", "outcome": "unheard_of"},
        }


@pytest.mark.parametrize(
    ("outcome", "strange"),
    [
        ({"outcome": "done", "tracking": {"$like": "t"}}, {"outcome": "unheard_of", "key": "saga-1:a"}),
        ({"event": {"kind": "done", "n": 1}}, {"event": {"kind": "unheard_of"}, "key": "saga-1:a"}),
        ({"ok": True}, {"key": "saga-1:a"}),
        ({"id": {"$like": "x"}}, {"key": "saga-1:a"}),
        ({"of": "{saga_id}"}, {"key": "saga-1:a"}),
        ({}, {}),
    ],
)
def test_a_callback_that_is_the_only_one_comes_beside_one_that_is_not_declared(
    of_callback: Callable[..., dict[str, list[Message]]], outcome: dict[str, Any], strange: Any
) -> None:
    [shown] = of_callback({"done": outcome}, {"key": "{key}"}).values()
    assert {one.outcome for one in shown} == {"done", "unknown"}
    assert [one.body for one in shown if not one.is_declared] == [strange]


def test_a_callback_that_nothing_can_contradict_comes_beside_no_object(
    of_callback: Callable[..., dict[str, list[Message]]],
) -> None:
    [shown] = of_callback({"done": {}}).values()
    assert [one.body for one in shown if not one.is_declared] == ["unheard_of"]


def test_messages_between_owner_and_saga_service_come_beside_strange_ones(vas: Saga) -> None:
    found = {case.name.split("/", 2)[2]: messages(vas, case) for case in cases.derive_messages(vas)}
    strange = {name: [one.body for one in shown if not one.is_declared] for name, shown in found.items()}
    assert strange == {
        "creation/started": [{"saga": "unheard_of"}],
        "notification/compensation_failed": [{"saga": "unheard_of", "event": "unheard_of"}],
        "notification/step_exhausted": [{"saga": "unheard_of", "event": "unheard_of"}],
    }


def of_messages(saga: Saga) -> list[Case]:
    return [case for case in (*cases.derive(saga), *cases.derive_messages(saga)) if case.role in MESSAGES]


def test_the_order_is_the_same_each_time_and_not_the_same_in_each_case(vas: Saga) -> None:
    assert all(messages(vas, case) == messages(vas, case) for case in of_messages(vas))
    sagas = [vas.model_copy(update={"saga": name}) for name in ("a", "b", "c", "d", "e", "f")]
    places = {[one.is_declared for one in messages(saga, cases.derive_messages(saga)[0])].index(False) for saga in sagas}
    assert places == {0, 1}
