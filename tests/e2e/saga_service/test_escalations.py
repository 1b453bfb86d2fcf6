"""Escalated sagas: they are listed, let go on or settled by a person, and automation is told of each."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S
from postgres import on_both_databases

DEED = {"person": "Ada", "note": "the partner is mended"}


def _listed(service: Any, **query: Any) -> dict[str, Any]:
    found = service.http.get("/escalations", params={"limit": 1000, **query}).json()["escalations"]
    return {one["saga_id"]: one for one in found}


def _act(service: Any, saga_id: str, act: str, body: Any = None) -> Any:
    return service.http.post(f"/escalations/{saga_id}/{act}", json=body or DEED)


@on_both_databases
def test_a_saga_whose_undoing_failed_is_undone_further_when_a_person_lets_it_go_on(shared_service: Any, play: Any) -> None:
    saga, run = play("strict", {("left", "do"): ["refuse"], ("first", "undo"): ["503", "503", "ok"]})
    saga_id = saga["saga_id"]
    listed = _listed(shared_service)[saga_id]
    assert (listed["saga"], listed["steps"]["first"]["state"]) == ("strict", "failed_compensation")
    assert listed["notifications"] == [{"step": "first", "event": "compensation_failed", "state": "taken", "tries": 1}]
    assert _act(shared_service, saga_id, "resume").status_code == 204
    after = shared_service.ended(saga_id)
    assert (after["state"], run.effects["first"], run.count("first", "undo")) == ("compensated", 0, 3)
    assert after["history"] == ["running", "compensating", "escalated", "compensating", "compensated"]
    assert [(one["act"], one["person"], one["note"]) for one in after["acts"]] == [("resume", "Ada", "the partner is mended")]
    assert (after["notifications"], saga_id in _listed(shared_service)) == ([], False)
    assert _act(shared_service, saga_id, "resume").status_code == 409


def test_a_saga_that_can_only_go_forward_goes_forward(shared_service: Any, play: Any) -> None:
    saga, run = play("decided", {("tell", "do"): ["503", "503", "ok"]})
    assert saga["state"] == "escalated"
    assert _act(shared_service, saga["saga_id"], "resume").status_code == 204
    after = shared_service.ended(saga["saga_id"])
    assert (after["state"], run.made["tell"], run.order("undo")) == ("committed", 1, [])


def test_a_saga_that_fails_again_is_told_again(shared_service: Any, play: Any) -> None:
    saga, run = play("decided", {("tell", "do"): ["503"]})
    _act(shared_service, saga["saga_id"], "resume")
    after = shared_service.ended(saga["saga_id"])
    assert (after["state"], after["history"].count("escalated")) == ("escalated", 2)
    assert (run.count("tell", "told"), run.count("tell", "do")) == (2, 4)


def test_a_saga_may_go_on_while_its_owner_is_being_told(shared_service: Any, new_run: Any, wait_until: Any) -> None:
    name, run = new_run({("tell", "do"): ["503", "503", "ok"], ("tell", "told"): ["hang"]})
    saga_id = shared_service.create("decided", name)
    wait_until(lambda: run.count("tell", "told") == 1, PATIENCE_S)
    assert _act(shared_service, saga_id, "resume").status_code == 204
    run.gate.set()
    wait_until(lambda: shared_service.saga(saga_id)["state"] == "committed", PATIENCE_S)
    assert (run.count("tell", "told"), run.made["tell"]) == (1, 1)


@on_both_databases
def test_what_a_person_has_settled_is_listed_only_on_request(shared_service: Any, play: Any) -> None:
    saga, run = play("strict", {("left", "do"): ["refuse"], ("first", "undo"): ["impossible"]})
    saga_id, calls = saga["saga_id"], len(run.calls)
    assert _act(shared_service, saga_id, "settle").status_code == 204
    assert (saga_id in _listed(shared_service), saga_id in _listed(shared_service, settled=True)) == (False, True)
    assert [_act(shared_service, saga_id, act).status_code for act in ("settle", "resume")] == [409, 409]
    after = shared_service.saga(saga_id)
    assert (after["state"], [one["act"] for one in after["acts"]], len(run.calls)) == ("escalated", ["settle"], calls)


@pytest.mark.parametrize("act", ["resume", "settle"])
def test_an_act_needs_a_saga_that_is_escalated_a_person_and_a_note(shared_service: Any, play: Any, act: str) -> None:
    saga, _ = play("diamond")
    assert _act(shared_service, saga["saga_id"], act).status_code == 409
    assert _act(shared_service, uuid.uuid4().hex, act).status_code == 404
    assert _act(shared_service, "nobody", act).status_code == 404
    for body in ({"person": "Ada"}, {"person": "", "note": "n"}, DEED | {"more": 1}, {"person": "A\x00", "note": "n"}):
        assert _act(shared_service, saga["saga_id"], act, body).status_code == 422


def test_what_the_checker_found_past_the_pivot_is_settled_by_hand(shared_service: Any, play: Any) -> None:
    saga, run = play("decided")
    del run.effects["hold"]
    shared_service.http.post(f"/checker/{saga['saga_id']}")
    answer = _act(shared_service, saga["saga_id"], "resume")
    assert (answer.status_code, "settle it by hand" in answer.json()["detail"]) == (409, True)
    assert _act(shared_service, saga["saga_id"], "settle").status_code == 204


@on_both_databases
def test_automation_is_told_of_each_escalation_until_it_takes_it(
    tmp_path: Path, start_service: Any, database: Any, new_run: Any, partner: Any, wait_until: Any
) -> None:
    hook, heard = new_run({("any", "told"): ["503", "lose", "ok"]})
    address = f"{partner.url}/runs/{hook}/any/told"
    service = start_service(tmp_path, **database(tmp_path), SAGA_ESCALATION_HOOK=address, SAGA_HOOK_EVERY_MS="20")
    name, _ = new_run({("tell", "do"): ["503"]})
    saga_id = service.create("decided", name)
    wait_until(lambda: heard.count("any", "told") == 3, PATIENCE_S)
    told = [(call.body["saga_id"], call.body["state"], call.body["steps"]["tell"]["state"]) for call in heard.calls]
    assert told == [(saga_id, "escalated", "exhausted")] * 3
    assert len({call.body["escalation"] for call in heard.calls}) == 1
    service.kill()
    service.start()
    other, _ = new_run({("tell", "do"): ["503"]})
    other_id = service.create("decided", other)
    wait_until(lambda: heard.count("any", "told") == 4, PATIENCE_S)
    assert heard.calls[-1].body["saga_id"] == other_id, "what was taken is not told again"
