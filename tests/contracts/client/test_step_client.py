"""Tries, time-outs and lost replies, the same for both clients, against a real HTTP server."""

import asyncio
import json
import random
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from own_ca import ca_file, serving
from raw_server import dribbling, speaking
from saga_contracts.client import AsyncStepClient, Backoff, Saga, StepCall, StepClient
from saga_contracts.rim.sender import MAX_BODY_BYTES

FULL = {"status": 422, "body": {"error": "full"}}
DROP = {"drop": True}
QUICK = Backoff(first_s=0.001)

Run = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, definition: dict[str, Any]) -> Run:
    """Makes one call with either client: `run(url, "forward", step, call)`, under the definition as the test left it."""

    def with_sync(url: str, method: str, *args: Any) -> Any:
        with StepClient(Saga.model_validate(definition), {"hotel": url, "travel": url}, backoff=QUICK) as client:
            return getattr(client, method)(*args)

    def with_async(url: str, method: str, *args: Any) -> Any:
        async def inside() -> Any:
            async with AsyncStepClient(Saga.model_validate(definition), {"hotel": url, "travel": url}, backoff=QUICK) as client:
                return await getattr(client, method)(*args)

        return asyncio.run(inside())

    return with_sync if request.param == "sync" else with_async


def test_a_clear_answer_needs_one_try(run: Run, call: StepCall, participant: Callable[..., Any], booked: Any) -> None:
    hotel = participant(booked)
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.status, result.tries, result.uncertain) == ("done", 201, 1, False)
    assert result.outputs == {"booking_id": "b-7"}
    assert result.body == booked["body"]


def test_a_lost_reply_is_tried_again_with_the_same_key(
    run: Run, call: StepCall, participant: Callable[..., Any], booked: Any
) -> None:
    hotel = participant(DROP, booked | {"status": 200})
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.tries, result.uncertain) == ("done", 2, True)
    assert [request.headers["idempotency-key"] for request in hotel.requests] == ["s-1:book", "s-1:book"]
    assert hotel.requests[0].body == hotel.requests[1].body


def test_an_answer_that_comes_too_late_is_no_answer(
    run: Run, definition: dict[str, Any], call: StepCall, participant: Callable[..., Any], booked: Any
) -> None:
    definition["steps"][0] |= {"timeout_ms": 300, "tries": 9}
    hotel = participant(booked | {"after_s": 60.0}, booked)
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.tries >= 2, result.uncertain) == ("done", True, True)


def test_a_body_that_drips_in_is_cut_off_when_the_time_is_over(
    run: Run, definition: dict[str, Any], call: StepCall, participant: Callable[..., Any], booked: Any
) -> None:
    definition["steps"][0] |= {"timeout_ms": 500, "tries": 1}
    hotel = participant(booked | {"drip_s": 1.0})
    began = time.monotonic()
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.status, result.uncertain) == ("retryable", None, True)
    assert time.monotonic() - began < len(json.dumps(booked["body"])) / 2  # it takes as many seconds as it has letters


def test_headers_that_drip_in_are_cut_off_when_the_time_is_over(run: Run, definition: dict[str, Any], call: StepCall) -> None:
    definition["steps"][0] |= {"timeout_ms": 500, "tries": 1}
    with speaking(dribbling(b"HTTP/1.1 201 Created\r\nX: " + 200 * b"x", 0.2)) as port:
        began = time.monotonic()
        result = run(f"http://127.0.0.1:{port}", "forward", "book", call)
        assert time.monotonic() - began < 0.2 * 200
    assert (result.outcome, result.status, result.uncertain) == ("retryable", None, True)


def test_the_ca_file_of_the_environment_counts_for_this_machine_too(
    run: Run, call: StepCall, booked: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = json.dumps(booked["body"]).encode()
    said = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file(tmp_path)))
    with speaking(lambda connection: connection.sendall(said), serving(tmp_path)) as port:
        assert run(f"https://localhost:{port}", "forward", "book", call).outcome == "done"


def test_an_answer_cut_off_in_its_body_is_no_answer(
    run: Run, call: StepCall, participant: Callable[..., Any], booked: Any
) -> None:
    hotel = participant(booked | {"cut": True}, booked)
    assert run(hotel.url, "forward", "book", call).tries == 2


def test_server_errors_are_tried_again(run: Run, call: StepCall, participant: Callable[..., Any], booked: Any) -> None:
    hotel = participant({"status": 503}, {"status": 500, "raw": b"<html>"}, booked)
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.tries, result.uncertain) == ("done", 3, True)


def test_after_the_last_try_the_step_is_uncertain(run: Run, call: StepCall, participant: Callable[..., Any]) -> None:
    hotel = participant(DROP)
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.status, result.tries, result.uncertain) == ("retryable", None, 3, True)
    assert len(hotel.requests) == 3


def test_nobody_at_the_address_is_no_answer(run: Run, call: StepCall) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        result = run(f"http://127.0.0.1:{bound.getsockname()[1]}", "forward", "book", call)
    assert (result.outcome, result.status, result.tries, result.uncertain) == ("retryable", None, 3, True)


@pytest.mark.parametrize(("error", "outcome"), [("full", "refused"), ("key_reused", "misused")])
def test_a_refusal_is_not_tried_again(
    run: Run, call: StepCall, participant: Callable[..., Any], error: str, outcome: str
) -> None:
    hotel = participant({"status": 422, "body": {"error": error}})
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.tries, result.uncertain) == (outcome, 1, False)


def test_a_refusal_after_a_lost_reply_is_uncertain(run: Run, call: StepCall, participant: Callable[..., Any]) -> None:
    result = run(participant(DROP, FULL).url, "forward", "book", call)
    assert (result.outcome, result.tries, result.uncertain) == ("refused", 2, True)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 201, "raw": b"booked!"},
        {"status": 201, "raw": b"\xff\xfe{"},
        {"status": 201, "raw": b"[" * 100_000},
        {"status": 201, "raw": b'"' + b"x" * (MAX_BODY_BYTES + 1) + b'"'},
        {"status": 201, "raw": b"no gzip", "headers": {"Content-Encoding": "gzip"}},
        {"status": 302, "headers": {"Location": "/"}},
    ],
    ids=["text", "no UTF-8", "nested too deep", "too long", "wrong encoding", "redirect"],
)
def test_an_answer_that_is_not_understood_is_unknown_and_not_tried_again(
    run: Run, call: StepCall, participant: Callable[..., Any], answer: Any
) -> None:
    hotel = participant(answer)
    result = run(hotel.url, "forward", "book", call)
    assert (result.outcome, result.body, result.tries, result.uncertain) == ("unknown", None, 1, True)


def test_done_without_a_declared_output_is_unknown(
    definition: dict[str, Any], call: StepCall, participant: Callable[..., Any]
) -> None:
    definition["steps"][0]["forward"]["replies"]["done"] = {"status": 201}
    with StepClient(Saga.model_validate(definition), {"hotel": participant({"status": 201, "body": {}}).url}) as client:
        result = client.forward("book", call)
    assert (result.outcome, result.outputs, result.uncertain) == ("unknown", {}, True)


@pytest.mark.parametrize("method", ["attempt_forward", "attempt_compensate", "attempt_status"])
def test_an_attempt_is_exactly_one_try(run: Run, call: StepCall, participant: Callable[..., Any], method: str) -> None:
    hotel = participant({"status": 503})
    result = run(hotel.url, method, "book", call)
    assert (result.outcome, result.tries, result.uncertain, result.worth_retrying) == ("retryable", 1, True, True)
    assert len(hotel.requests) == 1


def test_a_compensation_is_tried_until_it_is_done(run: Run, call: StepCall, participant: Callable[..., Any]) -> None:
    hotel = participant(DROP, {"status": 503}, {"status": 404, "body": {"error": "unknown"}})
    result = run(hotel.url, "compensate", "book", call)
    assert (result.outcome, result.tries) == ("done", 3)
    assert {request.headers["idempotency-key"] for request in hotel.requests} == {"s-1:book"}


@pytest.mark.parametrize("answer", [DROP, {"status": 503}, {"status": 404}, {"status": 404, "raw": b"not found"}])
def test_a_failing_status_call_is_never_absent(run: Run, call: StepCall, participant: Callable[..., Any], answer: Any) -> None:
    assert run(participant(answer).url, "status", "book", call).outcome in ("retryable", "unknown")


def test_a_status_call_tells_absent_when_the_participant_says_so(
    run: Run, call: StepCall, participant: Callable[..., Any]
) -> None:
    hotel = participant(DROP, {"status": 404, "body": {"error": "unknown"}})
    assert run(hotel.url, "status", "book", call).outcome == "absent"


def test_the_owner_is_told_once_and_says_whether_it_was_taken(run: Run, call: StepCall, participant: Callable[..., Any]) -> None:
    owner = participant(DROP, {"status": 204})
    assert run(owner.url, "attempt_notification", "book", "compensation_failed", call) is False
    assert run(owner.url, "attempt_notification", "book", "compensation_failed", call) is True
    assert owner.requests[1].body == {"saga": "s-1", "what": "book compensation_failed"}


def test_pauses_double_up_to_the_bound_and_never_follow_the_last_try(
    saga: Saga, call: StepCall, participant: Callable[..., Any]
) -> None:
    pauses: list[float] = []
    backoff = Backoff(first_s=1.0, bound_s=1.5, chance=lambda: 1.0)
    url = participant({"status": 503}).url
    with StepClient(saga, {"hotel": url}, backoff=backoff, sleep=pauses.append) as client:
        client.forward("book", call)
    assert pauses == [1.0, 1.5]
    assert Backoff(first_s=1.0, chance=lambda: 0.0).pause_s(1) == 0.5
    assert Backoff(bound_s=9.0, chance=lambda: 1.0).pause_s(100_000) == 9.0


def test_pauses_are_those_of_the_file_where_it_says_so_for_forward_call_and_compensation_apart(
    definition: dict[str, Any], call: StepCall, participant: Callable[..., Any]
) -> None:
    pauses: list[float] = []
    step = definition["steps"][0]
    step |= {"tries": 4, "backoff": {"first_ms": 1000, "factor": 3, "longest_ms": 5000}}
    step["compensate"] |= {"tries": 2, "backoff": {"first_ms": 50_000}}
    url = participant({"status": 503}).url
    with StepClient(Saga.model_validate(definition), {"hotel": url}, backoff=QUICK, sleep=pauses.append) as client:
        client.forward("book", call)
        client.compensate("book", call)
    longest = [1.0, 3.0, 5.0, 50.0]
    assert len(pauses) == len(longest)
    assert all(most / 2 <= pause <= most for most, pause in zip(longest, pauses, strict=True))


def test_a_reply_that_asks_for_a_longer_pause_is_given_it_and_no_more_than_a_minute(
    saga: Saga, call: StepCall, participant: Callable[..., Any]
) -> None:
    pauses: list[float] = []
    backoff = Backoff(first_s=1.0, bound_s=1.5, chance=lambda: 1.0)
    asking = [{"status": 503, "headers": {"Retry-After": text}} for text in ("7", "100000")]
    with StepClient(saga, {"hotel": participant(*asking, {"status": 503}).url}, backoff=backoff, sleep=pauses.append) as client:
        client.forward("book", call)
    assert pauses == [7.0, 60.0]


def test_nothing_of_the_payload_is_logged(
    run: Run, call: StepCall, participant: Callable[..., Any], booked: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="saga_contracts")
    secret = replace(call, payload={**call.payload, "note": "canary-77"})
    run(participant(DROP, booked).url, "forward", "book", secret)
    assert not [record for record in caplog.records if record.name.startswith("saga_contracts")]


def test_waits_leave_the_chance_of_whoever_has_seeded_it_alone() -> None:
    before = random.getstate()
    waits = {Backoff().pause_s(1) for _ in range(20)}
    assert len(waits) > 1
    assert random.getstate() == before
