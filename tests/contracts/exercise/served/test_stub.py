"""The stub participant: what it answers, what it keeps, how it measures silence, and how it explains a call."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from saga_contracts.declare.saga import Reply, Saga
from saga_contracts.derive.client_cases import Answer
from saga_contracts.exercise.served import stub
from saga_contracts.exercise.served.expected import expected_call
from saga_contracts.exercise.served.server import Call
from saga_contracts.exercise.served.stub import Script

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


def test_it_answers_in_turn_and_keeps_what_came() -> None:
    answers = (Reply(status=503), Reply(status=201, body={"id": {"$like": "{key}"}}))
    with stub.serve(Script(answers, {"key": "k"}, {"Saga-Id": "s"})) as served:
        first = httpx.post(f"{served.url}/a%20b?x=1", json={"n": 1}, trust_env=False)
        second = httpx.post(f"{served.url}/a", trust_env=False)
    assert (first.status_code, second.status_code, second.json()) == (503, 201, {"id": "k"})
    assert second.headers["saga-id"] == "s"
    call = served.calls[0]
    assert (call.method, call.path, call.query, call.body) == ("POST", "/a%20b", "x=1", b'{"n":1}')


def test_strangers_that_look_for_another_server_are_not_taken_for_the_client() -> None:
    with stub.serve(Script((Reply(status=200),), {}, {})) as served:
        assert httpx.get(f"{served.url}/health", trust_env=False).status_code == 404
        assert httpx.get(f"{served.url}/a", trust_env=False).status_code == 200
    assert [call.path for call in served.calls] == ["/a"]


def test_a_client_that_has_to_call_where_strangers_look_is_taken_for_the_client() -> None:
    with stub.serve(Script((Reply(status=200),), {}, {}, path="/health")) as served:
        assert httpx.get(f"{served.url}/health", trust_env=False).status_code == 200
    assert [call.path for call in served.calls] == ["/health"]


@pytest.mark.parametrize(("answer", "error"), [(Answer.DROP, httpx.RemoteProtocolError), (Answer.SILENCE, httpx.ReadTimeout)])
def test_it_can_be_silent_and_can_drop(answer: Answer, error: type[Exception]) -> None:
    with stub.serve(Script((answer,), {}, {})) as served, pytest.raises(error):
        httpx.get(served.url, timeout=0.2, trust_env=False)
    assert len(served.calls) == 1
    assert served.outlasted_s == 0


def test_silence_that_nobody_ends_ends_by_itself_and_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub, "PATIENCE_S", 0.1)
    with stub.serve(Script((Answer.SILENCE,), {}, {}, timeout_s=0.1)) as served, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(served.url, timeout=60, trust_env=False)
    assert served.outlasted_s == pytest.approx(0.3)


def test_a_client_that_calls_for_ever_is_given_a_reply_that_ends_its_loop() -> None:
    statuses: list[int] = []
    with stub.serve(Script((Reply(status=503),), {}, {}, last=Reply(status=201))) as served:
        while not statuses or statuses[-1] != 201:
            statuses.append(httpx.get(served.url, trust_env=False).status_code)
    assert len(served.calls) == len(statuses) < 20


def test_two_calls_at_once_are_both_kept() -> None:
    with stub.serve(Script((Reply(status=200),), {}, {})) as served:
        threads = [threading.Thread(target=httpx.get, args=(served.url,), kwargs={"trust_env": False}) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(served.calls) == 8


RIGHT = Call("POST", "/a", (("Idempotency-Key", "saga-1:a"), ("Saga-Id", "saga-1"), ("saga-step", "a")), b'{"order": "order-1"}')


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (RIGHT, None),
        (Call("PUT", "/a", RIGHT.headers, RIGHT.body), "PUT /a instead of POST /a"),
        (Call("POST", "/b", RIGHT.headers, RIGHT.body), "POST /b instead"),
        (Call("POST", "/a?x=2", RIGHT.headers, RIGHT.body), "query"),
        (Call("POST", "/a", RIGHT.headers[1:], RIGHT.body), "header Idempotency-Key is None"),
        (Call("POST", "/a", RIGHT.headers, b'{"order": 1}'), "body"),
        (Call("POST", "/a", RIGHT.headers, b"order"), "body"),
        (Call("POST", "/a%", RIGHT.headers, RIGHT.body), "%25"),
        (Call("", "", fault="It is no HTTP request."), "no HTTP request"),
    ],
)
def test_a_call_that_is_not_as_declared_is_explained(call: Call, part: str | None, make_step: Make, make_saga: MakeSaga) -> None:
    saga = make_saga(make_step("a"))
    difference = stub.difference(call, expected_call(saga, "a", saga.step("a").forward.request))
    assert difference is None if part is None else part in (difference or "")
