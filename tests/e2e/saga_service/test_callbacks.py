"""Callbacks: early, twice, late, wrong, and none at all."""

from collections.abc import Callable
from typing import Any

import pytest

from postgres import on_both_databases


@on_both_databases
def test_a_callback_may_come_before_the_acceptance(play: Callable[..., Any]) -> None:
    saga, run = play("diamond", {("right", "do"): ["early"]})
    assert saga["state"] == "committed"
    assert (saga["steps"]["right"]["outcome"], run.count("right", "do")) == ("callback done", 1)


@on_both_databases
def test_a_callback_stands_for_an_acceptance_that_was_lost(play: Callable[..., Any]) -> None:
    saga, run = play("diamond", {("right", "do"): ["early drop"]})
    assert (saga["state"], saga["steps"]["right"]["outcome"]) == ("committed", "callback done")
    assert run.count("right", "do") == 1


@on_both_databases
def test_a_callback_that_comes_again_or_too_late_is_taken_and_changes_nothing(shared_service: Any, new_run: Any) -> None:
    name, run = new_run()
    saga_id = shared_service.create("diamond", name)
    before = shared_service.ended(saga_id)
    key = f"{saga_id}:right"
    for outcome in ("done", "refused"):
        assert shared_service.call_back(key, {"key": key, "outcome": outcome}) == 204
    assert shared_service.saga(saga_id) == before
    assert run.made["right"] == 1


@on_both_databases
def test_a_second_callback_does_not_overrule_the_first(shared_service: Any, new_run: Any, wait_until: Any) -> None:
    name, run = new_run({("right", "do"): ["hang"]})
    saga_id = shared_service.create("diamond", name)
    wait_until(lambda: run.count("right", "do"))
    for outcome in ("done", "refused"):
        shared_service.call_back(f"{saga_id}:right", {"key": f"{saga_id}:right", "outcome": outcome})
    run.gate.set()
    assert shared_service.ended(saga_id)["state"] == "committed"


@on_both_databases
def test_a_callback_after_the_undoing_changes_nothing(shared_service: Any, play: Callable[..., Any]) -> None:
    saga, _ = play("diamond", {("right", "do"): ["lose"]})
    key = saga["steps"]["right"]["key"]
    assert shared_service.call_back(key, {"key": key, "outcome": "done"}) == 204
    assert shared_service.saga(saga["saga_id"]) == saga


@pytest.mark.parametrize("body", [{"key": "another", "outcome": "done"}, {"outcome": "done"}, {"outcome": "sold"}, [], "done"])
def test_a_callback_with_a_wrong_body_is_taken_and_does_not_count(
    shared_service: Any, new_run: Any, wait_until: Any, body: Any
) -> None:
    name, run = new_run({("right", "do"): ["202"]})
    saga_id = shared_service.create("diamond", name)
    wait_until(lambda: run.count("right", "do"))
    assert shared_service.call_back(f"{saga_id}:right", body) == 204
    assert shared_service.saga(saga_id)["steps"]["right"]["state"] == "running"
    assert shared_service.call_back(f"{saga_id}:right", {"key": f"{saga_id}:right", "outcome": "done"}) == 204
    assert shared_service.ended(saga_id)["state"] == "committed"


@pytest.mark.parametrize("key", ["nobody:right", "nobody", "x"])
def test_a_callback_for_an_unknown_saga_is_not_found(shared_service: Any, key: str) -> None:
    assert shared_service.call_back(key, {"key": key, "outcome": "done"}) == 404


def test_a_callback_for_an_unknown_step_is_not_found(shared_service: Any, play: Callable[..., Any]) -> None:
    saga, _ = play("diamond")
    assert shared_service.call_back(f"{saga['saga_id']}:nowhere", {}) == 404


@pytest.mark.parametrize(
    ("status", "ends", "right"),
    [
        ("ok", "committed", "applied"),
        ("applied", "committed", "applied"),
        ("refused", "compensated", "refused"),
        ("absent", "compensated", "compensated"),
        ("in_progress", "compensated", "compensated"),
        ("503", "compensated", "compensated"),
        ("garbage", "compensated", "compensated"),
    ],
)
def test_without_a_callback_in_time_the_participant_is_asked(
    play: Callable[..., Any], status: str, ends: str, right: str
) -> None:
    saga, run = play("hasty", {("right", "do"): ["202"], ("right", "status"): [status]})
    assert (saga["state"], saga["steps"]["right"]["state"]) == (ends, right)
    assert run.count("right", "status") == (2 if status == "503" else 1)
