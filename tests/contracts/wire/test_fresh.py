"""Fresh values have the form of the example and fit the payload's schema; another payload leaves key and path as they are."""

import random
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare import schemas
from saga_contracts.declare.saga import Payload, Saga, Step
from saga_contracts.wire import fresh

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def payload(example: dict[str, Any], *names: str, **properties: Any) -> Payload:
    schema = {"type": "object", "properties": properties}
    return Payload.model_validate({"schema": schema, "example": example, "fresh": names})


def made(one: Payload, seed: int = 7) -> dict[str, Any]:
    return fresh.fresh_payload(one, random.Random(seed))


@pytest.mark.parametrize(
    ("example", "properties", "form"),
    [
        (
            "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
            {"format": "uuid"},
            r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
        ),
        ("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", {}, r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),
        ("account-1", {}, r"account-1-[0-9a-f]{12}"),
        ("4929123412341234", {}, r"[0-9]{16}"),
        ("42", {}, r"[0-9]{12}"),
        ("DE-1234-X", {"pattern": "^[A-Z]{2}-[0-9]{4}-[A-Z]$"}, r"[A-Z]{2}-[0-9]{4}-[A-Z]"),
        ("ABC123", {"maxLength": 6}, r".{1,6}"),
        ("ab", {"pattern": "^[a-f]{20,24}$", "minLength": 2}, r"[a-f]{20,24}"),
        ("ann@shop.example", {"format": "email"}, r"ann-[0-9a-f]{12}@shop\.example"),
        ("2026-01-31", {"format": "date"}, r"\d{4}-\d{2}-\d{2}"),
        ("192.168.0.1", {"format": "ipv4"}, r"10(\.\d+){3}"),
        ("::1", {"format": "ipv6"}, r"fd00::[0-9a-f:]+"),
        ("12:30:00Z", {"format": "time"}, r"\d{2}:\d{2}:\d{2}\.\d+Z"),
        ("P3D", {"format": "duration"}, r"PT\d+S"),
        ("shop.example.com", {"format": "hostname"}, r"shop\.example\.com-[0-9a-f]+"),
    ],
)
def test_a_fresh_text_has_the_form_of_its_example(example: str, properties: dict[str, Any], form: str) -> None:
    one = payload({"field": example}, "field", field={"type": "string", **properties})

    value = made(one)["field"]

    assert value != example
    assert re.fullmatch(form, value), value
    assert schemas.faults_of(one.json_schema, {"field": value}) == []
    assert made(one, 8)["field"] != value


def test_numbers_and_nested_fields_can_be_fresh() -> None:
    one = payload(
        {"order": {"number": 17, "id": "o-1"}, "price": 5},
        "order.number",
        "order.id",
        order={"type": "object", "properties": {"number": {"type": "integer", "minimum": 10, "maximum": 10**9, "multipleOf": 5}}},
    )

    value = made(one)

    assert value["price"] == 5
    assert value["order"]["number"] % 5 == 0
    assert 10 <= value["order"]["number"] <= 10**9
    assert value["order"]["id"].startswith("o-1-")
    assert one.example["order"] == {"number": 17, "id": "o-1"}  # the example itself stays as it is


@pytest.mark.parametrize(
    ("example", "properties", "why"),
    [
        (True, {}, "neither a text nor a number"),
        ("a", {"enum": ["a", "b"]}, "allows only 2 values"),
        (3, {"type": "integer", "minimum": 1, "maximum": 9}, "allows only 9 values"),
        ("x", {"const": "x"}, "allows only 1 values"),
        ("ab", {"not": {"type": "string"}, "default": 1}, "no other value"),
    ],
)
def test_a_field_without_fresh_values_is_told(example: Any, properties: dict[str, Any], why: str) -> None:
    one = payload({"field": example}, "field", field=properties)

    (found,) = fresh.without_values(one)

    assert found[0] == 0
    assert why in found[1]


def test_another_payload_changes_neither_path_nor_key(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a", key="natural", key_fields=["order_id"])
    one["forward"]["request"] = {"method": "PUT", "path": "/orders/{payload.order_id}", "body": {"amount": "{payload.amount}"}}
    for role in ("compensate", "status"):
        one[role]["request"] = {"method": "POST", "path": "/orders/{payload.order_id}/" + role}
    saga = make_saga(one)

    other = fresh.other_payload(saga.payload, saga.step("a"), saga.payload.example, random.Random(1))

    assert other is not None
    assert other["order_id"] == saga.payload.example["order_id"]
    assert other["amount"] != saga.payload.example["amount"]


def test_a_call_that_holds_nothing_but_its_key_cannot_be_misused(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    one["forward"]["request"].pop("body", None)
    saga = make_saga(one)

    assert not fresh.can_be_misused(saga.payload, saga.step("a"))


@given(st.uuids(), st.integers())
@settings(max_examples=times(30), deadline=None)
def test_every_seed_gives_a_payload_that_fits(example: uuid.UUID, seed: int) -> None:
    one = payload({"id": str(example), "n": 7}, "id", "n", id={"format": "uuid"}, n={"type": "integer", "minimum": 0})

    value = fresh.fresh_payload(one, random.Random(seed))

    assert schemas.faults_of(one.json_schema, value) == []
    assert value["id"] != str(example)


def test_the_other_payload_of_a_misused_key_is_not_the_one_that_the_step_refuses() -> None:
    payload = Payload.model_validate(
        {"schema": {"properties": {"kind": {"enum": ["small", "large", "huge"]}}}, "example": {"kind": "small"}}
    )
    forward = {
        "request": {"method": "POST", "path": "/", "body": {"kind": "{payload.kind}"}},
        "replies": {"done": {"status": 200}},
    }
    step = Step.model_validate(
        {"step": "a", "participant": "p", "class": "pivot", "given": {"refusing_payload": {"kind": "large"}}, "forward": forward}
    )
    assert fresh.other_payload(payload, step, payload.example, random.Random(1)) == {"kind": "huge"}
