"""A participant knows by the declared requests which of its calls came."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import random_sagas
from saga_contracts.declare import templates
from saga_contracts.declare.saga import Request, Saga
from saga_contracts.derive.examples import example_context
from saga_contracts.wire.matching import Declared, Heard, bound, heard_of, meant, names_found
from saga_contracts.wire.requests import StepCall, step_request
from saga_contracts.wire.unfilling import as_context


def declared(role: str = "forward", step: str = "one", **request: Any) -> Declared:
    return Declared(step, role, Request(**{"method": "POST", "path": "/x", **request}), {"payload": {"n": 5, "id": "a"}})


def heard(
    method: str = "POST",
    path: str = "/x",
    content: bytes = b"",
    query: tuple[tuple[str, str], ...] = (),
    headers: dict[str, str] | None = None,
) -> Heard:
    return Heard(method, path, query, headers or {}, content)


@given(saga=random_sagas.sagas(), where=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_every_call_that_is_sent_is_recognised_with_the_values_that_it_was_made_from(saga: Saga, where: int) -> None:
    step = saga.steps[where % len(saga.steps)]
    context = example_context(saga, step)
    calls = [
        Declared(step.step, role, getattr(step, role).request, context)
        for role in ("forward", "compensate", "status")
        if getattr(step, role)
    ]
    call = calls[where % len(calls)]
    sent = StepCall(context["saga_id"], context["payload"], context["outputs"], context["callback_url"])
    [(found, values)] = meant(calls, heard_of(step_request(saga, step, call.request, sent, "")))
    assert found == call
    known = as_context(values)
    for name in names_found(call.request) - {"step"}:
        assert templates.look_up(name, known) == templates.look_up(name, context), name


def test_the_more_literal_path_is_meant() -> None:
    calls = [declared("status", method="GET", path="/orders/{key}"), declared("probe", method="GET", path="/orders/all")]
    assert [call.role for call, _ in meant(calls, heard("GET", "/orders/all"))] == ["probe"]
    assert [call.role for call, _ in meant(calls, heard("GET", "/orders/7"))] == ["status"]


def test_of_two_calls_at_one_address_the_one_is_meant_that_asks_for_more() -> None:
    calls = [declared("compensate", body={"key": "{key}"}), declared("forward", body={"key": "{key}", "n": "{payload.n}"})]
    assert [call.role for call, _ in meant(calls, heard(content=b'{"key": "k", "n": 3}'))] == ["forward"]
    assert [call.role for call, _ in meant(calls, heard(content=b'{"key": "k"}'))] == ["compensate"]


def test_calls_that_look_the_same_are_all_given() -> None:
    calls = [declared("forward", body={"key": "{key}"}), declared("compensate", body={"key": "{key}"})]
    assert [call.role for call, _ in meant(calls, heard(content=b'{"key": "k"}'))] == ["forward", "compensate"]


def test_a_value_in_the_path_is_one_part_of_it_however_it_is_encoded() -> None:
    call = declared(path="/a%20b/{payload.id}/c")
    assert bound(call, heard(path="/a%20b/x%2Fy%20%C3%BC/c")) == {"payload.id": "x/y ü", "step": "one"}
    assert bound(call, heard(path="/a b/x/c")) == {"payload.id": "x", "step": "one"}
    assert bound(call, heard(path="/a%20b/x/y/c")) is None


def test_numbers_in_path_query_and_header_come_back_as_numbers() -> None:
    call = declared(query={"n": "{payload.n}"}, headers={"X-N": "no {payload.n}"})
    assert bound(call, heard(query=(("n", "7"),), headers={"x-n": "no 7"})) == {"payload.n": 7, "step": "one"}
    assert bound(call, heard(query=(("n", "7"),), headers={"x-n": "no 8"})) is None


def test_forms_and_texts_are_read_by_their_media_type() -> None:
    form = declared(headers={"Content-Type": "application/x-www-form-urlencoded"}, body={"id": "{payload.id}", "n": 1})
    assert bound(form, heard(content=b"id=a%26b&n=1&more=2")) == {"payload.id": "a&b", "step": "one"}
    assert bound(form, heard(content=b"id=a&n=2")) is None
    text = declared(headers={"Content-Type": "text/xml"}, body="<id>{payload.id}</id>")
    assert bound(text, heard(content="<id>ü</id>".encode())) == {"payload.id": "ü", "step": "one"}
    assert bound(text, heard(content=b"<no/>")) is None


def test_what_lacks_a_declared_part_is_another_call() -> None:
    call = declared(query={"q": "1"}, headers={"X": "{key}"}, body={"a": 1})
    whole = heard(content=b'{"a": 1, "more": 2}', query=(("q", "1"),), headers={"x": "k"})
    assert bound(call, whole) == {"key": "k", "step": "one"}
    assert bound(call, replace(whole, content=b'{"a": 2}')) is None
    assert bound(call, replace(whole, content=b"no json")) is None
    assert bound(call, replace(whole, headers={})) is None
    assert bound(call, replace(whole, query=())) is None
    assert bound(call, replace(whole, method="PUT")) is None


def test_the_step_in_a_template_is_the_step_of_the_call() -> None:
    assert bound(declared(path="/{step}"), heard(path="/one")) == {"step": "one"}
    assert bound(declared(path="/{step}"), heard(path="/two")) is None
