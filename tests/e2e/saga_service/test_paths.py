"""Every way a saga can take, against a real process of the saga service and a real participant."""

from collections.abc import Callable
from typing import Any

import pytest

from postgres import on_both_databases
from saga_contracts.declare.calls import Backoff

Play = Callable[..., Any]
Script = dict[tuple[str, str], list[str]]


def states(saga: dict[str, Any]) -> dict[str, str]:
    return {name: step["state"] for name, step in saga["steps"].items()}


def test_a_saga_without_faults_is_committed(play: Play) -> None:
    saga, run = play("diamond")
    assert saga["history"] == ["running", "committed"]
    assert saga["reason"] is None
    assert set(states(saga).values()) == {"applied"}
    assert run.made == {"first": 1, "left": 1, "right": 1, "last": 1}
    assert run.order("undo") == []
    assert saga["notifications"] == []


@on_both_databases
def test_steps_are_called_in_their_order_with_key_correlation_and_earlier_outputs(play: Play) -> None:
    saga, run = play("diamond")
    order = run.order("do")
    assert (order[0], set(order[1:3]), order[3]) == ("first", {"left", "right"}, "last")
    for call in run.calls:
        assert call.key == f"{saga['saga_id']}:{call.step}" == saga["steps"][call.step]["key"]
        assert (call.headers["saga-id"], call.headers["saga-step"]) == (saga["saga_id"], call.step)
    [left] = [call for call in run.calls if call.step == "left"]
    assert left.body["first"] == "id of first"
    assert saga["steps"]["first"]["outputs"] == {"id": "id of first"}


@pytest.mark.parametrize(
    ("refused", "undone"),
    [("first", []), ("left", ["right", "first"]), ("right", ["left", "first"])],
)
def test_a_refused_step_undoes_what_was_done_and_not_itself(play: Play, refused: str, undone: list[str]) -> None:
    saga, run = play("diamond", {(refused, "do"): ["refuse"]})
    assert saga["history"] == ["running", "compensating", "compensated"]
    assert states(saga)[refused] == "refused"
    assert states(saga)["last"] == "pending"
    assert saga["reason"] == f"{refused}: refused"
    assert run.order("undo") == undone
    assert not any(run.effects.values())


@on_both_databases
def test_a_refusal_by_callback_is_a_refusal(play: Play) -> None:
    saga, run = play("diamond", {("right", "do"): ["no"]})
    assert saga["state"] == "compensated"
    assert (states(saga)["right"], saga["steps"]["right"]["outcome"]) == ("refused", "callback refused")
    assert run.order("undo") == ["left", "first"]


@pytest.mark.parametrize("step", ["first", "left", "right", "last"])
@pytest.mark.parametrize("fault", ["drop", "lose", "503"])
def test_one_lost_call_is_absorbed(play: Play, step: str, fault: str) -> None:
    saga, run = play("diamond", {(step, "do"): [fault, "ok"]})
    assert saga["history"] == ["running", "committed"]
    assert run.made == {"first": 1, "left": 1, "right": 1, "last": 1}
    assert saga["steps"][step]["tries"] == run.count(step, "do") <= 2


def test_an_answer_that_comes_too_late_is_absorbed(play: Play) -> None:
    saga, run = play("hasty", {("left", "do"): ["hang", "ok"]})
    assert (saga["state"], saga["steps"]["left"]["tries"] >= 2, run.made["left"]) == ("committed", True, 1)


@pytest.mark.parametrize("step", ["first", "left", "right"])
@pytest.mark.parametrize("fault", ["drop", "lose", "503", "garbage"])
def test_a_step_without_a_clear_answer_is_undone_with_the_others(play: Play, step: str, fault: str) -> None:
    saga, run = play("diamond", {(step, "do"): [fault]})
    assert saga["history"] == ["running", "compensating", "compensated"]
    assert states(saga)[step] == "compensated"
    assert step in run.order("undo")
    assert not any(run.effects.values())
    assert run.count(step, "do") == (1 if fault == "garbage" else 2)


@on_both_databases
def test_a_refused_step_is_undone_as_well_when_an_earlier_try_had_no_answer(play: Play) -> None:
    saga, run = play("diamond", {("left", "do"): ["drop", "refuse"]})
    assert saga["state"] == "compensated"
    assert saga["steps"]["left"] | {"key": ""} == {
        "key": "", "state": "compensated", "tries": 2, "compensations": 1, "outcome": "refused", "outputs": {},
    }  # fmt: skip
    assert not any(run.effects.values())


def test_a_suspended_step_counts_as_refused(play: Play) -> None:
    saga, run = play("diamond", {("left", "do"): ["suspend"]})
    assert (saga["steps"]["left"]["state"], saga["steps"]["left"]["outcome"]) == ("refused", "suspended")
    assert run.order("undo") == ["right", "first"]


@on_both_databases
def test_a_refused_pivot_undoes_what_came_before(play: Play) -> None:
    saga, run = play("decided", {("decide", "do"): ["refuse"]})
    assert states(saga) == {"hold": "compensated", "decide": "refused", "tell": "pending", "count": "pending"}
    assert run.order("undo") == ["hold"]


def test_steps_are_undone_in_the_reverse_order_side_by_side_where_it_is_open(play: Play) -> None:
    _, run = play("diamond", {("right", "do"): ["lose"]})
    order = run.order("undo")
    assert (set(order[:2]), order[2:]) == ({"left", "right"}, ["first"])


@on_both_databases
def test_a_parallel_step_is_let_finish_before_the_undoing_starts(play: Play) -> None:
    _, run = play("diamond", {("left", "do"): ["refuse"], ("right", "do"): ["lose", "ok"]})
    calls = [(call.step, call.role) for call in run.calls]
    assert calls.index(("right", "undo")) > max(place for place, call in enumerate(calls) if call == ("right", "do"))
    assert run.made["right"] == 1
    assert run.order("undo") == ["right", "first"]


@pytest.mark.parametrize("fault", ["drop", "lose", "503"])
def test_an_undoing_is_repeated_until_it_is_answered(play: Play, fault: str) -> None:
    saga, run = play("diamond", {("left", "do"): ["refuse"], ("first", "undo"): [fault, "ok"]})
    assert saga["state"] == "compensated"
    assert saga["steps"]["first"]["compensations"] == run.count("first", "undo") == 2


def test_an_undoing_has_its_own_tries_where_the_definition_says_so(play: Play) -> None:
    undone, run = play("patient", {("next", "do"): ["refuse"], ("held", "undo"): ["503", "drop", "lose", "ok"]})
    failed, other = play("patient", {("held", "do"): ["503"], ("held", "undo"): ["503"]})
    assert (undone["state"], run.count("held", "undo"), run.count("held", "do")) == ("compensated", 4, 1)
    assert (failed["state"], other.count("held", "undo"), other.count("held", "do")) == ("escalated", 4, 1)


@pytest.mark.parametrize("fault", ["drop", "lose", "503", "garbage"])
def test_an_undoing_goes_on_for_the_declared_time_however_few_its_tries_are(play: Play, fault: str) -> None:
    undone, run = play("obstinate", {("next", "do"): ["refuse"], ("held", "undo"): [fault] * 6 + ["ok"]})
    assert (undone["state"], run.count("held", "undo")) == ("compensated", 7)


def test_an_undoing_that_still_fails_when_its_time_is_over_is_told_to_the_owner(play: Play) -> None:
    failed, run = play("hurried", {("next", "do"): ["refuse"], ("held", "undo"): ["503"]})
    undos = [call.at_s for call in run.calls if call.role == "undo"]
    assert (failed["state"], states(failed)["held"]) == ("escalated", "failed_compensation")
    assert undos[-1] - undos[0] >= 0.3
    assert len(undos) <= Backoff(first_ms=10, longest_ms=40).most_tries(300) + 1
    assert [(one["event"], one["state"]) for one in failed["notifications"]] == [("compensation_failed", "taken")]


def test_an_undoing_that_is_impossible_is_not_tried_again(play: Play) -> None:
    failed, run = play("obstinate", {("next", "do"): ["refuse"], ("held", "undo"): ["impossible"]})
    assert (failed["state"], run.count("held", "undo")) == ("escalated", 1)


@on_both_databases
@pytest.mark.parametrize(("fault", "tries"), [("503", 2), ("lose", 2), ("garbage", 1), ("impossible", 1)])
def test_an_undoing_that_fails_for_good_is_told_to_the_owner_and_the_others_go_on(play: Play, fault: str, tries: int) -> None:
    saga, run = play("diamond", {("right", "do"): ["refuse"], ("left", "undo"): [fault]})
    assert saga["history"] == ["running", "compensating", "escalated"]
    assert states(saga) == {"first": "compensated", "left": "failed_compensation", "right": "refused", "last": "pending"}
    assert saga["reason"] == "left: failed compensation; right: refused"
    assert saga["notifications"] == [{"step": "left", "event": "compensation_failed", "state": "taken", "tries": 1}]
    [told] = [call for call in run.calls if call.role == "told"]
    assert (told.step, told.body) == ("left", {"event": "compensation_failed"})
    assert run.count("left", "undo") == tries


def test_a_retriable_step_without_success_is_told_to_the_owner_and_nothing_is_undone(play: Play) -> None:
    saga, run = play("diamond", {("last", "do"): ["lose"]})
    assert saga["history"] == ["running", "escalated"]
    assert states(saga) == {"first": "applied", "left": "applied", "right": "applied", "last": "exhausted"}
    assert saga["notifications"] == [{"step": "last", "event": "step_exhausted", "state": "taken", "tries": 1}]
    assert run.order("undo") == []


def test_a_retriable_step_without_success_does_not_stop_another_one(play: Play) -> None:
    saga, _ = play("decided", {("tell", "do"): ["503"]})
    assert states(saga) == {"hold": "applied", "decide": "applied", "tell": "exhausted", "count": "applied"}
    assert saga["state"] == "escalated"


@on_both_databases
def test_the_owner_is_told_until_it_takes_it(play: Play) -> None:
    saga, run = play("diamond", {("last", "do"): ["lose"], ("last", "told"): ["lose", "503", "ok"]})
    assert saga["notifications"] == [{"step": "last", "event": "step_exhausted", "state": "taken", "tries": 3}]
    assert run.count("last", "told") == 3


@on_both_databases
def test_the_owner_is_told_however_often_it_fails_to_take_it(play: Play) -> None:
    saga, run = play("diamond", {("last", "do"): ["lose"], ("last", "told"): ["503", "lose", "garbage"] * 3 + ["ok"]})
    assert saga["notifications"] == [{"step": "last", "event": "step_exhausted", "state": "taken", "tries": 10}]
    assert run.count("last", "told") == 10
    told = [call.at_s for call in run.calls if call.role == "told"]
    assert told[-1] - told[-2] > told[1] - told[0]


@pytest.mark.parametrize(
    ("script", "ends", "decide"),
    [
        ({("decide", "do"): ["drop"]}, "committed", "applied"),
        ({("decide", "do"): ["503"]}, "compensated", "refused"),
        ({("decide", "do"): ["lose"]}, "escalated", "exhausted"),
        ({("decide", "do"): ["lose", "503"]}, "escalated", "exhausted"),
        ({("decide", "do"): ["lose"], ("decide", "status"): ["refused"]}, "compensated", "refused"),
        ({("decide", "do"): ["drop"], ("decide", "status"): ["503"]}, "escalated", "exhausted"),
        ({("decide", "do"): ["lose"], ("decide", "status"): ["garbage"]}, "escalated", "exhausted"),
        ({("decide", "do"): ["lose"], ("decide", "status"): ["in_progress"]}, "escalated", "exhausted"),
    ],
)
def test_a_pivot_without_an_answer_is_asked_for_and_nothing_is_undone_while_it_may_have_happened(
    play: Play, script: Script, ends: str, decide: str
) -> None:
    saga, run = play("decided", script)
    assert (saga["state"], states(saga)["decide"]) == (ends, decide)
    assert run.order("undo") == (["hold"] if ends == "compensated" else [])
    assert [one["event"] for one in saga["notifications"]] == (["step_exhausted"] if ends == "escalated" else [])


@on_both_databases
def test_a_pivot_that_is_absent_is_asked_again_while_its_call_may_still_arrive(
    shared_service: Any, new_run: Any, wait_until: Any
) -> None:
    name, run = new_run({("decide", "do"): ["lose", "late"]})
    saga_id = shared_service.create("asked", name)
    wait_until(lambda: run.count("decide", "status") >= 3)
    assert shared_service.saga(saga_id)["state"] == "running"

    run.gate.set()

    saga = shared_service.ended(saga_id)
    assert (saga["history"], states(saga)["decide"]) == (["running", "committed"], "applied")
    assert (run.effects["decide"], run.order("undo")) == (1, [])


def test_a_pivot_that_arrives_after_the_end_finds_nothing_undone(play: Play, wait_until: Any) -> None:
    saga, run = play("decided", {("decide", "do"): ["lose", "late"]})
    assert (saga["state"], states(saga)["hold"], states(saga)["decide"]) == ("escalated", "applied", "exhausted")
    run.gate.set()
    wait_until(lambda: run.effects["decide"])
    assert run.effects == {"hold": 1, "decide": 1}


def test_a_step_that_can_be_undone_is_undone_though_it_is_absent_so_that_a_late_call_has_no_effect(play: Play) -> None:
    saga, run = play("decided", {("hold", "do"): ["lose", "late"]})
    assert (saga["state"], states(saga)["hold"], run.order("undo")) == ("compensated", "compensated", ["hold"])
    run.gate.set()
    assert run.undone == {"hold"}
    assert not run.made["hold"]


def test_an_optional_step_that_was_refused_does_not_fail_the_saga(play: Play) -> None:
    saga, run = play("lenient", {("extra", "do"): ["refuse"]})
    assert saga["history"] == ["running", "committed"]
    assert states(saga) == {"need": "applied", "extra": "refused", "last": "applied"}
    assert run.order("undo") == []


@on_both_databases
def test_an_optional_step_without_a_clear_answer_is_undone_alone(play: Play) -> None:
    saga, run = play("lenient", {("extra", "do"): ["drop"]})
    assert saga["history"] == ["running", "committed"]
    assert states(saga) == {"need": "applied", "extra": "compensated", "last": "applied"}
    assert run.order("undo") == ["extra"]


@on_both_databases
def test_cancelled_siblings_are_undone_at_once(play: Play) -> None:
    saga, run = play("strict", {("left", "do"): ["refuse after right"], ("right", "do"): ["hang"]})
    assert saga["state"] == "compensated"
    assert states(saga) == {"first": "compensated", "left": "refused", "right": "compensated"}
    assert run.count("right", "do") == 1


@on_both_databases
def test_where_the_undoing_stops_at_a_failure_the_owner_is_told_of_what_is_left(play: Play) -> None:
    saga, run = play("strict", {("right", "do"): ["no"], ("left", "undo"): ["503"]})
    assert states(saga) == {"first": "applied", "left": "failed_compensation", "right": "refused"}
    assert {(one["step"], one["event"]) for one in saga["notifications"]} == {
        ("left", "compensation_failed"),
        ("first", "compensation_skipped"),
    }
    assert run.order("undo") == ["left", "left"]


def test_what_cannot_be_undone_yet_stays_and_its_owner_is_told(play: Play) -> None:
    saga, run = play("legacy", {("look", "do"): ["refuse"]})
    assert saga["history"] == ["running", "compensating", "escalated"]
    assert (states(saga)["stays"], states(saga)["look"]) == ("failed_compensation", "refused")
    assert run.order("undo") == []
    assert [(one["step"], one["event"]) for one in saga["notifications"]] == [("stays", "compensation_failed")]


def test_what_is_only_read_is_asked_again_and_leaves_nothing_to_undo(play: Play) -> None:
    saga, run = play("legacy", {("look", "do"): ["503", "ok"]})
    assert saga["history"] == ["running", "committed"]
    assert run.count("look", "do") == 2
