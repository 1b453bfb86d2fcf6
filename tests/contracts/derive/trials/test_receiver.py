"""Trials of callbacks are derived where a step calls back and its level looks at failures; each says what the receiver does."""

from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import adoption, decks, trials
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import Kind
from saga_contracts.derive.trials.receiver import Receiver, manner


def at_level(saga: Saga, step: str, level: int, **step_fields: Any) -> StepSlice:
    slice_ = step_slice(saga, step)
    return slice_.model_copy(update={"level": level, "step": slice_.step.model_copy(update=step_fields)})


def derived(slice_: StepSlice) -> list[trials.Trial]:
    return [one for one in trials.derive(slice_, decks.derive(slice_, 1)) if one.kind == Kind.RECEIVER]


def test_each_outcome_is_tried_with_what_can_be_wrong_and_the_usual_one_with_all_of_it(vas: Saga) -> None:
    found = derived(at_level(vas, "create_packages", 4))

    assert [(one.history.name, manner(one)) for one in found] == [
        ("F D", Receiver.FAILS),
        ("F D", Receiver.LOSES),
        ("F D", Receiver.SLOW),
        ("F D", Receiver.AWAY),
        ("F X", Receiver.FAILS),
        ("F X", Receiver.AWAY),
    ]
    assert len({one.name for one in found}) == len(found)
    assert {one.obligations for one in found} == {("O18", "O19")}


def test_a_step_that_never_refuses_later_is_not_tried_with_a_refusal(vas: Saga) -> None:
    step = step_slice(vas, "create_packages").step
    given = step.given.model_copy(update={"refusing": ()})

    found = derived(at_level(vas, "create_packages", 4, given=given))

    assert {one.history.name for one in found} == {"F D"}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_below_level_4_nothing_is_tried_and_the_obligation_is_not_looked_at(vas: Saga, level: int) -> None:
    slice_ = at_level(vas, "create_packages", level)

    assert derived(slice_) == []
    assert "O19" in adoption.not_looked_at(slice_)
    assert "O19" not in adoption.asked(slice_)


def test_a_step_without_a_callback_has_nothing_to_be_taken(vas: Saga) -> None:
    slice_ = at_level(vas, "reserve_money", 4)

    assert derived(slice_) == []
    assert adoption.applies(slice_, "O19") == "The step has no callback."
    assert "O19" not in adoption.asked(slice_)


def test_at_level_4_a_callback_step_is_asked_for_it(vas: Saga) -> None:
    assert "O19" in adoption.asked(at_level(vas, "create_packages", 4))
