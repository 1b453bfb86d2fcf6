"""What pydantic finds is told once, in our own words, at its place."""

import json
from typing import Any

import pytest

from saga_contracts.sagafile import SagaFileError, parse_saga


def faults(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SagaFileError) as raised:
        parse_saga(json.dumps(document), "f.json")
    return {fault.where: f"{fault.what} {fault.mend}" for fault in raised.value.faults}


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("create order", "create_order"),
        ("2.pay", "pay"),
        ("pay/back", "pay_back"),
        ("zahlung ändern", "zahlung_ändern"),
    ],
)
def test_one_bad_name_of_a_step_is_one_fault_with_a_better_name(
    bad: str, good: str, make_definition: Any, make_step: Any
) -> None:
    waiver = {"obligation": "O8", "step": bad, "reason": "r", "person": "p", "expires": "2027-01-31"}
    document = make_definition(make_step(bad), make_step("ship", after=[bad]), waivers=[waiver])
    found = faults(document)
    assert list(found) == [f"steps.{bad}.step"]
    assert f"Write it as `{good}`." in found[f"steps.{bad}.step"]


def test_a_bad_name_that_no_step_has_is_told_where_it_stands(make_definition: Any, make_step: Any) -> None:
    assert list(faults(make_definition(make_step("ship", after=["re serve"])))) == ["steps.ship.after.0"]


def test_two_bad_names_are_two_faults(make_definition: Any, make_step: Any) -> None:
    assert len(faults(make_definition(make_step("1a"), make_step("1b", after=["1a"])))) == 2


ROWS: list[tuple[str, Any, str]] = [
    ("tries", "many", 'This must be a whole number. Write it in digits. Found "many".'),
    ("tries", 1.5, "This must be a whole number. Round it. Found 1.5."),
    ("tries", 0, "This must be greater than or equal to 1. Found 0."),
    ("optional", "perhaps", "This must be true or false."),
    ("after", "a", 'This must be a list. Write it as [one, two]. Found "a".'),
    ("forward", [], "This must be a mapping of fields."),
    ("given", {"enough": [{"state": 3}]}, "This must be a text. Put it between quotes. Found 3."),
    ("participant", " a", "A service's name begins with no blank"),
    ("class", "pivott", "'pivott' is not one of compensatable, pivot, retriable, read_only. Did you mean `pivot`?"),
    ("classs", "pivot", "The field `classs` is not known. Did you mean `class`?"),
    ("if", "{payload.amount} > 3", 'Write the condition of a step as `when`, such as "{payload.amount} > 3".'),
    ("forEach", "{payload.items}", 'as `for_each`, such as "{payload.items}".'),
    (
        "status",
        {"request": {"method": "GET", "path": "/s"}, "replies": {"applied": 5, "absent": {"status": 404}}},
        "This must be a reply, or a list of replies. Write it as {status: 409}, or as [{status: 404}, {status: 409}]. Found 5.",
    ),
    (
        "status",
        {
            "request": {"method": "GET", "path": "/s"},
            "replies": {"applied": [{"status": 200}, {"status": 201, "bodi": 1}], "absent": {"status": 404}},
        },
        "The field `bodi` is not known. Did you mean `body`?",
    ),
    ("semantic_lock", {"resource": ["x" * 5000]}, "This must be a text."),
]


@pytest.mark.parametrize(("field", "value", "words"), ROWS, ids=[f"{row[0]} {row[1]!s:.20}" for row in ROWS])
def test_a_fault_of_shape_is_said_in_our_own_words(
    field: str, value: Any, words: str, make_definition: Any, make_step: Any
) -> None:
    (found,) = faults(make_definition(make_step("a") | {field: value})).values()
    assert words in found
    assert len(found) < 400


def test_a_time_limit_of_the_whole_saga_under_another_name_is_led_to_the_right_one(make_definition: Any, make_step: Any) -> None:
    (found,) = faults(make_definition(make_step("a"), timeout_s=9)).values()
    assert "`timeout_ms`, in milliseconds" in found


def test_more_than_two_hundred_steps_are_counted(make_definition: Any, make_step: Any) -> None:
    (found,) = faults(make_definition(*(make_step(f"a{number}") for number in range(201)))).values()
    assert found == "At most 200 may stand here. Found 201."


def test_a_hundred_faults_are_enough(make_definition: Any, make_step: Any) -> None:
    assert len(faults(make_definition(make_step("a") | {f"field_{number}": 1 for number in range(5000)}))) == 100
