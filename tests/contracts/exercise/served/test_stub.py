"""The stub participant: what it answers, what it keeps, how it measures silence, and how it explains a call."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive.client_cases import Answer
from saga_contracts.exercise.served import stub
from saga_contracts.exercise.served.calls import difference
from saga_contracts.exercise.served.expected import Expected, expected_call
from saga_contracts.exercise.served.stub import Script, Stub
from saga_contracts.rim.server import Received

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
Serve = Callable[..., Any]


@pytest.fixture
def expected(make_step: Make, make_saga: MakeSaga) -> Expected:
    saga = make_saga(make_step("a"))
    return expected_call(saga, "a", saga.step("a").forward.request)


@pytest.fixture
def serve(expected: Expected) -> Serve:
    @contextmanager
    def serving(*answers: Reply | Answer, timeout_s: float = 1.0, last: int = 200) -> Iterator[Stub]:
        with stub.serve(Script(answers, {"key": "k"}, {"Saga-Id": "s"}, timeout_s, Reply(status=last)), expected) as served:
            yield served

    return serving


def get(url: str, timeout_s: float = PATIENCE_S) -> int:
    return httpx.get(url, trust_env=False, timeout=timeout_s).status_code


def test_it_answers_in_turn_and_keeps_what_came(serve: Serve) -> None:
    declared = Reply(status=201, body={"id": {"$like": "{key}"}}, headers={"X-Key": "{key}"})
    with serve(Reply(status=503), declared) as served:
        first = httpx.post(f"{served.url}/a%20b?x=1", json={"n": 1}, trust_env=False)
        second = httpx.post(f"{served.url}/a", trust_env=False)
    assert (first.status_code, second.status_code, second.json()) == (503, 201, {"id": "k"})
    assert (second.headers["saga-id"], second.headers["x-key"]) == ("s", "k")
    call = served.calls[0]
    assert (call.method, call.path, call.query, call.body) == ("POST", "/a%20b", "x=1", b'{"n":1}')


def test_strangers_that_look_for_another_server_are_not_taken_for_the_client(serve: Serve) -> None:
    with serve(Reply(status=200)) as served:
        assert get(f"{served.url}/health") == 404
        assert get(f"{served.url}/a") == 200
    assert [call.path for call in served.calls] == ["/a"]


def test_a_client_that_has_to_call_where_strangers_look_is_taken_for_the_client(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["forward"]["request"]["path"] = "/health"
    saga = make_saga(one)
    script = Script((Reply(status=200),), {}, {}, 1.0, Reply(status=200))
    with stub.serve(script, expected_call(saga, "a", saga.step("a").forward.request)) as served:
        assert get(f"{served.url}/health") == 200
    assert [call.path for call in served.calls] == ["/health"]


@pytest.mark.parametrize(
    ("answer", "error", "patience_s"),
    [(Answer.DROP, httpx.RemoteProtocolError, PATIENCE_S), (Answer.SILENCE, httpx.ReadTimeout, 0.2)],
)
def test_it_can_be_silent_and_can_drop(serve: Serve, answer: Answer, error: type[Exception], patience_s: float) -> None:
    with serve(answer) as served, pytest.raises(error):
        get(served.url, patience_s)
    assert len(served.calls) == 1
    assert served.outlasted_s == 0


def test_silence_that_nobody_ends_ends_by_itself_and_is_measured(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub, "PATIENCE_S", 0.1)
    with serve(Answer.SILENCE, timeout_s=0.1) as served, pytest.raises(httpx.RemoteProtocolError):
        get(served.url)
    assert served.outlasted_s == pytest.approx(0.3)


def test_a_client_that_calls_for_ever_is_given_a_reply_that_ends_its_loop(serve: Serve) -> None:
    statuses: list[int] = []
    with serve(Reply(status=503), last=201) as served:
        while not statuses or statuses[-1] != 201:
            statuses.append(get(served.url))
    assert len(served.calls) == len(statuses) < 20


def test_calls_that_come_at_once_are_all_kept(serve: Serve) -> None:
    with serve(Reply(status=200)) as served:
        threads = [threading.Thread(target=get, args=(served.url,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(served.calls) == 8


def test_a_call_whose_target_is_not_encoded_is_kept_and_told(serve: Serve) -> None:
    with serve(Reply(status=200)) as served:
        assert get(f"{served.url}/a%") == 400
    assert len(served.calls) == 1
    assert "send it as %25" in served.fault


HEADERS = {"Idempotency-Key": "saga-1:a", "Saga-Id": "saga-1", "saga-step": "a"}
RIGHT: dict[str, Any] = {"method": "POST", "path": "/a", "query": "", "headers": HEADERS, "body": b'{"order": "order-1"}'}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({}, None),
        ({"method": "PUT"}, "PUT /a instead of POST /a"),
        ({"path": "/b"}, "POST /b instead"),
        ({"query": "x=2"}, "query"),
        ({"headers": HEADERS | {"Idempotency-Key": "x"}}, "header Idempotency-Key is 'x' instead of 'saga-1:a'"),
        ({"headers": {}}, "header Idempotency-Key is None"),
        ({"body": b'{"order": 1}'}, "body"),
        ({"body": b"order"}, 'body is "order" instead of'),
        ({"body": b""}, "body is null instead of"),
    ],
)
def test_a_call_that_is_not_as_declared_is_explained(change: dict[str, Any], part: str | None, expected: Expected) -> None:
    call = RIGHT | change
    found = difference(Received(**call | {"headers": httpx.Headers(call["headers"])}), expected)
    assert found is None if part is None else part in (found or "")


@pytest.mark.parametrize(
    ("content_type", "declared", "sent", "same"),
    [
        ("text/xml", "<a>1</a>", b"<a>1</a>", True),
        ("text/xml", "<a>1</a>", b'"<a>1</a>"', False),
        ("application/x-www-form-urlencoded", {"a": 1, "b": "x y"}, b"b=x%20y&a=1", True),
        ("application/x-www-form-urlencoded", {"a": 1, "b": "x y"}, b"b=x%20y&a=2", False),
        ("application/vnd.x+json", {"a": 1}, b'{"a":1.0}', True),
        ("application/json", {"a": 1}, b'{"a":true}', False),
    ],
)
def test_a_body_is_compared_by_its_media_type(
    make_step: Make,
    make_saga: MakeSaga,
    content_type: str,
    declared: Any,
    sent: bytes,
    same: bool,  # noqa: FBT001
) -> None:
    one = make_step("a")
    one["forward"]["request"] |= {"headers": {"Content-Type": content_type, "Idempotency-Key": "{key}"}, "body": declared}
    saga = make_saga(one)
    headers = httpx.Headers(HEADERS | {"Content-Type": content_type})
    found = difference(Received("POST", "/a", "", headers, sent), expected_call(saga, "a", saga.step("a").forward.request))
    assert (found is None) is same
