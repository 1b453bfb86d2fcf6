"""Steps whose outcome is asked for: until it is told, and no longer than the file says."""

from collections.abc import Callable
from typing import Any

from postgres import on_both_databases

Play = Callable[..., Any]
ACCEPTED = {("ask", "do"): ["202"]}


@on_both_databases
def test_the_saga_goes_on_once_the_status_tells_that_the_work_is_done(play: Play) -> None:
    saga, run = play("polled", {**ACCEPTED, ("ask", "status"): ["in_progress", "503", "absent", "applied"]})
    assert (saga["state"], saga["steps"]["ask"]["outcome"]) == ("committed", "status applied")
    assert (run.count("ask", "do"), run.count("ask", "status")) == (1, 4)


def test_the_saga_is_undone_once_the_status_tells_that_the_work_was_refused(play: Play) -> None:
    saga, run = play("polled", {**ACCEPTED, ("ask", "status"): ["in_progress", "refused"]})
    assert (saga["state"], saga["steps"]["ask"]["state"]) == ("compensated", "refused")
    assert run.order("do") == ["ask"]


def test_work_that_never_ends_is_undone_after_its_time(play: Play) -> None:
    saga, run = play("polled", {**ACCEPTED, ("ask", "status"): ["in_progress"]})
    assert (saga["state"], saga["steps"]["ask"]["state"]) == ("compensated", "compensated")
    assert run.count("ask", "status") > 1
    assert run.order("undo") == ["ask"]


def test_a_step_that_is_done_at_once_is_not_asked_for(play: Play) -> None:
    saga, run = play("polled")
    assert (saga["state"], run.count("ask", "status")) == ("committed", 0)
