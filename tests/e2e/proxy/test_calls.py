from collections.abc import Mapping
from typing import Any

import pytest

from saga_contracts.declare.saga import Request, Saga
from saga_contracts.wire.replies import Received
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.calls import Recognised, Recogniser, Unrecognised, service_name
from saga_e2e.proxy.meanings import outcome_of, told_by
from saga_e2e.proxy.shapes import Incoming

CORRELATED = {"saga-id": "saga-7", "saga-step": "reserve_money"}
KEYED = CORRELATED | {"idempotency-key": "saga-7:reserve_money"}
RESERVATION = {"account_id": "a", "order_id": "o", "amount_minor": 1}


def seen(saga: Saga, target: str, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None) -> Any:
    found = Recogniser(saga).recognise(Incoming(target, method, path, headers or {}, body))
    return (found.saga_id, found.step, found.role) if isinstance(found, Recognised) and not found.differs else found


def test_a_call_is_recognised_by_its_correlation_headers_and_the_declared_method_and_path(vas_purchase: Saga) -> None:
    assert seen(vas_purchase, "billing", "POST", "/reservations", KEYED, RESERVATION) == (
        "saga-7",
        "reserve_money",
        Role.FORWARD,
    )
    assert seen(vas_purchase, "billing", "POST", "/reservations/cancel", KEYED) == (
        "saga-7",
        "reserve_money",
        Role.COMPENSATE,
    )
    assert seen(vas_purchase, "billing", "GET", "/reservations/status", KEYED) == (
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

    assert found == Recognised("saga-7", "create_packages", Role.CALLBACK, "saga-7:create_packages")
    assert told_by(vas_purchase, found.step, found.role, body) == "refused"
    assert told_by(vas_purchase, found.step, found.role, {"key": found.key, "result": "refused"}) is None
    assert outcome_of(vas_purchase, found.step, found.role, Received(204, None)) == "done"
    assert outcome_of(vas_purchase, found.step, found.role, Received(404, None)) == "unknown"
    assert outcome_of(vas_purchase, found.step, found.role, Received(500, None)) == "retryable"


@pytest.mark.parametrize("headers", [{"saga-id": "saga-7", "saga-step": "apply_vas"}, {}], ids=["with headers", "by its body"])
def test_a_notification_of_the_owner_is_recognised_and_its_event_told(vas_purchase: Saga, headers: dict[str, str]) -> None:
    body = {"saga_id": "saga-7", "saga": "vas_purchase", "step": "apply_vas", "event": "compensation_failed"}

    found = Recogniser(vas_purchase).recognise(Incoming("vas_owner", "POST", "/saga-events", headers, body))

    assert found == Recognised("saga-7", "apply_vas", Role.NOTIFICATION, "saga-7:apply_vas")
    assert told_by(vas_purchase, found.step, found.role, body) == "compensation_failed"
    assert outcome_of(vas_purchase, found.step, found.role, Received(204, None)) == "done"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health"), ("HEAD", "/healthz/"), ("GET", "/actuator/info"), ("GET", "/internal/metrics"), ("GET", "/own/alive")],
)
def test_a_look_at_health_or_metrics_is_no_call_of_the_saga(vas_purchase: Saga, method: str, path: str) -> None:
    recogniser = Recogniser(vas_purchase, {"billing": "/own/alive"})

    assert recogniser.recognise(Incoming("billing", method, path, CORRELATED, None)) is None


@pytest.mark.parametrize(
    ("target", "method", "path", "headers", "body", "says"),
    [
        ("billing", "POST", "/health", {}, None, "The path is /health instead of"),
        ("billing", "POST", "/reservations", {}, RESERVATION, "Neither its headers Saga-Id and Saga-Step nor"),
        ("billing", "POST", "/reservations", CORRELATED | {"saga-step": "nobody"}, RESERVATION, "nor its step key say"),
        ("billing", "POST", "/reservations", CORRELATED | {"saga-step": "apply_vas"}, RESERVATION, "of this step"),
        ("billing", "POST", "/reservation", CORRELATED, RESERVATION, "The path is /reservation instead of /reservations."),
        ("billing", "PATCH", "/reservations", CORRELATED, RESERVATION, "The method is PATCH instead of POST."),
        ("notifications", "POST", "/reservations", CORRELATED, RESERVATION, "nearest to the forward call of notify"),
        ("saga_service", "POST", "/callbacks/no-key", {}, {}, "the callback of create_packages"),
        ("saga_service", "POST", "/callbacks/saga-7:apply_vas", {}, {}, "the callback of create_packages"),
        ("nobody", "GET", "/", {}, None, "No call to nobody is declared."),
    ],
)
def test_a_call_that_is_not_declared_says_what_it_comes_nearest_to(
    vas_purchase: Saga, target: str, method: str, path: str, headers: dict[str, str], body: Any, says: str
) -> None:
    keyed = headers | ({"idempotency-key": "saga-7:reserve_money"} if headers == CORRELATED else {})

    found = seen(vas_purchase, target, method, path, keyed, body)

    assert isinstance(found, Unrecognised)
    assert says in found.differs


@pytest.mark.parametrize(
    ("headers", "body", "differs"),
    [
        ({"idempotency-key": "k"}, {"something": "else"}, "The field `account_id` is missing."),
        ({"idempotency-key": "k"}, None, "The body is null instead of an object."),
        ({}, RESERVATION, "The header Idempotency-Key is missing."),
    ],
)
def test_a_call_at_the_place_of_one_declared_call_is_taken_for_it_and_what_differs_is_said(
    vas_purchase: Saga, headers: dict[str, str], body: Any, differs: str
) -> None:
    found = seen(vas_purchase, "billing", "POST", "/reservations", CORRELATED | headers, body)

    assert found == Recognised("saga-7", "reserve_money", Role.FORWARD, "saga-7:reserve_money", differs)


def test_saga_and_step_that_stand_apart_in_the_query_tell_both_without_correlation(vas_purchase: Saga) -> None:
    step = vas_purchase.step("apply_vas")
    pair = {"gid": "{saga_id}", "branch": "{step}"}
    do = Request(method="POST", path="/vas/{outputs.reserve-money.id}", query=pair, body=None)
    changed = step.model_copy(update={"forward": step.forward.model_copy(update={"request": do}), "key": "pair"})
    saga = vas_purchase.model_copy(update={"steps": (changed,)})

    call = Incoming("user_service", "POST", "/vas/7", {}, None, (("gid", "saga-7"), ("branch", "apply_vas")))

    found = Recogniser(saga).recognise(call)
    assert isinstance(found, Recognised)
    assert (found.saga_id, found.step, found.role, found.differs) == ("saga-7", "apply_vas", Role.FORWARD, "")


def test_query_parameters_tell_calls_apart(vas_purchase: Saga) -> None:
    step = vas_purchase.step("reserve_money")
    assert step.compensate is not None
    undo = Request(method="POST", path="/reservations", query={"act": "undo", "key": "{key}"})
    do = step.forward.request.model_copy(update={"query": {"act": "do"}, "body": None})
    changed = step.model_copy(
        update={
            "forward": step.forward.model_copy(update={"request": do}),
            "compensate": step.compensate.model_copy(update={"request": undo}),
        }
    )
    recogniser = Recogniser(vas_purchase.model_copy(update={"steps": (changed,)}))

    def role(*query: tuple[str, str]) -> Any:
        headers = CORRELATED | {"idempotency-key": "k"}
        found = recogniser.recognise(Incoming("billing", "POST", "/reservations", headers, None, query))
        return found.role if isinstance(found, Recognised) else found

    assert role(("act", "do")) == Role.FORWARD
    assert role(("key", "saga-7:reserve_money"), ("act", "undo")) == Role.COMPENSATE
    assert isinstance(role(("act", "do"), ("force", "1")), Unrecognised)
    assert isinstance(role(("act", "do"), ("act", "do")), Unrecognised)


@pytest.mark.parametrize("path", ["/users/%C3%BC/vas-operations/a%3Aapply_vas", "/users/a%20b%2Fc/vas-operations/a:apply_vas"])
def test_a_path_is_compared_decoded(vas_purchase: Saga, path: str) -> None:
    assert seen(vas_purchase, "user_service", "GET", path) == ("a", "apply_vas", Role.STATUS)


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

    assert isinstance(found, Recognised)
    assert outcome_of(vas_purchase, found.step, found.role, Received(status, body)) == outcome


def test_the_saga_service_goes_by_the_name_of_the_orchestrator_or_of_who_makes_the_calls(vas_purchase: Saga) -> None:
    assert service_name(vas_purchase) == "saga_service"
    assert service_name(vas_purchase.model_copy(update={"orchestrator": None, "executes_as": None})) == "vas_owner"
