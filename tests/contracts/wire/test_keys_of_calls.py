"""Keys as participants take them: in another place of each call, in two parts, of an earlier step, or none that is needed."""

from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import adoption, cases, decks
from saga_contracts.derive.examples import example_context, path_generator_context
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.errors import SagapactError
from saga_contracts.exercise.given import make_given
from saga_contracts.wire.requests import StepCall, step_request

Make = Callable[..., Any]


def places(make_step: Make, **key: str) -> dict[str, Any]:
    """Give a step whose key stands in the header of the forward call and in the paths of the others."""
    whole: dict[str, Any] = make_step("a", key=key or {"forward": "header", "compensate": "path", "status": "path"})
    for role in ("compensate", "status"):
        whole[role]["request"] = {**whole[role]["request"], "path": f"/a/{{key}}/{role}", "headers": {}}
    return whole


def sent(saga: Saga, step: str, role: str) -> Any:
    """Give the request of a call."""
    declared = saga.step(step)
    call = StepCall("s-1", saga.payload.example, {"try": {"made_id": "id-1"}}, "http://here")
    return step_request(saga, declared, getattr(declared, role).request, call, "")


def test_a_key_stands_in_another_place_of_each_call(make_saga: Make, make_step: Make) -> None:
    saga = make_saga(places(make_step))

    assert dict(sent(saga, "a", "forward").headers)["Idempotency-Key"] == "s-1:a"
    assert sent(saga, "a", "compensate").url == "/a/s-1:a/compensate"
    assert Saga.model_validate(saga.as_json()) == saga


def test_a_key_that_is_not_at_its_place_is_a_fault_of_that_call(make_saga: Make, make_step: Make) -> None:
    with pytest.raises(SagapactError, match=r"steps\.a\.compensate\.request\.headers: The step key is declared in the header"):
        make_saga(places(make_step, forward="header", compensate="header", status="path"))
    with pytest.raises(SagapactError, match=r"steps\.a\.key\.status: 'natural' is not one of header, path, body"):
        make_saga(places(make_step, forward="header", compensate="path", status="natural"))


def pair(make_step: Make, **fields: Any) -> dict[str, Any]:
    """Give a step whose saga and step stand apart in each call."""
    whole: dict[str, Any] = make_step("a", key="pair")
    for role in ("forward", "compensate", "status"):
        whole[role]["request"]["headers"] = {}
        whole[role]["request"]["query"] = {"gid": "{saga_id}", "branch_id": "{step}"}
    return whole | fields


def test_saga_and_step_may_stand_apart(make_saga: Make, make_step: Make) -> None:
    saga = make_saga(pair(make_step), correlation="none")

    assert sent(saga, "a", "status").query == (("gid", "s-1"), ("branch_id", "a"))
    assert "O4" in adoption.asked(step_slice(saga, "a"))
    assert adoption.declared_broken(step_slice(saga, "a")) == {}


def test_each_call_tells_both_parts_of_a_pair_and_no_form_of_it(make_saga: Make, make_step: Make) -> None:
    half = pair(make_step)
    del half["status"]["request"]["query"]["gid"]
    with pytest.raises(SagapactError, match=r"`\{saga_id\}` does not stand in the call"):
        make_saga(half)
    with pytest.raises(SagapactError, match="has no key to be written"):
        make_saga(pair(make_step, key_form="uuid"))


def unneeded(make_step: Make, **fields: Any) -> dict[str, Any]:
    """Give a step that sets a value by PUT, which may be repeated without a key."""
    whole: dict[str, Any] = make_step("a", key="unneeded", key_reason="PUT sets the whole address")
    for role in ("forward", "compensate", "status"):
        whole[role]["request"] |= {"headers": {}, "path": f"/addresses/{{payload.order_id}}/{role}"}
    whole["forward"]["request"]["method"] = "PUT"
    del whole["forward"]["replies"]["misused"]
    return {name: value for name, value in (whole | fields).items() if value is not None}


def test_a_step_that_needs_no_key_is_asked_for_everything_but_its_misuse(make_saga: Make, make_step: Make) -> None:
    saga = make_saga(unneeded(make_step))
    slice_: StepSlice = step_slice(saga, "a")

    assert adoption.applies(slice_, "O4") == "The step needs no key: PUT sets the whole address."
    assert {"O3", "O7", "O8", "O9"} <= set(adoption.asked(slice_))
    assert adoption.declared_broken(slice_) == {}
    assert not any("M" in history.word for history in decks.derive(slice_).histories)
    assert not any("misused" in case.name for case in cases.derive(saga))


def test_that_no_key_is_needed_has_a_reason(make_saga: Make, make_step: Make) -> None:
    with pytest.raises(SagapactError, match="has to have a reason"):
        make_saga(unneeded(make_step, key_reason=None))
    with pytest.raises(SagapactError, match="belongs to `key: unneeded`"):
        make_saga(make_step("a", key_reason="why not"))


@pytest.fixture
def confirmed(make_saga: Make, make_step: Make) -> Saga:
    """A saga whose second step confirms under the key of the first."""
    confirming = make_step("confirm", after=["try"], key="path", participant="try_service")
    del confirming["status"]
    confirming["forward"]["request"] |= {"path": "/holds/{keys.try}/confirm", "headers": {}, "body": None}
    confirming["compensate"]["request"] |= {"path": "/holds/{keys.try}/reopen", "headers": {}}
    confirming["given"] = {
        "enough": [{"state": "tried", "params": {"key": "{keys.try}"}}],
        "refusing": [{"state": "timed out", "params": {"key": "{keys.try}"}}],
    }
    saga: Saga = make_saga(make_step("try", key_form="{saga_id}/{step}"), confirming)
    return saga


def test_a_call_may_be_made_under_the_key_of_an_earlier_step(confirmed: Saga) -> None:
    assert sent(confirmed, "confirm", "forward").url == "/holds/s-1%2Ftry/confirm"
    assert step_slice(confirmed, "confirm").key_forms == {"try": "{saga_id}/{step}"}
    assert step_slice(confirmed, "try").keys is None


def test_in_a_pact_the_key_of_an_earlier_step_is_made_anew(confirmed: Saga) -> None:
    step = confirmed.step("confirm")
    done = next(case for case in cases.derive(confirmed) if case.name == "sale/confirm/forward/done")

    assert example_context(confirmed, step)["keys"] == {"try": "saga-1/try"}
    assert path_generator_context(confirmed, step)["keys"] == {"try": "${keys.tryInPath}"}
    assert done.states[1].params == {"key": "saga-1/try"}
    assert make_given(confirmed, done, "http://there").keys == {"try": "saga-1/try"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("keys.confirm", "the step's own key"),
        ("keys.later", "not a step that is done before"),
        ("keys.plain", "no key that is one text"),
        ("keys", "not a step that is done before"),
    ],
)
def test_only_the_written_key_of_an_earlier_step_can_be_named(make_saga: Make, make_step: Make, name: str, words: str) -> None:
    plain = pair(make_step, step="plain")
    confirming = make_step("confirm", after=["plain"])
    confirming["forward"]["request"]["body"]["tried"] = f"{{{name}}}"
    with pytest.raises(SagapactError, match=words):
        make_saga(plain, confirming, make_step("later", after=["confirm"]))


def test_a_step_that_is_run_for_each_element_has_no_one_key(make_saga: Make, make_step: Make) -> None:
    payload = {
        "schema": {"type": "object"},
        "example": {"order_id": "order-1", "items": ["a", "b"]},
        "fresh": ["order_id"],
    }
    many, later = make_step("many", for_each="{payload.items}"), make_step("later", after=["many"])
    many["forward"]["request"]["body"]["item"] = "{item}"
    later["forward"]["request"]["body"]["tried"] = "{keys.many}"
    with pytest.raises(SagapactError, match="has a key for each element"):
        make_saga(many, later, payload=payload)
    with pytest.raises(SagapactError, match=r"`\{item_index\}` does not stand in the call"):
        make_saga(pair(make_step, for_each="{payload.items}"), payload=payload)
