"""Which calls of a step are played beside one another follows from what the step has."""

from typing import Any

import pytest

import small_sagas
from saga_contracts.declare.saga import Completion
from saga_contracts.derive import decks
from saga_contracts.derive import trials as derived
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import Kind, race


def slice_of(step: dict[str, Any], **fields: Any) -> StepSlice:
    return step_slice(small_sagas.saga(step, **fields), step["step"])


def races(slice_: StepSlice) -> dict[str, tuple[str, ...]]:
    return {one.name: one.obligations for one in race.trials(slice_, decks.derive(slice_))}


def test_a_call_is_played_beside_itself_and_its_compensation_and_that_beside_itself() -> None:
    assert races(slice_of(small_sagas.step())) == {"F | F": ("O5",), "F | C": ("O10",), "F C | C": ("O7", "O10")}


def test_what_is_never_undone_is_played_beside_itself_only() -> None:
    assert races(slice_of(small_sagas.retriable(after=()))) == {"F | F": ("O5",)}


def test_a_step_without_a_key_says_itself_that_a_duplicate_has_a_second_effect() -> None:
    slice_ = slice_of(small_sagas.step(key="none"))

    assert list(races(slice_)) == ["F | C", "F C | C"]


def test_a_compensation_that_needs_its_own_reply_races_with_a_duplicate() -> None:
    step = small_sagas.step()
    step["forward"]["replies"]["done"]["body"]["id"] = {"$like": "a1"}
    step["forward"]["outputs"] = {"id": "/id"}
    step["compensate"]["request"]["path"] = "/pay/{outputs.pay.id}/undo"

    assert list(races(slice_of(step))) == ["F | F", "F F | C", "F C | C"]


def test_the_names_say_which_calls_overlap_and_what_is_played_around_them() -> None:
    slice_ = slice_of(small_sagas.step())
    slice_ = slice_.model_copy(update={"step": slice_.step.model_copy(update={"completion": Completion.POLL})})

    found = list(race.trials(slice_, decks.derive(slice_)))
    assert [(one.name, one.at) for one in found] == [("F | F D", 0), ("F | C", 0), ("F D C | C", 2)]


@pytest.mark.parametrize(("name", "words"), [("F | F", ["F F"]), ("F | C", ["F C", "C F"]), ("F C | C", ["F C C"])])
def test_a_race_may_turn_out_to_be_either_order(name: str, words: list[str]) -> None:
    slice_ = slice_of(small_sagas.step())
    trial = next(one for one in race.trials(slice_, decks.derive(slice_)) if one.name == name)

    assert [one.word for one in race.orders(slice_, trial)] == words


@pytest.mark.parametrize(("level", "kinds"), [(3, set()), (4, {Kind.RACE})])
def test_races_are_asked_for_from_level_four_on(level: int, kinds: set[Kind]) -> None:
    slice_ = slice_of(small_sagas.step(), level=level)

    assert {one.kind for one in derived.derive(slice_, decks.derive(slice_))} & {Kind.RACE} == kinds
