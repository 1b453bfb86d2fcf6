"""Killed with -9 at any moment and started again, the saga service brings every saga to its end, and no effect is doubled."""

import random
import signal
import time
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from postgres import on_both_databases

pytestmark = pytest.mark.slow

POINTS: dict[str, tuple[str, dict[tuple[str, str], list[str]], tuple[str, str]]] = {
    # name: saga, script, and the call that has come when the service is killed
    "first call sent": ("diamond", {("first", "do"): ["hang", "ok"]}, ("first", "do")),
    "call sent beside another step": ("diamond", {("left", "do"): ["hang", "ok"]}, ("right", "do")),
    "callback awaited": ("diamond", {("right", "do"): ["202"]}, ("right", "do")),
    "last call sent": ("diamond", {("last", "do"): ["hang", "ok"]}, ("last", "do")),
    "last try under way": ("diamond", {("left", "do"): ["503", "hang", "ok"]}, ("left", "do")),
    "refused after the restart": ("diamond", {("left", "do"): ["hang", "refuse"]}, ("left", "do")),
    "undoing sent": ("diamond", {("right", "do"): ["no"], ("left", "undo"): ["hang", "ok"]}, ("left", "undo")),
    "undoing of the first step sent": (
        "diamond",
        {("right", "do"): ["no"], ("first", "undo"): ["hang", "ok"]},
        ("first", "undo"),
    ),
    "owner told": ("diamond", {("last", "do"): ["503"], ("last", "told"): ["hang", "ok"]}, ("last", "told")),
    "cancelled sibling": ("strict", {("left", "do"): ["refuse"], ("first", "undo"): ["hang", "ok"]}, ("first", "undo")),
}
ENDS = {
    "refused after the restart": "compensated",
    "undoing sent": "compensated",
    "undoing of the first step sent": "compensated",
    "owner told": "escalated",
    "cancelled sibling": "compensated",
}


@on_both_databases
def test_every_saga_ends_as_without_the_crash(own_service: Any, new_run: Any, wait_until: Any) -> None:
    begun = {}
    for point, (saga, script, (step, role)) in POINTS.items():
        name, run = new_run(script)
        begun[point] = (own_service.create(saga, name), run)
        tries = 2 if point == "last try under way" else 1
        wait_until(lambda run=run, step=step, role=role, tries=tries: run.count(step, role) >= tries)
    waiting = begun["callback awaited"][0]
    wait_until(lambda: own_service.saga(waiting)["steps"]["right"]["tries"] == 1)

    own_service.kill()
    for _, run in begun.values():
        run.gate.set()
    own_service.start()

    key = f"{waiting}:right"
    assert own_service.call_back(key, {"key": key, "outcome": "done"}) == 204
    for point, (saga_id, run) in begun.items():
        saga = own_service.ended(saga_id)
        assert (point, saga["state"]) == (point, ENDS.get(point, "committed"))
        wanted = {"committed": 1, "compensated": 0}.get(saga["state"])
        for step in saga["steps"]:
            assert run.made[step] <= 1, point
            if wanted is not None:
                assert run.effects[step] == wanted, (point, step)
    refused = own_service.saga(begun["refused after the restart"][0])["steps"]["left"]
    assert (refused["state"], refused["compensations"]) == ("compensated", 1)
    assert begun["owner told"][1].count("last", "told") == 2
    assert begun["callback awaited"][1].count("right", "do") == 1


def test_sagas_stopped_at_random_moments_all_end_and_no_effect_is_doubled(own_service: Any, new_run: Any) -> None:
    """Stopped in good order; then killed, and the engine has forgotten or given up the workflows."""
    chance = random.Random(7)
    scripts: list[dict[tuple[str, str], list[str]]] = [
        {},
        {("left", "do"): ["drop", "ok"], ("last", "do"): ["503", "ok"]},
        {("right", "do"): ["no"], ("first", "undo"): ["drop", "ok"]},
        {("left", "do"): ["refuse"]},
        {("last", "do"): ["drop"]},
    ]
    begun = []
    for by in (signal.SIGTERM, signal.SIGKILL):
        for script in scripts * 2:
            name, run = new_run(script)
            begun.append((own_service.create("diamond", name), run))
        time.sleep(chance.uniform(0.0, 0.2))  # a crash comes at any moment: there is nothing to wait for
        own_service.end(by)
        if by == signal.SIGKILL:
            damage(own_service.environment["SYSTEM_DATABASE_URL"], [saga_id for saga_id, _ in begun])
        own_service.start()

    for saga_id, run in begun:
        saga = own_service.ended(saga_id)
        assert all(count <= 1 for count in run.made.values())
        if saga["state"] == "committed":
            assert set(run.effects.values()) == {1}
        elif saga["state"] == "compensated":
            assert not any(run.effects.values())
        else:
            assert [step["state"] for step in saga["steps"].values()] == ["applied"] * 3 + ["exhausted"]
            assert [one["state"] for one in saga["notifications"]] == ["taken"]


def damage(url: str, workflows: list[str]) -> None:
    """Let the engine forget every second workflow and take the others for failed."""
    engine = create_engine(url)
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    forgotten = [{"id": workflow} for workflow in workflows[1::2]]
    failed = [{"id": workflow} for workflow in workflows[::2]]
    with engine.begin() as connection:
        for table in ("operation_outputs", "workflow_status"):
            connection.execute(text(f"DELETE FROM {schema}{table} WHERE workflow_uuid = :id"), forgotten)  # noqa: S608  (our names)
        connection.execute(text(f"UPDATE {schema}workflow_status SET status = 'ERROR' WHERE workflow_uuid = :id"), failed)  # noqa: S608
    engine.dispose()


def test_a_process_that_is_stopped_in_good_order_ends_well_and_leaves_its_place(own_service: Any) -> None:
    own_service.end(signal.SIGTERM)
    assert own_service.process.returncode in (0, -signal.SIGTERM)
    assert "Application shutdown failed" not in (own_service.workdir / "log").read_text()
    engine = create_engine(own_service.environment["DATABASE_URL"])
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM processes")).scalar_one() == 0
    engine.dispose()
    own_service.start()
