"""The harness's server for state changes and messages."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from saga_verifier.states import MAX_BODY, StateServer


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def test_a_state_change_reaches_the_function_and_its_values_come_back(server: Any, states: Any, http: httpx.Client) -> None:
    states.values = {"id": 7}
    change = {"state": "an account", "params": {"balance": 5}, "action": "setup", "consumer": "orders"}
    reply = http.post(server.url, json=change)
    assert (reply.status_code, reply.json()) == (200, {"id": 7})
    assert states.changes == [("an account", {"balance": 5}, "setup")]


def test_parameters_and_action_may_be_left_out(server: Any, states: Any, http: httpx.Client) -> None:
    assert http.post(server.url, json={"state": "s", "params": None}).status_code == 200
    assert states.changes == [("s", {}, "setup")]


def test_the_empty_state_asks_nobody(server: Any, states: Any, http: httpx.Client) -> None:
    states.values = {"id": 7}
    reply = http.post(server.url, json={"state": "", "params": {}, "action": "setup"})
    assert (reply.status_code, reply.json(), states.changes) == (200, {}, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"[]", 400),
        (b'{"state": 5}', 400),
        (b'{"state": "s", "params": []}', 400),
        (b'{"state": "s", "action": "else"}', 400),
        (b"x" * (MAX_BODY + 1), 413),
    ],
)
def test_what_is_no_state_change_is_refused(server: Any, states: Any, http: httpx.Client, body: bytes, status: int) -> None:
    try:
        assert http.post(server.url, content=body).status_code == status
    except httpx.TransportError:  # the server need not read what is too large
        assert status == 413
    assert states.changes == []


def test_an_error_of_the_function_is_never_a_server_error(server: Any, states: Any, http: httpx.Client) -> None:
    states.trouble = ValueError("no such state")
    reply = http.post(server.url, json={"state": "s"})
    assert (reply.status_code, reply.json()) == (422, {"error": "no such state"})


def test_an_answer_that_is_not_json_is_never_a_server_error(server: Any, states: Any, http: httpx.Client) -> None:
    states.values = {"id": object()}
    assert http.post(server.url, json={"state": "s"}).status_code == 422


def test_a_message_is_given(server: Any, states: Any, http: httpx.Client) -> None:
    states.sent = ({"a": 1}, {"topic": "t"})
    assert http.post(server.message_url, json={}).json() == {"contents": {"a": 1}, "metadata": {"topic": "t"}}


def test_without_a_function_for_messages_there_is_no_address(states: Any, http: httpx.Client) -> None:
    with StateServer(states.handle) as server:
        assert server.message_url is None
        assert http.post(server.base_url + "/message", json={}).status_code == 404
        assert server.base_url.startswith("http://127.0.0.1:")


def test_after_its_end_nobody_listens(states: Any, http: httpx.Client) -> None:
    with StateServer(states.handle) as server:
        pass
    with pytest.raises(httpx.ConnectError):
        http.post(server.url, json={"state": "s"})
