"""Conditions, order of the undoing, pauses, the saga's time, an uncertain pivot: what is accepted, and what is refused how."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import SagaFileError, parse_saga
from saga_contracts.wire import branches
from telling_participant import SAGA as BAKERY

Make = Callable[..., dict[str, Any]]


def faults(document: dict[str, Any]) -> dict[str, str]:
    """Give the faults of a document, by place."""
    with pytest.raises(SagaFileError) as raised:
        parse_saga(json.dumps(document), "saga.yaml")
    return {fault.where: f"{fault.what} {fault.mend}" for fault in raised.value.faults}


def accepted(document: dict[str, Any]) -> Saga:
    return parse_saga(json.dumps(document), "saga.yaml")


WHEN: list[tuple[dict[str, Any], str, str]] = [
    ({"when": "{payload.amount} > 3 and {payload.amount} < 9"}, "when", "`and`, `or` and `not` cannot be said"),
    ({"when": "{payload.amont} > 3"}, "when", "The payload has no field `amont`. Did you mean `amount`?"),
    ({"when": "{key} == 3"}, "when", "The template {key} is not known here."),
    ({"when": "{payload.amount} > 9"}, "when", "It does not hold for the example"),
    ({"when": '{payload.amount} > "3"'}, "when", "It does not hold for the example"),
    (
        {"when": '{payload.order_id} == "order-1"'},
        "when",
        "which is fresh, so that nobody knows in advance whether the step runs",
    ),
    ({"when": "{outputs.b.id} != null"}, "when", "A call may not use its own step's reply"),
    ({"when": "{outputs.c.id} != null"}, "when", "`c` is not a step that is done before this one."),
    ({"when": "{payload.fixed} == 1"}, "when", "Declare one: otherwise: {fixed: …}"),
    ({"when": "{payload.amount} > 3", "otherwise": {"amount": 4}}, "otherwise", "The condition still holds with it."),
    ({"when": "{payload.amount} > 3", "otherwise": {"amount": "x"}}, "otherwise", "The payload with it does not fit the schema"),
    ({"when": "{payload.amount} > 3", "otherwise": {"amont": 1}}, "otherwise.amont", "Did you mean `amount`?"),
    ({"when": '{outputs.a.id} == "id-1"', "otherwise": {"amount": 1}}, "otherwise", "no payload decides that"),
    ({"otherwise": {"amount": 1}}, "otherwise", "Add `when`, or remove it."),
]
SCHEMA = {"type": "object", "required": ["fixed"], "properties": {"amount": {"type": "integer"}, "fixed": {"const": 1}}}
PAYLOAD = {"schema": SCHEMA, "example": {"order_id": "order-1", "amount": 5, "fixed": 1}, "fresh": ["order_id"]}


def with_output(whole: dict[str, Any], **fields: Any) -> dict[str, Any]:
    whole["forward"]["outputs"] = {"id": "/id"}
    return whole | fields


@pytest.mark.parametrize(("fields", "place", "words"), WHEN, ids=[str(row[0]) for row in WHEN])
def test_a_faulty_condition_is_told_at_its_place(
    fields: dict[str, Any], place: str, words: str, make_definition: Make, make_step: Make
) -> None:
    steps = [
        with_output(make_step("a")),
        with_output(make_step("b", after=["a"], **fields)),
        with_output(make_step("c", after=["b"])),
    ]
    found = faults(make_definition(*steps, payload=PAYLOAD))
    assert list(found) == [f"steps.b.{place}"]
    assert words in found[f"steps.b.{place}"]


def test_a_condition_may_look_at_the_payload_and_at_outputs_of_earlier_steps(make_definition: Make, make_step: Make) -> None:
    first = with_output(make_step("a", when="{payload.amount} > 3"))
    saga = accepted(
        make_definition(first, make_step("b", when='{outputs.a0.id} == "id-1"', after=["a0"]), with_output(make_step("a0")))
    )
    assert branches.fields_without(saga.payload, saga.step("a")) == {"amount": 3}
    assert branches.fields_without(saga.payload, saga.step("b")) is None


def test_the_other_branch_is_as_declared_or_a_value_that_the_schema_allows(make_definition: Make, make_step: Make) -> None:
    schema = {
        "type": "object",
        "properties": {"amount": {"type": "integer", "minimum": 5, "maximum": 90_000}, "country": {"enum": ["DE", "FR"]}},
    }
    payload = {"schema": schema, "example": {"order_id": "o", "amount": 7, "country": "DE"}, "fresh": []}
    told = make_step("a", when="{payload.amount} > 6", otherwise={"amount": 6, "country": "FR"})
    saga = accepted(make_definition(told, make_step("b", when='{payload.country} in ["DE", "AT"]'), payload=payload))
    assert [branches.fields_without(saga.payload, step) for step in saga.steps] == [
        {"amount": 6, "country": "FR"},
        {"country": "FR"},
    ]


def test_a_field_that_may_be_missing_is_left_out_where_the_schema_has_no_null(make_definition: Make, make_step: Make) -> None:
    schema = {"type": "object", "required": ["amount"], "properties": {"coupon": {"type": "string"}}}
    payload = {"schema": schema, "example": {"order_id": "o", "amount": 7, "coupon": "TEN"}, "fresh": ["order_id"]}
    for told in ({}, {"otherwise": {"coupon": None}}):
        step = make_step("a", when="{payload.coupon} != null", **told)
        saga = accepted(make_definition(step, payload=payload))
        fields = branches.fields_without(saga.payload, saga.step("a"))
        assert fields == {"coupon": None}
        assert branches.with_fields(saga.payload, saga.payload.example, fields) == {"order_id": "o", "amount": 7}


def test_an_output_of_a_step_with_a_condition_is_there_for_steps_under_the_same_one_only(
    make_definition: Make, make_step: Make
) -> None:
    first = with_output(make_step("a", when="{payload.amount} > 3"))
    later = make_step("b", after=["a"])
    later["forward"]["request"]["body"]["from"] = "{outputs.a.id}"
    [(place, words)] = faults(make_definition(first, later)).items()
    assert place == "steps.b.forward.request.body"
    assert "`a` runs only when `{payload.amount} > 3`; otherwise there is no such output." in words
    accepted(make_definition(first, later | {"when": "{payload.amount} > 3"}))


CHOICES: list[tuple[dict[str, Any], str, str]] = [
    ({"undo_after": ["x"]}, "steps.a.undo_after.0", "There is no step `x`."),
    ({"undo_after": ["a"]}, "steps.a.undo_after.0", "`a` is no other step that can be undone."),
    ({"undo_after": ["p"]}, "steps.a.undo_after.0", "`p` is no other step that can be undone."),
    ({"undo_after": ["b", "b"]}, "steps.a.undo_after.1", "`b` stands twice in `undo_after`."),
    ({"backoff": {"first_ms": 90, "longest_ms": 80}}, "steps.a.backoff.longest_ms", "shorter than the first one (90 ms)"),
    ({"backoff": {"first_ms": 0}}, "steps.a.backoff.first_ms", "greater than or equal to 1"),
    ({"backoff": {"first_ms": 5, "factor": 0.5}}, "steps.a.backoff.factor", "greater than or equal to 1"),
]


@pytest.mark.parametrize(("fields", "place", "words"), CHOICES, ids=[str(row[0]) for row in CHOICES])
def test_a_faulty_choice_is_told_at_its_place(
    fields: dict[str, Any], place: str, words: str, make_definition: Make, make_step: Make, make_pivot: Make
) -> None:
    steps = [make_step("a") | fields, make_step("b", after=["a"]), make_pivot("p", after=["b"])]
    found = faults(make_definition(*steps))
    assert list(found) == [place]
    assert words in found[place]


@pytest.mark.parametrize(
    ("backoff", "place", "words"),
    [
        ({"first_ms": 90, "longest_ms": 80}, "steps.bake.callback.backoff.longest_ms", "shorter than the first one (90 ms)"),
        (
            {"first_ms": 5000},
            "steps.bake.callback.backoff",
            "After 4 tries the callback is told again in 40000 ms, and the saga service waits 20000 ms.",
        ),
    ],
)
def test_faulty_pauses_of_a_callback_are_told_at_their_place(backoff: dict[str, int], place: str, words: str) -> None:
    definition = yaml.safe_load(BAKERY)
    definition["steps"][0]["callback"]["backoff"] = backoff
    found = faults(definition)
    assert list(found) == [place]
    assert words in found[place]
    definition["steps"][0]["callback"]["backoff"] = {"first_ms": 5000, "longest_ms": 20000}
    accepted(definition)


def test_undoings_that_wait_for_one_another_are_told_with_the_way_out(make_definition: Make, make_step: Make) -> None:
    steps = [make_step("a"), make_step("b", after=["a"], undo_after=["a"])]
    [(place, words)] = faults(make_definition(*steps)).items()
    assert place == "steps.b.undo_after"
    assert "These undoings wait for one another: a, b." in words
    assert "`undo_after: []`" in words
    saga = accepted(make_definition(steps[0] | {"undo_after": []}, steps[1]))
    assert saga.undo_graph.ancestors("b") == {"a"}


def test_an_order_of_the_undoing_that_is_looked_for_among_the_policies_is_led_to_the_steps(
    make_definition: Make, make_step: Make
) -> None:
    [(place, words)] = faults(make_definition(make_step("a"), policies={"compensation_order": "reverse"})).items()
    assert place == "policies.compensation_order"
    assert "as `undo_after: [step, …]`" in words


def test_what_only_an_undoing_has_is_refused_where_nothing_is_undone(make_definition: Make, make_pivot: Make) -> None:
    found = faults(make_definition(make_pivot("p", undo_after=[], suspended_forward="accepted")))
    assert found["steps.p.undo_after"] == "A pivot step is never undone. Remove it."
    assert "is never undone" in found["steps.p.suspended_forward"]


def test_an_uncertain_pivot_can_only_be_asked_where_there_is_one_with_a_status_call(
    make_definition: Make, make_step: Make, make_pivot: Make
) -> None:
    asks = {"uncertain_pivot": "ask_then_forward"}
    [(place, words)] = faults(make_definition(make_step("a"), policies=asks)).items()
    assert (place, words) == ("policies.uncertain_pivot", "The saga has no pivot. Remove it.")
    dumb = make_pivot("p")
    del dumb["status"]
    [(_, words)] = faults(make_definition(dumb, policies=asks)).items()
    assert "declares no status call that could be asked" in words
    accepted(make_definition(make_pivot("p"), policies=asks))


def test_a_pivot_is_asked_for_a_time_only_where_one_is_asked(make_definition: Make, make_pivot: Make) -> None:
    times = {"ask_for_ms": 1000}
    [(place, words)] = faults(make_definition(make_pivot("p"), policies=times | {"uncertain_pivot": "forward"})).items()
    assert (place, "No pivot is asked for" in words) == ("policies.ask_for_ms", True)
    accepted(make_definition(make_pivot("p"), policies=times))


def test_a_time_for_the_undoing_needs_the_pauses_so_that_its_calls_can_be_counted(make_definition: Make, make_step: Make) -> None:
    timed = {"undo_for_ms": 1000}
    [(place, words)] = faults(make_definition(make_step("a"), policies=timed)).items()
    assert (place, "with which pauses" in words) == ("policies.undo_for_ms", True)
    accepted(make_definition(make_step("a", backoff={"first_ms": 10}), policies=timed))


def test_times_for_asking_and_undoing_change_no_slice(make_definition: Make, make_step: Make, make_pivot: Make) -> None:
    steps = [make_step("a", backoff={"first_ms": 10}), make_pivot("p", after=["a"])]
    plain = accepted(make_definition(*steps))
    timed = accepted(make_definition(*steps, policies={"undo_for_ms": 1000, "ask_for_ms": 1000}))
    assert [step_slice(plain, name).sha for name in "ap"] == [step_slice(timed, name).sha for name in "ap"]


LISTED: list[tuple[dict[str, Any], str, str]] = [
    ({"for_each": "{payload.item}"}, "for_each", "The payload has no field `item`."),
    ({"for_each": "{payload.amount}"}, "for_each", "`amount` is no list in the example."),
    ({"for_each": "{payload.none}"}, "for_each", "`none` is empty in the example"),
    ({"for_each": "payload.items"}, "for_each", "This is not one template, so it names no list."),
    ({"for_each": "{outputs.a.lines}"}, "for_each", "Only a list of the payload can be gone through"),
    ({"for_each": "{payload.items}", "key": "none"}, "key", "With `key: none` nothing tells the elements apart"),
    ({"for_each": "{payload.items}", "key_form": "{saga_id}-{step}"}, "key_form", "The key does not hold `{item_index}`"),
    ({"key_form": "{saga_id}-{step}-{item_index}"}, "key_form", "The template {item_index} is not known here."),
]


@pytest.mark.parametrize(("fields", "place", "words"), LISTED, ids=[str(row[0]) for row in LISTED])
def test_a_faulty_list_is_told_at_its_place(
    fields: dict[str, Any], place: str, words: str, make_definition: Make, make_step: Make
) -> None:
    payload = PAYLOAD | {"example": {"order_id": "o", "amount": 5, "fixed": 1, "items": [{"sku": "a"}, {"sku": "b"}], "none": []}}
    found = faults(make_definition(make_step("a"), make_step("b", after=["a"], **fields), payload=payload))
    assert list(found) == [f"steps.b.{place}"]
    assert words in found[f"steps.b.{place}"]


def test_what_cannot_be_said_of_elements_is_refused(make_definition: Make, make_step: Make, make_pivot: Make) -> None:
    payload = PAYLOAD | {"example": {"order_id": "o", "amount": 5, "fixed": 1, "items": [{"sku": "a"}, {"sku": "b"}]}}
    each = with_output(make_step("a", for_each="{payload.items}"))
    later, pivot = make_step("b", after=["a"]), make_pivot("p", after=["b"], for_each="{payload.items}")
    later["forward"]["request"]["body"] |= {"from": "{outputs.a.id}", "sku": "{item.sku}"}
    each["forward"]["request"]["body"] |= {"name": "{item.nam}"}
    with pytest.raises(SagaFileError) as raised:
        accepted(make_definition(each, later, pivot, payload=payload))
    found = " ".join(fault.what for fault in raised.value.faults)
    for words in (
        "The elements have no field `nam`.",
        "is known only in a step with `for_each`",
        "run once for each element, so its output is not one value",
        "A pivot decides once",
    ):
        assert words in found
