"""Conditions of steps: what can be said, what it means, and what is refused with a sentence that says what to do."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.declare import conditions
from saga_contracts.declare.conditions import ConditionError

SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.0]) | st.sampled_from(["", "a", "b", "1"])
)
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def kind(value: Any) -> str:
    """Tell the JSON kind of a value."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "text", type(None): "null"}
    return kinds[type(value)]


def naive(value: Any, written: str, literal: Any) -> bool:
    """Tell by the definition, written down once more without looking at the module."""
    alike = kind(value) == kind(literal)
    equal = alike and value == literal
    ordered = alike and kind(value) in ("number", "text")
    answers = {
        "==": equal,
        "!=": not equal,
        "<": ordered and value < literal,
        "<=": ordered and value <= literal,
        ">": ordered and value > literal,
        ">=": ordered and value >= literal,
    }
    return answers[written]


@given(value=SCALARS, written=OPERATORS, literal=SCALARS)
def test_a_comparison_means_what_its_definition_says(value: Any, written: str, literal: Any) -> None:
    text = f"{{payload.field}} {written} {json.dumps(literal)}"
    context = {"payload": {"field": value}}
    if written not in ("==", "!=") and kind(literal) not in ("number", "text"):
        with pytest.raises(ConditionError):
            conditions.parse(text)
    else:
        assert conditions.parse(text).holds(context) == naive(value, written, literal)


@given(value=SCALARS, literals=st.lists(SCALARS, max_size=4))
def test_in_holds_when_one_of_the_list_is_equal(value: Any, literals: list[Any]) -> None:
    condition = conditions.parse(f"{{payload.field}} in {json.dumps(literals)}")
    assert condition.holds({"payload": {"field": value}}) == any(naive(value, "==", one) for one in literals)


@given(written=OPERATORS, literal=SCALARS)
def test_a_value_that_is_not_there_counts_as_null(written: str, literal: Any) -> None:
    if written in ("==", "!="):
        condition = conditions.parse(f"{{payload.a.b}} {written} {json.dumps(literal)}")
        assert condition.holds({"payload": {}}) == condition.holds({"payload": {"a": {"b": None}}})


def refused(text: str) -> ConditionError | None:
    try:
        conditions.parse(text)
    except ConditionError as error:
        return error
    return None


@given(st.text(alphabet="{}payload.a <>=!in[]\"'1", max_size=30))
def test_any_other_text_is_refused_by_a_sentence(text: str) -> None:
    refusal = refused(text)
    if refusal is not None:
        assert refusal.what.endswith(".")
        assert refusal.mend.endswith(".")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{payload.a} > 3 and {payload.b} > 4", "one comparison"),
        ("{payload.a} == 1 || {payload.a} == 2", "one comparison"),
        ("not {payload.a}", "one comparison"),
        ("{payload.a}", "is no condition"),
        ("3 < {payload.a}", "is no condition"),
        ("{payload.a} == DE", "is no JSON value"),
        ("{payload.a} == 'DE'", "is no JSON value"),
        ("{payload.a} > NaN", "is no JSON value"),
        ("{payload.a} > {payload.b}", "not with another one"),
        ("{payload.a} > true", "compares numbers or texts"),
        ("{payload.a} in 3", "needs a list"),
        ("{payload.a} == [3]", "not with a list"),
        ('{payload.a} == {"b": 1}', "compares with a text"),
        ("{payload.a} in [[1]]", "compares with a text"),
        ("{payload.a} > " + "9" * 600, "is no condition"),
    ],
)
def test_what_cannot_be_said_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ConditionError, match=sentence):
        conditions.parse(text)


def test_one_comparison_may_hold_a_word_that_joins_inside_a_text() -> None:
    assert conditions.parse('{payload.a} == "you and me"').holds({"payload": {"a": "you and me"}})
