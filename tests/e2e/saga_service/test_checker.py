"""The checker: what has vanished after a saga's end is rolled back or told, and a failing status call is not `absent`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postgres import on_both_databases

SOON = {"SAGA_CHECK_AFTER_MS": "1", "SAGA_CHECK_EVERY_MS": "20", "SAGA_CHECK_PAUSE_MS": "20"}


@pytest.fixture
def look(shared_service: Any) -> Callable[[str], Any]:
    """Let the checker look at a saga now."""

    def looked(saga_id: str) -> Any:
        answer = shared_service.http.post(f"/checker/{saga_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    return looked


@on_both_databases
def test_a_committed_saga_whose_effect_has_vanished_is_rolled_back_in_reverse(
    shared_service: Any, play: Any, look: Callable[[str], Any]
) -> None:
    saga, run = play("polled", {("ask", "do"): ["202"]})
    assert saga["state"] == "committed"
    del run.effects["ask"]  # as when a replica without it is promoted
    found = look(saga["saga_id"])
    assert (found["verdict"], found["answers"]) == ("undone", {"ask": "absent", "next": "applied"})
    after = shared_service.ended(saga["saga_id"])
    assert (after["state"], after["history"]) == ("compensated", ["running", "committed", "compensating", "compensated"])
    assert run.order("undo") == ["next", "ask"]
    assert [(one["step"], one["state"], one["finding"], one["told"]) for one in after["findings"]] == [
        ("ask", "committed", "effect_lost", "absent")
    ]
    assert after["reason"] == "checker: ask: effect lost"
    assert look(saga["saga_id"])["verdict"] == "sound"


def test_past_the_pivot_nothing_is_undone_and_the_owner_is_told(
    shared_service: Any, play: Any, look: Callable[[str], Any]
) -> None:
    saga, run = play("decided")
    del run.effects["hold"]
    assert look(saga["saga_id"])["verdict"] == "told"
    after = shared_service.ended(saga["saga_id"])
    assert (after["state"], after["steps"]["hold"]["state"]) == ("escalated", "uncertain")
    assert after["notifications"] == [{"step": "hold", "event": "effect_lost", "state": "taken", "tries": 1}]
    assert (run.order("undo"), run.order("told")) == ([], ["hold"])


def test_when_the_roll_back_is_refused_the_owner_is_told(shared_service: Any, play: Any, look: Callable[[str], Any]) -> None:
    saga, run = play("polled", {("ask", "do"): ["202"], ("next", "undo"): ["impossible"]})
    del run.effects["ask"]
    assert look(saga["saga_id"])["verdict"] == "undone"
    after = shared_service.ended(saga["saga_id"])
    assert (after["state"], after["steps"]["next"]["state"]) == ("escalated", "failed_compensation")
    assert (run.order("told"), after["steps"]["ask"]["state"]) == (["next"], "compensated")


@pytest.mark.parametrize("answer", ["503", "lose", "garbage", "in_progress"])
def test_a_status_call_without_a_clear_answer_is_not_absent(
    shared_service: Any, play: Any, look: Callable[[str], Any], answer: str
) -> None:
    saga, run = play("polled", {("ask", "do"): ["202"], ("next", "status"): [answer, "ok"]})
    found = look(saga["saga_id"])
    assert (found["verdict"], shared_service.saga(saga["saga_id"])["state"]) == ("unknown", "committed")
    assert look(saga["saga_id"])["verdict"] == "sound"
    assert (run.order("undo"), shared_service.saga(saga["saga_id"])["check"]["tries"]) == ([], 2)


def test_an_effect_that_comes_back_after_its_undoing_is_undone_again(
    shared_service: Any, play: Any, look: Callable[[str], Any]
) -> None:
    saga, run = play("diamond", {("left", "do"): ["refuse"]})
    assert saga["state"] == "compensated"
    with run.lock:  # as when a replica without the undoing is promoted
        run.undone.discard("first")
        run.effects["first"] = 1
    before = run.count("first", "undo")
    assert look(saga["saga_id"])["verdict"] == "undone"
    after = shared_service.ended(saga["saga_id"])
    assert (after["state"], run.effects["first"], run.count("first", "undo")) == ("compensated", 0, before + 1)
    assert after["findings"][0]["finding"] == "effect_returned"


def test_an_effect_that_comes_back_each_time_is_told_to_the_owner(
    shared_service: Any, play: Any, look: Callable[[str], Any]
) -> None:
    saga, run = play("diamond", {("left", "do"): ["refuse"], ("first", "status"): ["applied"]})
    verdicts = []
    for _ in range(4):
        verdicts.append(look(saga["saga_id"])["verdict"])
        shared_service.ended(saga["saga_id"])
    assert verdicts == ["undone", "undone", "undone", "told"]
    assert (shared_service.saga(saga["saga_id"])["state"], run.order("told")) == ("escalated", ["first"])


def test_an_optional_step_that_has_vanished_is_noted(shared_service: Any, play: Any, look: Callable[[str], Any]) -> None:
    saga, run = play("lenient")
    del run.effects["extra"]
    assert look(saga["saga_id"])["verdict"] == "noted"
    after = shared_service.saga(saga["saga_id"])
    assert (after["state"], after["findings"][0]["action"], run.order("undo")) == ("committed", "noted", [])


def test_each_element_of_a_list_is_asked_for_and_a_lost_one_undoes_the_saga(
    shared_service: Any, play: Any, look: Callable[[str], Any]
) -> None:
    saga, run = play("basket", items=[{"sku": "a"}, {"sku": "b"}])
    assert look(saga["saga_id"])["answers"] == {"first": "applied", "each:0": "applied", "each:1": "applied", "last": "applied"}
    del run.effects["b"]
    assert [one["step"] for one in look(saga["saga_id"])["findings"]] == ["each:1"]
    assert shared_service.ended(saga["saga_id"])["state"] == "compensated"
    assert +run.effects == {}


def test_a_step_whose_condition_does_not_hold_is_not_asked_for(play: Any, look: Callable[[str], Any]) -> None:
    saga, run = play("branching", extra="x")
    found = look(saga["saga_id"])
    assert (found["verdict"], "extra" in found["answers"], run.count("extra", "status")) == ("sound", False, 0)


def test_only_a_saga_at_its_end_is_looked_at(
    shared_service: Any, new_run: Any, look: Callable[[str], Any], wait_until: Any
) -> None:
    name, run = new_run({("first", "do"): ["wait"]})
    saga_id = shared_service.create("diamond", name)
    assert (look(saga_id)["verdict"], run.order("status")) == ("not_ended", [])
    run.gate.set()
    shared_service.ended(saga_id)
    assert shared_service.http.post(f"/checker/{'f' * 32}").status_code == 404
    assert shared_service.http.post("/checker/nobody").status_code == 404


@on_both_databases
def test_the_checker_looks_by_itself_once_and_again_only_where_nobody_told(
    tmp_path: Path, start_service: Any, database: Any, new_run: Any, wait_until: Any
) -> None:
    service = start_service(tmp_path, **database(tmp_path), **SOON)
    sound, sound_run = new_run()
    doubtful, doubtful_run = new_run({("next", "status"): ["503", "503", "ok"]})
    runs = [service.create("polled", name) for name in (sound, doubtful)]

    def looks() -> list[Any]:
        return [service.saga(saga_id)["check"] for saga_id in runs]

    wait_until(lambda: all(one and one["verdict"] == "sound" for one in looks()), 60.0)
    assert [one["tries"] for one in looks()] == [1, 3]
    service.kill()
    service.start()
    late, late_run = new_run()
    late_id = service.create("polled", late)
    wait_until(lambda: (service.saga(late_id)["check"] or {}).get("verdict") == "sound", 60.0)
    counts = [run.count("next", "status") for run in (sound_run, doubtful_run, late_run)]
    assert counts == [1, 3, 1], "after a restart what was looked at is not looked at again"
