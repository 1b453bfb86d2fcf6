"""A step for each element of a list: its units, their order, their keys, and what their templates may name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare import elements
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import pairs
from saga_contracts.derive.model import Rules, words
from saga_contracts.derive.slices import step_slice
from saga_contracts.wire.keys import key_of, saga_of, step_key
from saga_contracts.wire.requests import StepCall, UnsendableError, call_context, step_request

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
ITEMS = [{"sku": "a-1"}, {"sku": "b-2"}, {"sku": "c-3"}]
PAYLOAD = {"schema": {"type": "object"}, "example": {"order_id": "order-1", "amount": 5, "items": ITEMS}, "fresh": ["order_id"]}


@pytest.fixture
def basket(make_step: Make, make_saga: MakeSaga) -> Saga:
    """`a`, then `each` for every item, then `b`; `b` is undone after `each`."""
    each = make_step("each", after=["a"], for_each="{payload.items}")
    each["forward"]["request"]["body"] = {"sku": "{item.sku}", "number": "{item_index}"}
    return make_saga(make_step("a"), each, make_step("b", after=["each"]), payload=PAYLOAD)


def order(saga: Saga) -> dict[str, tuple[str, ...]]:
    return {step.step: step.after for step in saga.steps}


def test_a_step_has_one_unit_for_each_element_and_who_waits_for_it_waits_for_all(basket: Saga) -> None:
    unfolded = elements.unfolded(basket, {"items": ITEMS[:2]})
    assert order(unfolded) == {"a": (), "each:0": ("a",), "each:1": ("a",), "b": ("each:0", "each:1")}
    assert unfolded.undo_graph.ancestors("a") == {"each:0", "each:1", "b"}
    assert elements.unfolded(unfolded, {"items": ITEMS}) is unfolded


def test_without_elements_what_comes_after_waits_for_what_came_before(basket: Saga) -> None:
    assert order(elements.unfolded(basket, {"items": []})) == {"a": (), "b": ("a",)}
    assert order(elements.unfolded(basket, {})) == {"a": (), "b": ("a",)}


def test_a_saga_without_such_a_step_stays_as_it_is(vas: Saga) -> None:
    assert elements.unfolded(vas, vas.payload.example) is vas


@given(st.integers(0, 9))
def test_a_unit_is_named_by_its_number(number: int) -> None:
    assert elements.parted(elements.unit_name("ship", number)) == ("ship", number)


@pytest.mark.parametrize("form", [None, "{saga_id}/{step}/{item_index}", "uuid"])
def test_each_element_has_its_own_key_and_the_step_itself_has_that_of_the_first(basket: Saga, form: str | None) -> None:
    units = [elements.step_of(basket, f"each:{index}").model_copy(update={"key_form": form}) for index in range(3)]
    keys = [key_of(unit, "saga-1") for unit in units]
    assert len(set(keys)) == 3
    assert key_of(units[0].model_copy(update={"step": "each"}), "saga-1") == keys[0]
    if form != "uuid":
        assert [saga_of(unit, key) for unit in units for key in keys] == [
            "saga-1" if one == other else None for one in range(3) for other in range(3)
        ]


def test_the_usual_key_ends_with_the_number_of_the_element() -> None:
    assert step_key("4f1c", "ship:2") == "4f1c:ship:2"


def test_calls_name_the_element_and_the_step_without_its_number(basket: Saga) -> None:
    unit = elements.step_of(basket, "each:1")
    call = StepCall("saga-1", PAYLOAD["example"])  # type: ignore[arg-type]
    built = step_request(basket, unit, unit.forward.request, call, "http://p")
    assert built.content == b'{"sku":"b-2","number":1}'
    assert dict(built.headers)["Saga-Step"] == "each"
    assert call_context(basket.step("each"), call)["item"] == {"sku": "a-1"}


def test_a_call_for_an_element_that_is_not_there_is_not_sent(basket: Saga) -> None:
    unit = elements.step_of(basket, "each:7")
    with pytest.raises(UnsendableError, match="there is no 'item'"):
        step_request(basket, unit, unit.forward.request, StepCall("saga-1", {"items": ITEMS}), "http://p")


@pytest.mark.parametrize("name", ["a:0", "x", "each:x"])
def test_only_a_step_for_each_element_has_units(basket: Saga, name: str) -> None:
    with pytest.raises(KeyError):
        elements.step_of(basket, name)


@pytest.mark.parametrize("cancels", [False, True], ids=["wait", "cancel"])
def test_the_deck_of_a_step_for_each_element_is_that_of_one_among_several(
    basket: Saga, make_step: Make, make_saga: MakeSaga, *, cancels: bool
) -> None:
    policies = {"siblings_of_failed_step": "cancel" if cancels else "wait"}
    alone = make_saga(make_step("each", for_each="{payload.items}"), payload=PAYLOAD, policies=policies)
    beside = make_saga(make_step("one"), make_step("two"), policies=policies)
    found, wanted = (Rules.of(step_slice(saga, name)) for saga, name in ((alone, "each"), (beside, "one")))
    assert found == wanted
    assert words(found, 2) == words(wanted, 2)


def test_two_elements_are_a_pair_of_which_undoing_one_spares_the_other(basket: Saga) -> None:
    assert ("each:0", "each:1") in pairs.pairs(basket)
    deck = pairs.derive_pair(basket, "each:0", "each:1", 0)
    assert "O24" in next(one for one in deck.histories if one.word == "each:0:F each:1:F each:1:C").obligations
