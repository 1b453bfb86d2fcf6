"""Several processes on one database share the sagas, and what a dead one has begun is finished by the others, nothing twice."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postgres import on_both_databases

pytestmark = pytest.mark.slow

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

Script = dict[tuple[str, str], list[str]]
LEFT: dict[str, tuple[Script, tuple[str, str], str]] = {
    # what a process was about: script, the call that has come when it dies, and how the saga ends
    "first call sent": ({("first", "do"): ["hang", "ok"]}, ("first", "do"), "committed"),
    "last try under way": ({("left", "do"): ["503", "hang", "ok"]}, ("left", "do"), "committed"),
    "callback awaited": ({("right", "do"): ["202"]}, ("right", "do"), "committed"),
    "last call sent": ({("last", "do"): ["hang", "ok"]}, ("last", "do"), "committed"),
    "refused by the next": ({("left", "do"): ["hang", "refuse"]}, ("left", "do"), "compensated"),
    "undoing sent": ({("right", "do"): ["no"], ("left", "undo"): ["hang", "ok"]}, ("left", "undo"), "compensated"),
    "owner told": ({("last", "do"): ["503"], ("last", "told"): ["hang", "ok"]}, ("last", "told"), "escalated"),
}


@pytest.fixture
def several(
    tmp_path: Path, start_service: Callable[..., Any], database: Callable[[Path], dict[str, str]]
) -> Callable[..., list[Any]]:
    """Start processes on one database."""
    shared = database(tmp_path)

    def start(count: int, **variables: str) -> list[Any]:
        folders = [tmp_path / str(number) for number in range(count)]
        for folder in folders:
            folder.mkdir()
        return [start_service(folder, **shared, SAGA_LEASE_MS="2000", **variables) for folder in folders]

    return start


@on_both_databases
def test_what_a_killed_process_has_begun_is_finished_by_the_others_and_nothing_is_skipped_or_doubled(
    several: Any, new_run: Any, wait_until: Any
) -> None:
    processes = several(3)
    begun = []
    for process in processes:
        for point, (script, (step, role), end) in LEFT.items():
            name, run = new_run(script)
            dies = process is processes[0] or point != "refused by the next"
            begun.append((process.create("diamond", name), run, point, end if dies else "committed"))
            least = 2 if point == "last try under way" else 1
            wait_until(lambda run=run, step=step, role=role, least=least: run.count(step, role) >= least)
    waiting = [saga_id for saga_id, _, point, _ in begun if point == "callback awaited"]
    wait_until(lambda: all(processes[1].saga(one)["steps"]["right"]["state"] == "running" for one in waiting))

    processes[0].kill()
    for _, run, _, _ in begun:
        run.gate.set()
    for saga_id in waiting:  # also at a process that does not wait for it
        key = f"{saga_id}:right"
        assert processes[2].call_back(key, {"key": key, "outcome": "done"}) == 204

    for saga_id, run, point, end in begun:
        saga = processes[1].ended(saga_id)
        assert (point, saga["state"]) == (point, end)
        assert all(made <= 1 for made in run.made.values()), point
        assert set(run.effects.values()) <= ({0} if end == "compensated" else {1}), point
        assert {one["state"] for one in saga["notifications"]} == ({"taken"} if end == "escalated" else set())
        assert saga["history"][-1:] == [end]
        assert len(saga["history"]) == len(set(saga["history"]))
    processes[0].start()


@on_postgresql  # a process that is stopped in the middle of writing holds SQLite's one lock
def test_a_process_that_was_only_stopped_for_a_while_does_no_further_call_for_what_others_have_taken(
    several: Any, new_run: Any, wait_until: Any
) -> None:
    stopped, other = several(2)
    name, run = new_run({("first", "do"): ["wait", "ok"], ("left", "do"): ["wait", "ok"]})
    saga_id = stopped.create("diamond", name)
    wait_until(lambda: run.count("first", "do"))

    os.kill(stopped.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: run.count("first", "do") == 2)  # by the other one
        wait_until(lambda: other.saga(saga_id)["steps"]["right"]["state"] == "applied")
    finally:
        os.kill(stopped.process.pid, signal.SIGCONT)
    again, _ = new_run()
    assert stopped.ended(stopped.create("diamond", again))["state"] == "committed"  # it works on as a new one
    run.gate.set()

    assert other.ended(saga_id)["history"] == ["running", "committed"]
    assert run.made == {"first": 1, "left": 1, "right": 1, "last": 1}
    assert [run.count(step, "do") for step in ("first", "left", "right", "last")] == [2, 1, 1, 1]


@on_postgresql
def test_what_one_process_has_no_room_for_is_begun_by_the_others(several: Any, new_run: Any, wait_until: Any) -> None:
    processes = several(2, SAGA_AT_ONCE="2")
    begun = []
    for _ in range(8):
        name, run = new_run({("first", "do"): ["wait"]})
        begun.append((processes[0].create("diamond", name), run))
    wait_until(lambda: sum(run.count("first", "do") for _, run in begun) >= 4)  # two here by request, two by each one's queue
    for _, run in begun:
        run.gate.set()

    for saga_id, run in begun:
        assert processes[1].ended(saga_id)["state"] == "committed"
        assert set(run.made.values()) == {1}


@on_postgresql
def test_one_request_that_comes_to_all_processes_at_once_makes_one_saga(several: Any, new_run: Any, together: Any) -> None:
    processes = several(2)
    name, run = new_run()
    body = {"saga": "diamond", "request_id": name, "payload": {"run": name}}
    other = body | {"payload": {"run": name, "more": 1}}

    def create(process: Any, wanted: dict[str, Any]) -> Any:
        return process.http.post("/sagas", json=wanted)

    answers = together(*(lambda process=process: create(process, body) for process in processes * 4))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    [saga_id] = {answer.json()["saga_id"] for answer in answers}
    assert [create(process, other).status_code for process in processes] == [409, 409]
    assert processes[0].ended(saga_id)["state"] == "committed"
    assert run.count("first", "do") == run.made["first"] == 1
