"""The saga service's interface: creation is idempotent, definitions are checked, what does not fit is refused with its reason."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from postgres import on_both_databases
from saga_contracts.client import create_saga


@on_both_databases
def test_the_same_request_creates_one_saga(shared_service: Any, new_run: Any) -> None:
    name, run = new_run()
    body = {"saga": "diamond", "request_id": name, "payload": {"run": name}}
    answers = [shared_service.http.post("/sagas", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert len({answer.json()["saga_id"] for answer in answers}) == 1
    shared_service.ended(answers[0].json()["saga_id"])
    assert run.made["first"] == run.count("first", "do") == 1


@on_both_databases
def test_the_same_request_sent_side_by_side_creates_one_saga(shared_service: Any, new_run: Any) -> None:
    name, run = new_run()
    found: list[Any] = []

    def create() -> None:
        found.append(create_saga(shared_service.url, "diamond", name, {"run": name}))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.saga_id for one in found}) == 1
    assert sum(one.new for one in found) == 1
    shared_service.ended(found[0].saga_id)
    assert run.count("first", "do") == 1


@on_both_databases
def test_a_request_id_stands_for_one_payload_of_one_saga(shared_service: Any, new_run: Any) -> None:
    name, _ = new_run()
    body = {"saga": "diamond", "request_id": name, "payload": {"run": name}}
    first = shared_service.http.post("/sagas", json=body).json()["saga_id"]
    other = shared_service.http.post("/sagas", json=body | {"payload": {"run": name, "more": 1}})
    assert (other.status_code, "another payload" in other.json()["detail"]) == (409, True)
    another_saga = shared_service.http.post("/sagas", json=body | {"saga": "decided"})
    assert another_saga.status_code == 201
    for saga_id in (first, another_saga.json()["saga_id"]):
        shared_service.ended(saga_id)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"saga": "nobody", "request_id": "r", "payload": {}}, 404, "There is no saga nobody"),
        ({"saga": "diamond", "request_id": "r", "payload": {}}, 422, "(top): breaks the rule `required`."),
        ({"saga": "diamond", "request_id": "r", "payload": {"run": 7}}, 422, "run: breaks the rule `type`."),
        ({"saga": "diamond", "request_id": "", "payload": {"run": "r"}}, 422, "request_id"),
        ({"saga": "diamond", "request_id": "r" * 201, "payload": {"run": "r"}}, 422, "request_id"),
        ({"saga": "diamond", "request_id": "r\x00", "payload": {"run": "r"}}, 422, "request_id"),
        ({"saga": "diamond\x00", "request_id": "r", "payload": {"run": "r"}}, 422, "saga"),
        ({"saga": "diamond", "payload": {"run": "r"}}, 422, "request_id"),
        ({"saga": "diamond", "request_id": "r", "payload": {"run": "r"}, "more": 1}, 422, "more"),
        ([], 422, "(top)"),
    ],
)
def test_a_saga_that_cannot_be_started_is_refused_with_its_reason(
    shared_service: Any, body: Any, status: int, reason: str
) -> None:
    answer = shared_service.http.post("/sagas", json=body)
    assert (answer.status_code, reason in answer.text) == (status, True)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_no_json_or_too_long_is_refused(shared_service: Any) -> None:
    assert shared_service.http.post("/sagas", content=b"{").status_code == 400
    assert shared_service.http.post("/sagas", content=b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_body_with_a_number_that_is_none_is_refused(shared_service: Any, number: str) -> None:
    body = '{"saga": "diamond", "request_id": "number", "payload": {"run": "r", "extra": %s}}' % number  # noqa: UP031  (braces)
    assert shared_service.http.post("/sagas", content=body).status_code == 400


@on_both_databases
@pytest.mark.parametrize("saga_id", ["nobody", "0" * 32, "%00", "x" * 500])
def test_an_unknown_saga_is_not_found(shared_service: Any, saga_id: str) -> None:
    assert shared_service.http.get(f"/sagas/{saga_id}").status_code == 404
    assert shared_service.call_back(f"{saga_id}:right", {}) == 404


def test_a_definition_is_new_once(shared_service: Any, definitions: Any) -> None:
    assert shared_service.http.put("/definitions/diamond", json=definitions["diamond"]).status_code == 200


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"saga": "another"}, "The definition is of the saga another, not of fresh."),
        ({"steps": []}, "steps"),
        ({"owner": None}, "owner"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_faulty_definition_is_refused_with_its_faults(shared_service: Any, definitions: Any, change: Any, reason: str) -> None:
    answer = shared_service.http.put("/definitions/fresh", json=definitions["diamond"] | {"saga": "fresh"} | change)
    assert (answer.status_code, reason in answer.text) == (400, True)


def test_a_definition_with_a_participant_without_an_address_is_refused(shared_service: Any, definitions: Any) -> None:
    definition = definitions["diamond"] | {"saga": "fresh"}
    definition["steps"][1]["participant"] = "stranger"
    answer = shared_service.http.put("/definitions/fresh", json=definition)
    assert (answer.status_code, answer.json()["detail"]) == (
        400, "There is no address of stranger. Add it to SAGA_PARTICIPANTS.",
    )  # fmt: skip


@on_both_databases
def test_a_saga_under_way_keeps_the_definition_it_was_started_with(
    shared_service: Any, new_run: Any, definitions: Any, wait_until: Callable[..., Any]
) -> None:
    saga = f"evolving_{uuid.uuid4().hex[:8]}"
    old = definitions["lenient"] | {"saga": saga}
    new = old | {"steps": old["steps"][:1]}
    new["payload"] = {"schema": {"type": "object", "required": ["run", "more"]}, "example": {"run": "r", "more": 1}}
    assert shared_service.http.put(f"/definitions/{saga}", json=old).status_code == 201
    name, run = new_run({("need", "do"): ["wait", "ok"]})
    begun = shared_service.create(saga, name)
    wait_until(lambda: run.count("need", "do"))
    assert shared_service.http.put(f"/definitions/{saga}", json=new).status_code == 201
    again = shared_service.http.post("/sagas", json={"saga": saga, "request_id": f"of-{name}", "payload": {"run": name}})
    assert (again.status_code, again.json()["saga_id"]) == (200, begun)
    later_name, _ = new_run()
    body = {"saga": saga, "request_id": later_name, "payload": {"run": later_name, "more": 1}}
    later = shared_service.http.post("/sagas", json=body).json()["saga_id"]
    run.gate.set()
    assert set(shared_service.ended(begun)["steps"]) == {"need", "extra", "last"}
    assert set(shared_service.ended(later)["steps"]) == {"need"}


def test_a_call_that_cannot_be_sent_fails_its_step_and_not_the_service(
    shared_service: Any, new_run: Any, definitions: Any
) -> None:
    saga = f"demanding_{uuid.uuid4().hex[:8]}"
    definition = definitions["lenient"] | {"saga": saga}
    definition["steps"][1] |= {"optional": False}
    definition["steps"][1]["forward"]["request"]["body"]["extra"] = "{payload.extra}"
    assert shared_service.http.put(f"/definitions/{saga}", json=definition).status_code == 201
    name, run = new_run()
    ended = shared_service.ended(shared_service.create(saga, name))
    assert (ended["state"], ended["steps"]["extra"]["state"]) == ("compensated", "refused")
    assert ended["steps"]["extra"]["outcome"] == "unsendable"
    assert run.order("undo") == ["need"]


@on_both_databases
def test_health_is_ok(shared_service: Any) -> None:
    assert shared_service.http.get("/health").json() == {"status": "ok"}
