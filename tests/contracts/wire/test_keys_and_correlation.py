"""Keys are written in the form that a participant takes; correlation is sent and given back as declared, no more is asked."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.declare.saga import Correlation, Saga
from saga_contracts.derive import adoption
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.sagafile import SagaFileError
from saga_contracts.wire import correlation
from saga_contracts.wire.keys import key_of, saga_of
from saga_contracts.wire.requests import StepCall, step_request

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
CONTEXT = {"saga_id": "s-1", "step": "pay", "key": "s-1:pay"}


@pytest.mark.parametrize(
    ("form", "key"),
    [
        (None, "s-1:a"),
        ("{saga_id}-{step}", "s-1-a"),
        ('"{saga_id}.{step}"', '"s-1.a"'),
        ("{{{saga_id}}}{step}", "{s-1}a"),
    ],
)
def test_a_key_has_the_declared_form_and_tells_its_saga(make_step: Make, make_saga: MakeSaga, form: str | None, key: str) -> None:
    step = make_saga(make_step("a", **({"key_form": form} if form else {}))).step("a")

    assert key_of(step, "s-1") == key
    assert saga_of(step, key) == "s-1"
    assert saga_of(step, "something") is None


def test_a_key_may_be_a_uuid_that_is_the_same_in_every_try(make_step: Make, make_saga: MakeSaga) -> None:
    step = make_saga(make_step("a", key_form="uuid")).step("a")

    assert str(uuid.UUID(key_of(step, "s-1"))) == key_of(step, "s-1") == key_of(step, "s-1")
    assert key_of(step, "s-1") != key_of(step, "s-2")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("{saga_id}", "the step `b` at maker would share it"),
        ("{step}", "two sagas would share it"),
        ("{saga_id}{step}{payload.x}", "not known"),
    ],
)
def test_a_form_that_is_no_key_is_a_fault(make_step: Make, make_saga: MakeSaga, form: str, reason: str) -> None:
    with pytest.raises(SagaFileError, match=reason):
        make_saga(*(make_step(name, participant="maker", key_form=form) for name in ("a", "b")))


def test_a_form_need_not_hold_the_step_where_no_other_step_has_the_same_key(make_step: Make, make_saga: MakeSaga) -> None:
    for other in ({"participant": "other", "key_form": "{saga_id}"}, {"participant": "maker", "key_form": "{saga_id}-b"}):
        saga = make_saga(make_step("a", participant="maker", key_form="{saga_id}"), make_step("b", **other))
        assert key_of(saga.step("a"), "s-1") == "s-1"


@pytest.mark.parametrize(
    ("declared", "sent", "echoed"),
    [
        ({}, {"Saga-Id": "s-1", "Saga-Step": "pay"}, {"Saga-Id": "s-1", "Saga-Step": "pay"}),
        ({"saga_id": "X-Trace"}, {"X-Trace": "s-1", "Saga-Step": "pay"}, {"X-Trace": "s-1", "Saga-Step": "pay"}),
        ("none", {}, {}),
        ({"headers": {"X-Trace": "{saga_id}/{step}"}}, {"X-Trace": "s-1/pay"}, {"X-Trace": "s-1/pay"}),
        ({"echo": "none"}, {"Saga-Id": "s-1", "Saga-Step": "pay"}, {}),
        ({"echo": {"headers": {"Request-Id": "{key}"}}}, {"Saga-Id": "s-1", "Saga-Step": "pay"}, {"Request-Id": "s-1:pay"}),
    ],
)
def test_correlation_is_sent_and_given_back_as_declared(declared: Any, sent: Any, echoed: Any) -> None:
    found = Correlation.model_validate(declared)

    assert correlation.sent(found, CONTEXT) == sent
    assert correlation.echoed(found, CONTEXT) == echoed
    lower = {name.lower(): value for name, value in echoed.items()}
    assert list(correlation.unechoed(found, lower, None, CONTEXT)) == []


def test_correlation_may_be_given_back_in_the_body() -> None:
    found = Correlation.model_validate({"echo": {"body": {"/meta/saga": "{saga_id}"}}})

    assert list(correlation.unechoed(found, {}, {"meta": {"saga": "s-1"}}, CONTEXT)) == []
    assert "instead of 's-1'" in next(correlation.unechoed(found, {}, {"meta": {}}, CONTEXT))


def test_what_is_not_declared_is_not_asked(make_step: Make, make_saga: MakeSaga) -> None:
    saga = make_saga(make_step("a"), correlation="none")
    slice_ = step_slice(saga, "a")

    assert "O31" not in adoption.asked(slice_)
    assert StepSlice.model_validate(slice_.as_json()).correlation.sent == {}
    built = step_request(saga, saga.step("a"), saga.step("a").forward.request, StepCall("s-1", saga.payload.example), "http://x")
    assert not {"Saga-Id", "Saga-Step"} & {name for name, _ in built.headers}


def test_a_template_that_correlation_cannot_have_is_a_fault(make_step: Make, make_saga: MakeSaga) -> None:
    with pytest.raises(SagaFileError, match="is not known here"):
        make_saga(make_step("a"), correlation={"headers": {"X": "{payload.order_id}"}})
