"""A stand-in made from a saga file answers as the file says, remembers, and says what it does not know."""

import json
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.examples import example_context
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_contracts.stand_in.book import Book
from saga_contracts.stand_in.doubts import doubts
from saga_contracts.stand_in.participant import NotServedError, Participant, Said
from saga_contracts.stand_in.right import Right
from saga_contracts.wire.matching import Heard, heard_of
from saga_contracts.wire.requests import StepCall, step_request
from small_participant import SAGA


class Caller:
    """Calls a stand-in of a saga's steps as its orchestrator would, without a network."""

    def __init__(self, saga: Saga, *names: str) -> None:
        self.saga = saga
        steps = [saga.step(name) for name in names] or list(saga.steps)
        self.participant = Participant([Right(step_slice(saga, one.step)) for one in steps], Book())
        self.first = steps[0].step

    def call(self, role: str, *, step: str = "", saga_id: str = "saga-1", **payload: Any) -> Said:
        name = step or self.first
        declared = self.saga.step(name)
        context = example_context(self.saga, declared)
        sent = StepCall(saga_id, {**self.saga.payload.example, **payload}, context["outputs"], "http://127.0.0.1:9/cb")
        return self.participant.hear(heard_of(step_request(self.saga, declared, getattr(declared, role).request, sent, "")))

    def read(self, **payload: Any) -> Any:
        return json.loads(self.call("probe", **payload).body)

    def told(self, **more: Any) -> Any:
        said = self.call("status", **more)
        return said.status, json.loads(said.body or b"null")


@pytest.fixture
def small() -> Caller:
    caller = Caller(parse_saga(SAGA, "small.yaml"), "take")
    caller.participant.set_up("stock", {"item": "item-1", "left": 3})
    return caller


def test_the_same_call_has_one_effect_and_the_same_output(small: Caller) -> None:
    first, again = (small.call("forward") for _ in range(2))
    assert (first.status, again.status) == (201, 200)
    assert json.loads(first.body)["ticket"] == json.loads(again.body)["ticket"] != "t-1"
    assert json.loads(small.call("forward", saga_id="saga-2", item="item-2").body)["ticket"] != json.loads(first.body)["ticket"]
    assert small.read() == {"left": 0}


def test_a_refusal_stays_when_the_precondition_has_become_true(small: Caller) -> None:
    small.participant.set_up("stock", {"item": "item-1", "left": 0})
    assert small.call("forward").status == 422
    small.participant.set_up("stock", {"item": "item-1", "left": 3})
    assert json.loads(small.call("forward").body) == {"error": "sold_out"}
    assert small.told() == (200, {"state": "refused"})
    assert small.read() == {"left": 3}


def test_the_precondition_of_one_item_is_not_that_of_another(small: Caller) -> None:
    small.participant.set_up("stock", {"item": "item-2", "left": 0})
    assert small.call("forward").status == 201
    assert small.call("forward", saga_id="saga-2", item="item-2").status == 422
    assert (small.read(), small.read(item="item-2")) == ({"left": 0}, {"left": 0})


def test_a_compensation_that_comes_first_is_remembered(small: Caller) -> None:
    assert small.told() == (404, None)
    assert small.call("compensate").status == 200
    assert small.told() == (200, {"state": "back"})
    assert small.call("forward").status == 409
    assert small.read() == {"left": 3}


def test_another_payload_under_the_same_key_is_refused_and_changes_nothing(small: Caller) -> None:
    small.call("forward")
    assert json.loads(small.call("forward", amount=4).body) == {"error": "misused"}
    assert small.read() == {"left": 0}
    assert small.told() == (200, {"state": "taken"})


def test_a_new_precondition_is_a_world_without_the_effect(small: Caller) -> None:
    small.call("forward")
    small.participant.set_up("stock", {"item": "item-1", "left": 3})
    assert small.read() == {"left": 3}


def test_every_reply_gives_back_the_correlation_and_none_where_none_was_sent(small: Caller) -> None:
    for role in ("forward", "compensate", "status", "probe"):
        assert dict(small.call(role).headers).items() >= {"Saga-Id": "saga-1", "Saga-Step": "take"}.items()
    said = small.participant.hear(Heard("GET", "/items/item-1"))
    assert "Saga-Id" not in said.headers


def test_a_call_that_is_not_declared_is_not_found_and_the_declared_ones_are_named(small: Caller) -> None:
    with pytest.raises(NotServedError, match=r"POST /elsewhere is none of the declared calls.*POST /take") as error:
        small.participant.hear(Heard("POST", "/elsewhere"))
    assert error.value.status == 404


def test_a_call_of_a_step_that_is_not_served_is_not_found(small: Caller) -> None:
    with pytest.raises(NotServedError, match="none of the declared calls"):
        small.participant.hear(
            Heard("POST", "/take", (), {"key": "saga-1:take", "saga-step": "ship"}, b'{"item": "i", "amount": 1}')
        )


def test_a_state_that_is_not_declared_is_not_found_and_the_declared_ones_are_named(small: Caller) -> None:
    with pytest.raises(NotServedError, match=r"declares no state 'rain'.*'stock'"):
        small.participant.set_up("rain", {})


def test_steps_at_one_participant_are_told_apart_by_the_correlation(vas: Saga) -> None:
    calls = Caller(vas)
    assert [calls.call("forward", step=step.step).status for step in vas.steps] == [201, 201, 202, 201]


def test_a_status_call_and_a_probe_at_one_address_are_answered_together() -> None:
    both = {"method": "GET", "path": "/things/{payload.order_id}", "headers": {"Key": "{key}"}}
    saga = parse_saga(json.dumps(made(status_request=both, probe_request=both)), "one.json")
    caller = Caller(saga)
    assert caller.told() == (404, {"count": 0})
    caller.call("forward")
    assert caller.told() == (200, {"state": "made", "count": 1})


def made(**requests: Any) -> dict[str, Any]:
    """Give a saga of one step without preconditions, with a status call and a probe."""
    key = {"Key": "{key}"}
    step = {
        "step": "make",
        "participant": "maker",
        "class": "retriable",
        "forward": {
            "request": {"method": "POST", "path": "/things", "headers": key, "body": {"order": "{payload.order_id}"}},
            "replies": {"done": {"status": 201, "body": {"order": "{payload.order_id}"}}},
        },
        "status": {
            "request": requests.get("status_request", {"method": "GET", "path": "/status", "headers": key}),
            "replies": {"applied": {"status": 200, "body": {"state": "made"}}, "absent": {"status": 404}},
        },
        "probe": {
            "request": requests.get("probe_request", {"method": "GET", "path": "/things/{payload.order_id}"}),
            "reads": {"before": {"count": 0}, "applied": {"count": 1}},
        },
    }
    payload = {"schema": {"type": "object"}, "example": {"order_id": "o-1"}, "fresh": ["order_id"]}
    return {"format": 1, "saga": "making", "owner": "shop", "payload": payload, "steps": [step]}


def test_a_reply_holds_the_values_of_its_own_call() -> None:
    caller = Caller(parse_saga(json.dumps(made()), "one.json"))
    assert json.loads(caller.call("forward", order_id="o-7").body) == {"order": "o-7"}


def test_what_cannot_be_derived_is_said_before_the_first_call(vas: Saga) -> None:
    assert [*doubts([step_slice(vas, "reserve_money")])] == []
    keyless = made()
    keyless["steps"][0] |= {"key": "none"}
    keyless["correlation"] = "none"
    for role in ("forward", "status"):
        keyless["steps"][0][role]["request"].pop("headers")
    [doubt] = doubts([step_slice(parse_saga(json.dumps(keyless), "one.json"), "make")])
    assert doubt == "make has no key, and its calls share no value: every saga meets the effects of the others."
