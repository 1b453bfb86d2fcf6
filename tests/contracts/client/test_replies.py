"""What a reply means: declared replies first, then HTTP's own meaning, and nothing is guessed."""

from typing import Any

import pytest

from saga_contracts.client import Saga
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import ForwardReplies, Reply, Step
from saga_contracts.wire.bodies import body_of
from saga_contracts.wire.replies import (
    FORWARD,
    Received,
    callback_outcome,
    compensate_outcome,
    declared_names,
    fits,
    forward_outcome,
    status_outcome,
)

CONTEXT = {"payload": {"user": "u-1"}, "key": "s-1:mail"}
BOOKED = {"state": "booked", "id": "b-7", "user": "u-1"}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (201, BOOKED, Outcome.DONE),
        (201, BOOKED | {"more": 1}, Outcome.DONE),
        (200, {"state": "booked", "id": "b-7"}, Outcome.DONE),
        (422, {"error": "full"}, Outcome.REFUSED),
        (422, {"error": "key_reused"}, Outcome.MISUSED),
        (409, {"error": "cancelled"}, Outcome.SUSPENDED),
        (420, {"error": "busy"}, Outcome.RETRYABLE),
        (408, None, Outcome.RETRYABLE),
        (425, None, Outcome.RETRYABLE),
        (429, None, Outcome.RETRYABLE),
        (500, None, Outcome.RETRYABLE),
        (503, {"state": "booked"}, Outcome.RETRYABLE),
        (201, BOOKED | {"user": "another"}, Outcome.UNKNOWN),
        (201, {"state": "booked", "user": "u-1"}, Outcome.UNKNOWN),
        (201, None, Outcome.UNKNOWN),
        (422, {"error": "other"}, Outcome.UNKNOWN),
        (422, None, Outcome.UNKNOWN),
        (409, {"error": "another"}, Outcome.UNKNOWN),
        (404, None, Outcome.UNKNOWN),
        (302, None, Outcome.UNKNOWN),
        (204, None, Outcome.UNKNOWN),
    ],
)
def test_a_forward_reply_has_exactly_the_declared_meaning(saga: Saga, status: int, body: Any, outcome: Outcome) -> None:
    assert forward_outcome(saga.step("book"), Received(status, body), CONTEXT) == outcome


def test_status_422_means_misuse_when_no_misuse_is_declared(saga: Saga) -> None:
    assert forward_outcome(saga.step("mail"), Received(422, {"anything": 1}), CONTEXT) == Outcome.MISUSED


def test_a_declared_reply_counts_before_the_meaning_of_its_status(definition: dict[str, Any]) -> None:
    definition["steps"][0]["forward"]["replies"]["refused"] = {"status": 503, "body": {"error": "closed_for_good"}}
    step = Saga.model_validate(definition).step("book")
    assert forward_outcome(step, Received(503, {"error": "closed_for_good"}), CONTEXT) == Outcome.REFUSED
    assert forward_outcome(step, Received(503, {"error": "overload"}), CONTEXT) == Outcome.RETRYABLE


def test_of_two_fitting_replies_the_one_that_declares_more_counts(saga: Saga) -> None:
    step = saga.step("book")
    assert status_outcome(step, Received(200, {"state": "booked"})) == State.APPLIED
    assert status_outcome(step, Received(200, {"state": "being booked"})) == State.IN_PROGRESS


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"state": "cancelled"}, Outcome.DONE),
        (404, {"error": "unknown"}, Outcome.DONE),
        (409, {"error": "too_late"}, Outcome.IMPOSSIBLE),
        (500, None, Outcome.RETRYABLE),
        (404, {"error": "no such route"}, Outcome.UNKNOWN),
        (200, None, Outcome.UNKNOWN),
    ],
)
def test_a_compensating_reply_has_exactly_the_declared_meaning(saga: Saga, status: int, body: Any, outcome: Outcome) -> None:
    assert compensate_outcome(saga.step("book"), Received(status, body), CONTEXT) == outcome


@pytest.mark.parametrize("status", [404, 500, 429, 401, 204])
def test_a_failing_status_call_is_never_read_as_absent(saga: Saga, status: int) -> None:
    assert status_outcome(saga.step("book"), Received(status, None)) in (Outcome.RETRYABLE, Outcome.UNKNOWN)


def test_absent_is_what_the_saga_file_declares_as_absent(saga: Saga) -> None:
    assert status_outcome(saga.step("book"), Received(404, {"error": "unknown"})) == State.ABSENT


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"key": "s-1:mail", "outcome": "sent", "at": 12}, Outcome.DONE),
        ({"key": "s-1:mail", "outcome": "bounced"}, Outcome.REFUSED),
        ({"key": "s-2:mail", "outcome": "sent"}, None),
        ({"key": "s-1:mail", "outcome": "lost"}, None),
        ("sent", None),
    ],
)
def test_a_callback_tells_its_declared_outcome_or_nothing(saga: Saga, body: Any, outcome: Outcome | None) -> None:
    assert callback_outcome(saga.step("mail"), body, CONTEXT) == outcome


@pytest.mark.parametrize(
    ("declared", "body", "reason"),
    [
        ({"a": 1}, {"a": 2}, "The field `a` is 2 instead of 1."),
        ({"a": 1}, {}, "The field `a` is missing."),
        ({"a": 1}, [], "The body is [] instead of an object."),
        ({"a": 1}, {"a": True}, "The field `a` is true instead of 1."),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "The field `a.b` is [1] instead of a list of 2."),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "The field `a.b.1` is 3 instead of 2."),
        ({"a": {"$like": "x"}}, {"a": 1}, "The field `a` is 1 instead of a value of type string."),
        ({"a": {"$like": {"b": [{"c": 1}]}}}, {"a": {"b": [{"c": 9}, {}]}}, "The field `a.b.1.c` is missing."),
        ({"a": {"$like": {"b": {"$like": 1}}}}, {"a": {"b": "x"}}, 'The field `a.b` is "x" instead of a value of type number.'),
        ({"a": "{payload.user}"}, {"a": "x"}, 'The field `a` is "x" instead of "u-1".'),
        ({"a": {"$like": 1}}, {"a": 2.5}, None),
        ({"a": {"$like": []}}, {"a": [1, "x"]}, None),
        ({"a": None}, {"a": None}, None),
        (None, {"a": 1}, None),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(declared: Any, body: Any, reason: str | None) -> None:
    assert fits(Reply(status=200, body=declared), Received(200, body), CONTEXT) == reason


@pytest.mark.parametrize(
    ("declared", "found", "does"),
    [
        ("text/plain", "text/plain", True),
        ("text/plain", "Text/Plain;charset=UTF-8", True),
        ("text/plain", "text/html", False),
        ("text/plain;charset=utf-8", "text/plain", False),
        ("text/plain;charset=utf-8", 'text/plain; format=flowed; charset="UTF-8"', True),
    ],
)
def test_a_media_type_without_parameters_takes_any(declared: str, found: str, *, does: bool) -> None:
    reply = Reply(status=200, headers={"Content-Type": declared})
    assert (fits(reply, Received(200, None, {"content-type": found})) is None) is does


def test_another_status_never_fits() -> None:
    assert fits(Reply(status=200), Received(201, None)) == "The status is 201 instead of 200."


def test_without_a_context_a_templated_text_fits_anything_and_the_rest_is_still_compared() -> None:
    reply = Reply(status=200, body={"user": "{payload.user}", "state": "on"})
    assert fits(reply, Received(200, {"user": 7, "state": "on"})) is None
    assert fits(reply, Received(200, {"user": 7, "state": "off"})) == 'The field `state` is "off" instead of "on".'


def test_a_step_without_the_call_cannot_be_asked_for_its_outcome(saga: Saga) -> None:
    step: Step = saga.step("mail")
    with pytest.raises(ValueError, match="declares no compensation"):
        compensate_outcome(step, Received(200, None))
    with pytest.raises(ValueError, match="declares no status call"):
        status_outcome(step, Received(200, None))


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b'{"id": Infinity}', b"[1e999]", b"[" * 100_000])
def test_what_is_no_json_is_no_body(text: bytes) -> None:
    assert body_of(text) is None


def test_a_body_is_read_as_it_stands() -> None:
    assert body_of(b'{"id": 1.5, "name": "\\u00e9"}') == {"id": 1.5, "name": "é"}


def test_a_literal_reply_wins_over_one_by_type_however_much_that_asks_for() -> None:
    broad = {"state": {"$like": "held"}, "id": {"$like": 1}, "more": {"deep": {"$like": "x"}}}
    replies = ForwardReplies(done=Reply(status=200, body=broad), refused=Reply(status=200, body={"state": "refused"}))
    came = Received(200, {"state": "refused", "id": 5, "more": {"deep": "y"}})

    assert declared_names(replies, FORWARD, came) == ("refused",)
    assert declared_names(replies, FORWARD, Received(200, {"state": "held", "id": 5, "more": {"deep": "y"}})) == ("done",)


def test_a_declared_header_tells_replies_apart() -> None:
    replies = ForwardReplies(done=Reply(status=200), refused=Reply(status=200, headers={"X-Outcome": "refused"}))

    assert declared_names(replies, FORWARD, Received(200, None, {"x-outcome": "refused"})) == ("refused",)
    assert declared_names(replies, FORWARD, Received(200, None, {"x-outcome": "fine"})) == ("done",)


def test_replies_that_look_alike_may_both_be_meant() -> None:
    replies = ForwardReplies(done=Reply(status=200), done_again=Reply(status=200), misused=Reply(status=422))

    assert declared_names(replies, FORWARD, Received(200)) == ("done", "done_again")
