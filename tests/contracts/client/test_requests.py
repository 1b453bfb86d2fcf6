"""Which HTTP request a declared call becomes: no payload changes the resource that is addressed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from saga_contracts.client import Saga, StepCall, StepClient, UnsendableError, UsageError


def test_a_forward_call_is_sent_as_declared(saga: Saga, call: StepCall, participant: Callable[..., Any], booked: Any) -> None:
    hotel = participant(booked)
    with StepClient(saga, {"hotel": hotel.url + "/"}) as client:
        client.forward("book", call)
    [request] = hotel.requests
    assert (request.method, request.path) == ("POST", "/users/u-1/bookings?vip=true&note=%3Cn%3E")
    assert request.body == {"nights": 2, "ref": "s-1/book"}
    assert request.headers["idempotency-key"] == "s-1:book"
    assert request.headers["saga-id"] == "s-1"
    assert request.headers["saga-step"] == "book"
    assert request.headers["content-type"] == "application/json"


def test_the_saga_file_names_the_correlation_headers(
    definition: dict[str, Any], call: StepCall, participant: Callable[..., Any]
) -> None:
    hotel = participant({"status": 404, "body": {"error": "unknown"}})
    saga = Saga.model_validate(definition | {"correlation": {"saga_id": "X-Saga", "step": "X-Step"}})
    with StepClient(saga, {"hotel": hotel.url}) as client:
        client.status("book", call)
    assert (hotel.requests[0].headers["x-saga"], hotel.requests[0].headers["x-step"]) == ("s-1", "book")


@pytest.mark.parametrize(
    ("user", "path"),
    [
        ("a/b", "/users/a%2Fb/bookings"),
        ("..", "/users/%2E%2E/bookings"),
        (".", "/users/%2E/bookings"),
        ("../../admin?x=1#y", "/users/..%2F..%2Fadmin%3Fx%3D1%23y/bookings"),
        ("50%41", "/users/50%2541/bookings"),
        ("ümlaut zwei", "/users/%C3%BCmlaut%20zwei/bookings"),
        (17, "/users/17/bookings"),
        ("a:b@c", "/users/a:b@c/bookings"),
    ],
)
def test_a_value_in_the_path_stays_one_segment(
    saga: Saga, call: StepCall, participant: Callable[..., Any], user: Any, path: str
) -> None:
    hotel = participant({"status": 422})
    with StepClient(saga, {"hotel": hotel.url}) as client:
        client.attempt_forward("book", replace(call, payload={**call.payload, "user": user}))
    assert hotel.requests[0].path.partition("?")[0] == path


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"user": ""}, "A value in the path is empty"),
        ({"note": "a\r\nX-Evil: 1"}, "header X-Note has control characters"),
    ],
)
def test_values_that_cannot_be_sent_are_refused_before_anything_is_sent(
    saga: Saga, call: StepCall, participant: Callable[..., Any], values: dict[str, str], reason: str
) -> None:
    hotel = participant({})
    with StepClient(saga, {"hotel": hotel.url}) as client, pytest.raises(UnsendableError, match=reason):
        client.forward("book", replace(call, payload={**call.payload, **values}))
    assert hotel.requests == []


def test_a_missing_value_is_named(saga: Saga, call: StepCall, participant: Callable[..., Any]) -> None:
    post = participant({"status": 202})
    with StepClient(saga, {"mail": post.url}) as client, pytest.raises(UnsendableError, match=r"outputs\.book\.booking_id"):
        client.forward("mail", call)


def test_outputs_of_earlier_steps_and_the_callback_address_are_sent(
    saga: Saga, call: StepCall, participant: Callable[..., Any]
) -> None:
    post = participant({"status": 202})
    with StepClient(saga, {"mail": post.url}) as client:
        result = client.forward(
            "mail", replace(call, outputs={"book": {"booking_id": "b-7"}}, callback_url="http://me/callbacks/1")
        )
    assert post.requests[0].path == "/mails/s-1:mail"
    assert post.requests[0].body == {"booking": "b-7", "tell": "http://me/callbacks/1"}
    assert result.outcome == "in_progress"


def test_a_header_value_may_hold_any_letters(saga: Saga, call: StepCall, participant: Callable[..., Any], booked: Any) -> None:
    hotel = participant(booked)
    with StepClient(saga, {"hotel": hotel.url}) as client:
        client.forward("book", replace(call, payload={**call.payload, "note": "Größe"}))
    assert hotel.requests[0].headers["x-note"].encode("latin-1").decode() == "Größe"


def test_wrong_use_says_what_is_known(saga: Saga, call: StepCall) -> None:
    with pytest.raises(UsageError, match="The address of hotel is not usable"):
        StepClient(saga, {"hotel": "127.0.0.1:80"})
    with StepClient(saga, {"mail": "http://127.0.0.1:9"}) as client:
        with pytest.raises(UsageError, match=r"has no step 'bok'. Its steps: book, mail"):
            client.forward("bok", call)
        with pytest.raises(UsageError, match="declares no compensation"):
            client.compensate("mail", call)
        with pytest.raises(UsageError, match="declares no status call"):
            client.status("mail", call)
        with pytest.raises(UnsendableError, match=r"no address of hotel \(known: mail\)"):
            client.forward("book", call)
