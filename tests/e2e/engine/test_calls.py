from collections.abc import Mapping
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.calls import Incoming, Recogniser, outcome_of, service_name, told_by

CORRELATED = {"saga-id": "saga-7", "saga-step": "reserve_money"}
RESERVATION = {"account_id": "a", "order_id": "o", "amount_minor": 1}


def seen(saga: Saga, target: str, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None) -> Any:
    found = Recogniser(saga).recognise(Incoming(target, method, path, headers or {}, body))
    return None if found is None else (found.saga_id, found.step, found.role)


def test_a_call_is_recognised_by_its_correlation_headers_and_the_declared_method_and_path(vas_purchase: Saga) -> None:
    assert seen(vas_purchase, "billing", "POST", "/reservations", CORRELATED, RESERVATION) == (
        "saga-7",
        "reserve_money",
        Role.FORWARD,
    )
    assert seen(vas_purchase, "billing", "POST", "/reservations/cancel", CORRELATED) == (
        "saga-7",
        "reserve_money",
        Role.COMPENSATE,
    )
    assert seen(vas_purchase, "billing", "GET", "/reservations/status", CORRELATED) == (
        "saga-7",
        "reserve_money",
        Role.STATUS,
    )
    assert seen(vas_purchase, "billing", "GET", "/accounts/a", CORRELATED) == ("saga-7", "reserve_money", Role.PROBE)


@pytest.mark.parametrize(("method", "role"), [("PUT", Role.FORWARD), ("DELETE", Role.COMPENSATE), ("GET", Role.STATUS)], ids=str)
def test_without_headers_the_step_key_in_the_path_tells_saga_and_step(vas_purchase: Saga, method: str, role: Role) -> None:
    body = {"package": "p", "order_id": "o"} if method == "PUT" else None

    found = seen(vas_purchase, "user_service", method, "/users/u%2F1/vas-operations/saga-7%3Aapply_vas", {}, body)

    assert found == ("saga-7", "apply_vas", role)


def test_without_correlation_the_step_key_in_a_header_tells_saga_and_step(vas_purchase: Saga) -> None:
    headers = {"idempotency-key": "saga-7:reserve_money"}

    assert seen(vas_purchase, "billing", "POST", "/reservations", headers, RESERVATION) == (
        "saga-7",
        "reserve_money",
        Role.FORWARD,
    )


def test_a_callback_is_recognised_by_the_key_in_its_path(vas_purchase: Saga) -> None:
    body = {"key": "saga-7:create_packages", "outcome": "refused"}
    call = Incoming("saga_service", "POST", "/callbacks/saga-7%3Acreate_packages", {}, body)

    found = Recogniser(vas_purchase).recognise(call)

    assert found is not None
    assert (found.saga_id, found.step, found.role) == ("saga-7", "create_packages", Role.CALLBACK)
    assert told_by(vas_purchase, found, body) == "refused"
    assert told_by(vas_purchase, found, {"key": found.key, "result": "refused"}) is None
    assert outcome_of(vas_purchase, found, 204, None) == "done"
    assert outcome_of(vas_purchase, found, 500, None) == "unknown"


@pytest.mark.parametrize("headers", [{"saga-id": "saga-7", "saga-step": "apply_vas"}, {}], ids=["with headers", "by its body"])
def test_a_notification_of_the_owner_is_recognised_and_its_event_told(vas_purchase: Saga, headers: dict[str, str]) -> None:
    body = {"saga_id": "saga-7", "saga": "vas_purchase", "step": "apply_vas", "event": "compensation_failed"}

    found = Recogniser(vas_purchase).recognise(Incoming("vas_owner", "POST", "/saga-events", headers, body))

    assert found is not None
    assert (found.saga_id, found.step, found.role) == ("saga-7", "apply_vas", Role.NOTIFICATION)
    assert told_by(vas_purchase, found, body) == "compensation_failed"
    assert outcome_of(vas_purchase, found, 204, None) == "done"


@pytest.mark.parametrize(
    ("target", "method", "path", "headers", "body"),
    [
        ("billing", "GET", "/health", {}, None),
        ("billing", "POST", "/reservations", {}, RESERVATION),
        ("billing", "POST", "/reservations", CORRELATED | {"saga-step": "nobody"}, RESERVATION),
        ("billing", "POST", "/reservations", CORRELATED, {"something": "else"}),
        ("notifications", "POST", "/reservations", CORRELATED, RESERVATION),
        ("billing", "POST", "/reservations", CORRELATED | {"saga-step": "apply_vas"}, RESERVATION),
        ("saga_service", "POST", "/callbacks/no-key", {}, {}),
        ("saga_service", "POST", "/sagas", {}, {}),
    ],
    ids=[
        "health",
        "no key anywhere",
        "unknown step",
        "other body",
        "other participant",
        "a step of another participant",
        "callback without a key",
        "creation",
    ],
)
def test_what_is_no_call_of_the_saga_is_not_recognised(
    vas_purchase: Saga, target: str, method: str, path: str, headers: dict[str, str], body: Any
) -> None:
    assert seen(vas_purchase, target, method, path, headers, body) is None


def test_two_steps_at_one_participant_with_the_same_calls_are_told_apart_by_the_header(saga_of: Any) -> None:
    saga = saga_of({"step": "first"}, {"step": "second", "after": ("first",)})
    path, body = "/users/u/vas-operations/saga-7%3Asecond", {"package": "p", "order_id": "o"}

    assert seen(saga, "user_service", "PUT", path, {"saga-id": "saga-7", "saga-step": "second"}, body) == (
        "saga-7",
        "second",
        Role.FORWARD,
    )
    assert seen(saga, "user_service", "PUT", path, {}, body) == ("saga-7", "second", Role.FORWARD)


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "outcome"),
    [
        ("POST", "/reservations", 201, {"state": "reserved", "reservation_id": "r"}, "done"),
        ("POST", "/reservations", 422, {"error": "insufficient_funds"}, "refused"),
        ("POST", "/reservations", 503, None, "retryable"),
        ("POST", "/reservations/cancel", 404, None, "unknown"),
        ("GET", "/reservations/status", 200, {"state": "absent"}, "absent"),
        ("GET", "/accounts/a", 200, {}, None),
    ],
)
def test_a_reply_is_read_as_the_saga_file_declares(
    vas_purchase: Saga, method: str, path: str, status: int, body: Any, outcome: str | None
) -> None:
    sent = RESERVATION if path == "/reservations" else None
    found = Recogniser(vas_purchase).recognise(Incoming("billing", method, path, CORRELATED, sent))

    assert found is not None
    assert outcome_of(vas_purchase, found, status, body) == outcome


def test_the_saga_service_goes_by_the_name_of_the_orchestrator_or_of_who_makes_the_calls(vas_purchase: Saga) -> None:
    assert service_name(vas_purchase) == "saga_service"
    assert service_name(vas_purchase.model_copy(update={"orchestrator": None, "executes_as": None})) == "vas_owner"
