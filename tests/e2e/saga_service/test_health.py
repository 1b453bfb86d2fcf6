"""The health checker: new sagas wait while a participant is down, running ones wait, and nobody is stormed with calls."""

import json
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S, unless
from postgres import on_both_databases


@pytest.fixture(scope="module")
def ill_service(tmp_path_factory: Any, start_for_module: Any, database: Any, module_partner: Any) -> Any:
    """A service whose only participant may be ill."""
    folder: Path = tmp_path_factory.mktemp("ill")
    participants = json.dumps({"partner": module_partner.url})
    return start_for_module(folder, **database(folder), SAGA_PARTICIPANTS=participants, SAGA_HEALTH_EVERY_MS="20")


@pytest.fixture
def service(ill_service: Any, module_partner: Any, wait_until: Any) -> Any:
    """That service, with its participant healthy."""
    module_partner.is_healthy = True
    wait_until(lambda: _up(ill_service), PATIENCE_S)
    return ill_service


def _up(service: Any) -> bool:
    found: bool = service.http.get("/participants").json()["participants"]["partner"]["is_up"]
    return found


@on_both_databases
def test_a_new_saga_waits_for_a_participant_that_is_down_and_runs_when_it_is_healthy_again(
    service: Any, module_partner: Any, new_run: Any, wait_until: Any
) -> None:
    module_partner.is_healthy = False
    wait_until(lambda: not _up(service), PATIENCE_S)
    name, run = new_run(at=module_partner)
    body = {"saga": "diamond", "request_id": name, "payload": {"run": name}}
    answer = service.http.post("/sagas", json=body)
    assert (answer.status_code, answer.json()["state"]) == (201, "parked")
    saga_id = answer.json()["saga_id"]
    assert service.http.post("/sagas", json=body).json() == {"saga_id": saga_id, "state": "parked"}
    assert service.saga(saga_id)["waits_for"] == ["partner"]
    service.kill()
    service.start()
    wait_until(lambda: not _up(service), PATIENCE_S)
    assert (service.saga(saga_id)["state"], run.calls) == ("parked", [])
    module_partner.is_healthy = True
    wait_until(lambda: service.saga(saga_id)["state"] == "committed", PATIENCE_S)
    saga = service.saga(saga_id)
    assert (saga["history"], saga["reason"], saga["waits_for"]) == (["parked", "running", "committed"], None, [])


def test_a_parked_saga_whose_time_is_over_ends_without_a_call(
    service: Any, module_partner: Any, new_run: Any, wait_until: Any
) -> None:
    module_partner.is_healthy = False
    wait_until(lambda: not _up(service), PATIENCE_S)
    name, run = new_run(at=module_partner)
    saga = service.ended(service.create("timed", name), PATIENCE_S)
    wait_until(lambda: service.saga(saga["saga_id"])["state"] == "compensated", PATIENCE_S)
    assert (run.calls, service.saga(saga["saga_id"])["reason"]) == ([], "the saga's time was over")


def test_a_running_saga_sends_nothing_to_a_participant_that_is_down_and_goes_on_afterwards(
    service: Any, module_partner: Any, new_run: Any, wait_until: Any
) -> None:
    name, run = new_run({("first", "do"): ["wait"]}, at=module_partner)
    saga_id = service.create("diamond", name)
    wait_until(lambda: run.count("first", "do") == 1, PATIENCE_S)
    module_partner.is_healthy = False
    wait_until(lambda: not _up(service), PATIENCE_S)
    run.gate.set()
    wait_until(lambda: service.saga(saga_id)["steps"]["left"]["state"] == "running", PATIENCE_S)
    assert not unless(lambda: run.count("left", "do"), 0.3), "a call was sent to a participant that is down"
    module_partner.is_healthy = True
    wait_until(lambda: service.saga(saga_id)["state"] == "committed", PATIENCE_S)
    assert (run.count("left", "do"), run.order("undo")) == (1, [])


def test_deliberate_faults_of_checker_and_parking_can_be_switched_on(
    tmp_path: Path, start_service: Any, database: Any, module_partner: Any, new_run: Any, wait_until: Any
) -> None:
    more = {"SAGA_PARTICIPANTS": json.dumps({"partner": module_partner.url}), "SAGA_HEALTH_EVERY_MS": "20"}
    faulty = start_service(tmp_path, **database(tmp_path), **more, SAGA_FAULT="silence_is_absence,ignores_health")
    module_partner.is_healthy = True
    name, run = new_run({("next", "status"): ["503"]}, at=module_partner)
    saga_id = faulty.ended(faulty.create("polled", name))["saga_id"]
    assert faulty.http.post(f"/checker/{saga_id}").json()["verdict"] == "undone"
    assert (faulty.ended(saga_id)["state"], run.order("undo")) == ("compensated", ["next", "ask"])
    module_partner.is_healthy = False
    wait_until(lambda: not _up(faulty), PATIENCE_S)
    name, _ = new_run(at=module_partner)
    assert (
        faulty.http.post("/sagas", json={"saga": "sure", "request_id": name, "payload": {"run": name}}).json()["state"]
        == "running"
    )
    module_partner.is_healthy = True


def test_asking_for_health_is_bounded_and_one_bad_answer_is_no_illness(
    service: Any, module_partner: Any, wait_until: Any
) -> None:
    before = module_partner.asked
    wait_until(lambda: module_partner.asked > before + 2, PATIENCE_S)
    assert _up(service)
    module_partner.is_healthy = False
    wait_until(lambda: not _up(service), PATIENCE_S)
    told = service.http.get("/participants").json()["participants"]["partner"]
    assert (told["trouble"], told["failures"] >= 2) == ("it answers 503", True)
