"""Pact's own verifier sends what the client sent, with the examples and with fresh values, from a pact that was made here."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import pytest
from pact import Verifier

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.exercise.served import interactions
from saga_contracts.rim.server import Answer, LoopbackServer, Received, as_json

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]

FRESH = {"stepKey": "saga-2:a", "sagaId": "saga-2", "callbackUrl": "http://127.0.0.1:1/"}


@pytest.fixture
def pact(make_step: Make, make_saga: MakeSaga, tmp_path: Path) -> Callable[[str], Path]:
    """Writes the pact of a step with a value in its path, its query and a header."""

    def make(text: str) -> Path:
        one = make_step("a")
        one["forward"]["request"] |= {"path": "/orders/{payload.order_id}/x", "query": {"q": "{payload.order_id}"}}
        payload = {"schema": {"type": "object"}, "example": {"order_id": text, "amount": 5}, "fresh": ["order_id"]}
        saga = make_saga(one, payload=payload)
        file = tmp_path / "pact.json"
        file.write_text(json.dumps(interactions.document(saga, cases.derive(saga)[0])), encoding="utf-8")
        return file

    return make


class Participant:
    """Takes state changes, and keeps the calls of the verifier."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.calls: list[Received] = []

    def __call__(self, call: Received) -> Answer:
        if call.path == "/_states":
            return as_json(200, self.values)
        self.calls.append(call)
        echo = (("Saga-Id", "saga-2"), ("Saga-Step", "a"), ("Content-Type", "application/json"))
        return Answer(201, echo, b'{"state": "made", "id": "id-7"}')


@pytest.fixture
def participant() -> Participant:
    return Participant()


@pytest.fixture
def url(participant: Participant) -> Iterator[str]:
    with LoopbackServer(participant) as server:
        yield server.base_url


def verify(pact: Path, url: str) -> None:
    verifier = Verifier("a_service", host="127.0.0.1").add_transport(url=url).add_source(str(pact))
    verifier.state_handler(f"{url}/_states", body=True, teardown=False).verify()


@pytest.mark.parametrize(("example", "fresh"), [("order-1", "order-2"), ("a b/ü%:", "c d/é%%20?"), ("a+b", "c+d")])
def test_a_fresh_value_arrives_as_it_is(
    pact: Callable[[str], Path], participant: Participant, url: str, example: str, fresh: str
) -> None:
    participant.values = {**FRESH, "order_id": fresh, "order_idInPath": quote(fresh, safe="")}
    verify(pact(example), url)
    (call,) = participant.calls
    assert [unquote(segment) for segment in call.path.split("/")] == ["", "orders", fresh, "x"]
    assert parse_qs(call.query) == {"q": [fresh]}
    assert json.loads(call.body) == {"order": fresh}


@pytest.mark.parametrize("example", ["a b", "a/b", "müßig", "50%", "a%20b", "a:b", "a?b#c"])
def test_an_example_arrives_as_it_is_where_nothing_fresh_is_given(
    pact: Callable[[str], Path], participant: Participant, url: str, example: str
) -> None:
    file = pact(example)
    document = json.loads(file.read_text(encoding="utf-8"))
    del document["interactions"][0]["request"]["generators"]
    file.write_text(json.dumps(document), encoding="utf-8")
    verify(file, url)
    (call,) = participant.calls
    assert [unquote(segment) for segment in call.path.split("/")] == ["", "orders", example, "x"]
