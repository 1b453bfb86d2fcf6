"""What a saga file chooses is done: conditions, the order of the undoing, the saga's time, pauses, an uncertain pivot."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from postgres import on_both_databases

Play = Callable[..., Any]


def states(saga: dict[str, Any]) -> dict[str, str]:
    return {name: step["state"] for name, step in saga["steps"].items()}


@on_both_databases
def test_a_step_whose_condition_does_not_hold_is_skipped_and_nobody_waits_for_it(play: Play) -> None:
    saga, run = play("branching", extra="none")
    assert saga["history"] == ["running", "committed"]
    assert states(saga) == {"base": "applied", "extra": "skipped", "next": "applied", "last": "applied"}
    assert run.order("do") == ["base", "next", "last"]


def test_a_step_whose_condition_holds_runs_as_any_other(play: Play) -> None:
    saga, run = play("branching", extra="e")
    assert set(states(saga).values()) == {"applied"}
    assert sorted(run.order("do")) == ["base", "extra", "last", "next"]


def test_a_skipped_step_is_not_undone(play: Play) -> None:
    saga, run = play("branching", {("next", "do"): ["refuse"]}, extra="none")
    assert saga["state"] == "compensated"
    assert states(saga)["extra"] == "skipped"
    assert run.order("undo") == ["base"]


def test_steps_are_undone_in_the_order_that_was_given_by_hand(play: Play) -> None:
    saga, run = play("branching", {("next", "do"): ["lose"]}, extra="e")
    assert saga["state"] == "compensated"
    assert run.order("undo") == ["extra", "base", "next"]


def released_after(seconds: float, run: Any) -> None:
    threading.Timer(seconds, run.gate.set).start()


def test_a_saga_whose_time_is_over_is_undone_once_what_runs_has_ended(
    shared_service: Any, new_run: Callable[..., tuple[str, Any]]
) -> None:
    name, run = new_run({("slow", "do"): ["wait"]})
    saga_id = shared_service.create("timed", name)
    released_after(0.6, run)
    saga = shared_service.ended(saga_id)
    assert saga["history"] == ["running", "compensating", "compensated"]
    assert states(saga) == {"first": "compensated", "slow": "compensated", "turn": "pending", "last": "pending"}
    assert saga["reason"] == "the saga's time was over"
    assert run.order("undo") == ["slow", "first"]


def test_a_saga_that_can_only_go_forward_does_so_whatever_the_time(
    shared_service: Any, new_run: Callable[..., tuple[str, Any]]
) -> None:
    name, run = new_run({("turn", "do"): ["wait"]})
    saga_id = shared_service.create("timed", name)
    released_after(0.6, run)
    saga = shared_service.ended(saga_id)
    assert saga["state"] == ("committed" if run.count("turn", "do") else "compensated")
    assert run.count("last", "do") == run.count("turn", "do")


def test_where_siblings_are_cancelled_the_end_of_the_time_cancels_what_runs(
    shared_service: Any, new_run: Callable[..., tuple[str, Any]]
) -> None:
    name, run = new_run({("slow", "do"): ["hang"]})
    saga = shared_service.ended(shared_service.create("timed_strict", name))
    assert saga["state"] == "compensated"
    assert states(saga) == {"slow": "compensated", "next": "pending"}
    assert run.count("slow", "do") == 1


@on_both_databases
def test_a_saga_whose_time_ran_out_while_the_service_was_down_is_undone(
    own_service: Any, new_run: Callable[..., tuple[str, Any]]
) -> None:
    name, run = new_run({("slow", "do"): ["wait", "ok"]})
    saga_id = own_service.create("timed", name)
    own_service.kill()
    time.sleep(0.5)  # as long as the saga has
    run.gate.set()
    own_service.start()
    saga = own_service.ended(saga_id)
    assert saga["state"] == "compensated"
    assert run.count("turn", "do") == 0
    assert not any(run.effects.values())


def test_a_pivot_without_an_answer_is_not_asked_for_where_the_file_says_forward(play: Play) -> None:
    saga, run = play("sure", {("decide", "do"): ["drop"]})
    assert (saga["state"], states(saga)["decide"]) == ("escalated", "exhausted")
    assert run.count("decide", "status") == 0
    assert run.order("undo") == []


def test_tries_wait_as_long_as_the_file_says(play: Play) -> None:
    saga, run = play("unhurried", {("pay", "do"): ["503", "503", "ok"]})
    times = [call.at_s for call in run.calls if (call.step, call.role) == ("pay", "do")]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert saga["state"] == "committed"
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.3


ITEMS = [{"sku": "milk"}, {"sku": "tea"}, {"sku": "rice"}]


@on_both_databases
def test_a_step_is_run_for_each_element_each_under_its_own_key(play: Play) -> None:
    saga, run = play("basket", items=ITEMS)
    assert saga["history"] == ["running", "committed"]
    assert states(saga) == dict.fromkeys(("first", "each:0", "each:1", "each:2", "last"), "applied")
    order = run.order("do")
    assert (order[0], set(order[1:4]), order[4]) == ("first", {"milk", "tea", "rice"}, "last")
    keys = {call.step: call.key for call in run.calls if call.role == "do"}
    assert {keys[item["sku"]] for item in ITEMS} == {f"{saga['saga_id']}:each:{index}" for index in range(3)}
    assert {call.headers["saga-step"] for call in run.calls} == {"first", "each", "last"}


def test_one_element_that_is_refused_undoes_the_others(play: Play) -> None:
    saga, run = play("basket", {("tea", "do"): ["no"]}, items=ITEMS)
    assert saga["state"] == "compensated"
    assert saga["steps"]["each:1"]["state"] == "refused"
    assert saga["steps"]["last"]["state"] == "pending"
    order = run.order("undo")
    assert (set(order[:2]), order[2:]) == ({"milk", "rice"}, ["first"])
    assert not any(run.effects.values())


def test_without_elements_the_saga_goes_on_at_once(play: Play) -> None:
    saga, run = play("basket", items=[])
    assert saga["state"] == "committed"
    assert run.order("do") == ["first", "last"]


def test_a_payload_without_the_list_is_refused(shared_service: Any, new_run: Callable[..., tuple[str, Any]]) -> None:
    name, _ = new_run()
    for payload in ({}, {"items": 3}, {"items": [{"sku": "a"}] * 1001}):
        wanted = {"saga": "basket", "request_id": f"of-{name}", "payload": {"run": name, **payload}}
        answer = shared_service.http.post("/sagas", json=wanted)
        assert answer.status_code == 422
        assert "each is run for each of its elements" in answer.text
