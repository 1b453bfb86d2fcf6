"""Steps whose outcome is asked for: accepted first, then told by the status call, which is made until the work is over."""

from pathlib import Path
from typing import Any

import pytest

import small_sagas
from outcomes import check_deck, check_pacts
from saga_contracts.client import StepCall, StepClient
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import SagaFileError
from saga_contracts.stand_in import deviating
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import Serving
from saga_verifier.play import deck
from stand_ins import all_right, played


@pytest.fixture(autouse=True)
def waiting_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deck, "SHORTEST_WAIT_S", 0.2)


def step(**fields: Any) -> dict[str, Any]:
    """Give a step that is polled every 30 ms, and whose output stands in the status reply."""
    made = small_sagas.step() | {"completion": "poll", "poll": {"interval_ms": 30, "timeout_ms": 5000}, "timeout_ms": 5000}
    del made["forward"]["replies"]["done"]
    made["forward"]["replies"]["in_progress"] = {"status": 202, "body": {"state": "pending"}}
    made["forward"]["outputs"] = {"id": "/id"}
    made["status"]["replies"]["in_progress"] = {"status": 200, "body": {"state": "pending"}}
    made["status"]["replies"]["applied"] = {"status": 200, "body": {"state": "made", "id": {"$like": "m-1"}}}
    return made | fields


def saga(one: dict[str, Any] | None = None) -> Saga:
    second = small_sagas.step("send") | {"after": ["pay"]}
    second["forward"]["request"]["query"] = {"for": "{outputs.pay.id}"}
    return small_sagas.saga(one or step(), second)


def broken(rules: Right, **options: Any) -> set[str]:
    result = played([rules], rules.slice, **options)
    return {one.obligation for history in result.histories for one in history.broken}


def test_the_deck_waits_for_the_end_of_the_work() -> None:
    words = {one.word for one in decks.derive(step_slice(saga(), "pay"), 1).histories}
    assert {"F D", "F X", "F D F", "F C", "F D C"} <= words
    assert "R" not in words


def test_a_right_participant_is_kept(tmp_path: Path) -> None:
    check_deck(saga(), "pay")
    check_pacts(saga(), tmp_path)


def test_a_participant_that_is_done_at_once_is_kept_where_the_file_says_that_it_may() -> None:
    one = step()
    one["forward"]["replies"]["done"] = {"status": 201, "body": {"state": "made", "id": {"$like": "m-1"}}}
    check_deck(saga(one), "pay", lambda names: names[-1])


def test_a_participant_that_refuses_at_once_is_kept() -> None:
    check_deck(saga(), "pay", lambda names: names["refused" in names and names.index("refused")])


def test_an_output_of_the_acceptance_is_taken_from_there(tmp_path: Path) -> None:
    one = step()
    one["forward"]["outputs"] = {"id": {"header": "Location", "match": "/jobs/{value}", "of": "forward"}}
    one["forward"]["replies"]["in_progress"]["headers"] = {"Location": {"$like": "/jobs/7"}}
    check_deck(saga(one), "pay")
    check_pacts(saga(one), tmp_path)


def test_work_that_never_ends_breaks_acceptance() -> None:
    one = step(poll={"interval_ms": 30, "timeout_ms": 300})
    assert broken(deviating.HOW["never-ends"](step_slice(saga(one), "pay"))) == {"O18"}


def test_work_that_ends_otherwise_than_it_must_breaks_acceptance() -> None:
    class EndsOtherwise(Right):
        def work(self, row: Row) -> float | None:
            row.refuses = not row.refuses
            return super().work(row)

    assert broken(EndsOtherwise(step_slice(saga(), "pay")), only=lambda one: one.word == "F D") == {"O18"}


def test_a_status_call_that_lies_about_the_end_is_blamed_for_that() -> None:
    class Lies(Right):
        work_s = 2.0  # both status calls after the forward call come before its end, also on a loaded machine

        def status(self, row: Row) -> Reply:
            return self.reply("status", "refused") if row.state == State.APPLIED else super().status(row)

    assert broken(Lies(step_slice(saga(), "pay")), only=lambda one: one.word == "F D") == {"O14"}


def test_a_status_call_that_says_absent_of_what_is_at_work_lies() -> None:
    class SaysAbsent(Right):
        work_s = 2.0

        def status(self, row: Row) -> Reply:
            return self.reply("status", "absent") if row.state == State.IN_PROGRESS else super().status(row)

    assert broken(SaysAbsent(step_slice(saga(), "pay")), only=lambda one: one.word == "F D") == {"O14"}


def test_where_no_reply_says_that_work_goes_on_absent_does() -> None:
    one = step()
    del one["status"]["replies"]["in_progress"]
    check_deck(saga(one), "pay")


def test_outputs_that_change_from_one_status_call_to_another_are_found_out() -> None:
    class Changes(Right):
        def status(self, row: Row) -> Reply:
            row.edition += 1
            return super().status(row)

    assert broken(Changes(step_slice(saga(), "pay")), only=lambda one: one.word == "F D") == {"O33"}


def test_the_client_library_asks_until_the_work_is_over() -> None:
    rules = all_right(saga(), "pay_service")
    rules[0].work_s = 0.2
    with Serving(rules) as serving, StepClient(saga(), {"pay_service": serving.base_url}) as client:
        call = StepCall("saga-1", {"order_id": "o-1", "amount": 5})
        assert client.forward("pay", call).outcome == Outcome.IN_PROGRESS
        found = client.outcome("pay", call)
    assert (found.outcome, found.uncertain) == (State.APPLIED, False)
    assert found.tries > 1
    assert found.outputs["id"].startswith("m-1")


def test_the_client_library_gives_up_after_the_declared_time() -> None:
    definition = saga(step(poll={"interval_ms": 30, "timeout_ms": 90}))
    slept: list[float] = []
    rules = [deviating.HOW["never-ends"](step_slice(definition, "pay"))]
    with Serving(rules) as serving, StepClient(definition, {"pay_service": serving.base_url}, sleep=slept.append) as client:
        call = StepCall("saga-1", {"order_id": "o-1", "amount": 5})
        client.forward("pay", call)
        found = client.outcome("pay", call)
    assert (found.outcome, found.uncertain) == (State.IN_PROGRESS, True)
    assert slept == [0.03] * (found.tries - 1)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"status": None}, "needs `status`"),
    ({"poll": {"interval_ms": 600, "timeout_ms": 500}}, "longer than an outcome is waited for"),
    ({"completion": "sync"}, "`poll` belongs to `completion: poll`"),
    ({"completion": "callback"}, "needs `callback`"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_what_cannot_be_polled_is_a_fault_with_its_mend(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SagaFileError) as caught:
        saga(step(**change))
    assert words in str(caught.value)
