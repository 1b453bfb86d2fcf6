"""Trials of two sagas: which there are for a step, and what each asks."""

from collections.abc import Callable
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import adoption, decks, resources, trials
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials.two_sagas import Meeting

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
LOCK = {"resource": "{payload.order_id}"}
OWN = {"enough": [{"state": "there is enough", "params": {"order": "{payload.order_id}"}}]}


def meetings(slice_: StepSlice) -> dict[str, Meeting]:
    """Give the trials of two sagas by their names."""
    found = [one for one in trials.derive(slice_, decks.derive(slice_, 1)) if isinstance(one, Meeting)]
    assert len({one.name for one in found}) == len(found)
    return {one.name.removesuffix(" (two sagas)"): one for one in found}


def test_a_lock_is_met_freed_by_undoing_and_kept_from_the_undoing_of_others(make_step: Make, make_saga: MakeSaga) -> None:
    found = meetings(step_slice(make_saga(make_step("pay", semantic_lock=LOCK)), "pay"))
    assert {name: one.obligations for name, one in found.items()} == {
        "F R2": ("O22",),
        "F C F2": ("O23",),
        "C F2": ("O24",),
        "F C F2 C R3": ("O24",),
        "F R2 C2 R3": ("O24",),
        "F R2 C F3": ("O2", "O23"),
        "R F2": ("O2",),
    }
    assert {one.common for one in found.values()} == {frozenset({"order_id"})}


def test_a_conflict_may_be_an_answer_to_try_again_and_then_the_same_saga_comes_again(
    make_step: Make, make_saga: MakeSaga
) -> None:
    lock = {**LOCK, "conflict": "retryable"}
    found = meetings(step_slice(make_saga(make_step("pay", semantic_lock=lock)), "pay"))
    assert {"F T2", "F T2 C F2", "F T2 C2 T3"} <= found.keys()


def test_what_met_a_conflict_need_not_be_known_afterwards(make_step: Make, make_saga: MakeSaga) -> None:
    [*_, met] = meetings(step_slice(make_saga(make_step("pay", semantic_lock=LOCK)), "pay"))["F R2"].turns
    assert met.conflict
    assert met.told == ("refused", "absent")


def test_without_a_lock_two_sagas_keep_apart_and_undoing_one_spares_the_other(make_step: Make, make_saga: MakeSaga) -> None:
    found = meetings(step_slice(make_saga(make_step("pay", given=OWN)), "pay"))
    assert {name: (one.common, one.again) for name, one in found.items()} == {
        "F F2 C C2": (frozenset(), False),
        "F C F2 C": (frozenset(), False),
        "C F2": (frozenset(), False),
    }


def test_a_precondition_that_the_call_uses_up_is_had_in_common_and_set_up_once_more(make_step: Make, make_saga: MakeSaga) -> None:
    probe = {"request": {"method": "GET", "path": "/left/{payload.order_id}"}, "reads": {"before": {"n": 5}, "applied": {"n": 0}}}
    slice_ = step_slice(make_saga(make_step("pay", given=OWN, probe=probe)), "pay")
    shared = meetings(slice_)["F F2 C (one order_id)"]
    assert (shared.common, shared.again) == (frozenset({"order_id"}), True)
    two = {**OWN, "enough_for_two": [{"state": "there is more", "params": {"order": "{payload.order_id}"}}]}
    slice_ = step_slice(make_saga(make_step("pay", given=two, probe=probe)), "pay")
    assert meetings(slice_)["F F2 C C2 (one order_id)"].again is False


def test_a_precondition_of_all_sagas_is_set_up_once_more(make_step: Make, make_saga: MakeSaga) -> None:
    assert meetings(step_slice(make_saga(make_step("pay")), "pay"))["F F2 C"].again


def test_the_end_of_the_saga_is_played_where_a_step_of_this_participant_stands_for_it(
    make_step: Make, make_saga: MakeSaga
) -> None:
    lock = {**LOCK, "released_by": "ship"}
    saga = make_saga(
        make_step("pay", participant="bank", semantic_lock=lock), make_step("ship", participant="bank", after=["pay"])
    )
    assert meetings(step_slice(saga, "pay"))["F E F2"].obligations == ("O23",)


def test_sagas_that_nothing_tells_apart_are_not_played(make_step: Make, make_saga: MakeSaga) -> None:
    request = {"method": "POST", "path": "/pay", "body": {"order": "{payload.order_id}"}}
    step = make_step("pay", key="natural", key_fields=["order_id"], semantic_lock=LOCK)
    for role in ("forward", "compensate"):
        step[role]["request"] = {**request, "path": f"/{role}"}
    step["status"]["request"] = {"method": "GET", "path": "/status", "query": {"order": "{payload.order_id}"}}
    slice_ = step_slice(make_saga(step), "pay")
    assert meetings(slice_) == {}
    assert "cannot be told apart" in str(adoption.applies(slice_, "O22"))


def test_what_is_asked_of_two_sagas_is_what_the_file_declares(make_step: Make, make_saga: MakeSaga) -> None:
    locked = step_slice(make_saga(make_step("pay", semantic_lock=LOCK)), "pay")
    free = step_slice(make_saga(make_step("pay")), "pay")
    assert {"O22", "O23", "O24"} <= adoption.asked(locked).keys()
    assert {"O22", "O23", "O24"} & adoption.asked(free).keys() == {"O24"}
    assert adoption.applies(free, "O22") == "The step declares no semantic lock."
    assert not {"O22", "O23", "O24"} & adoption.asked(locked.model_copy(update={"level": 1})).keys()


def test_a_slice_of_a_file_without_the_new_fields_is_as_before(vas: Saga) -> None:
    slice_ = step_slice(vas, "reserve_money")
    assert "enough_for_two" not in str(slice_.as_json())
    assert "released_by" not in str(slice_.as_json())
    assert resources.had_in_common(slice_) == {"account_id"}
