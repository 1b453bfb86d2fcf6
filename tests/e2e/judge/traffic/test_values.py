"""Pact's values and matching rules, as calls are held against them."""

from typing import Any

import pytest

from saga_e2e.judge.traffic.values import Bound, differs, rules_of


def v4(**rules: Any) -> dict[str, Any]:
    """Write body rules as versions 3 and 4 do: one matcher for each place."""
    return {"matchingRules": {"body": {place.replace("__", "$."): {"matchers": [rule]} for place, rule in rules.items()}}}


LIKE, INTEGER = {"match": "type"}, {"match": "integer"}
EACH = {"matchingRules": {"body": {"$.items": {"matchers": [{"match": "type", "min": 1}]}}}}
FITS = [
    ("equal values", {"a": 1, "b": [True, None]}, {"a": 1.0, "b": [True, None]}, {}),
    ("a type", {"a": "x"}, {"a": "y"}, v4(__a=LIKE)),
    ("a type goes down", {"a": {"b": [1]}}, {"a": {"b": [2, 3]}}, v4(__a=LIKE)),
    ("a regular expression", {"a": "x1"}, {"a": "x22"}, v4(__a={"match": "regex", "regex": "x[0-9]+"})),
    ("an integer", {"a": 1}, {"a": 7}, v4(__a=INTEGER)),
    ("a part of a text", {"a": "x"}, {"a": "yxz"}, v4(__a={"match": "include", "value": "x"})),
    ("each member of a list", {"items": [{"n": 1}]}, {"items": [{"n": 2}, {"n": 3}]}, EACH),
    ("an unknown matcher", {"a": "2026-01-01"}, {"a": "2027"}, v4(__a={"match": "moonPhase"})),
    ("a rule of version 2", {"a": "x"}, {"a": "y"}, {"matchingRules": {"$.body.a": {"match": "type"}}}),
    (
        "any member by place",
        {"a": [{"n": 1}]},
        {"a": [{"n": 5}]},
        {"matchingRules": {"body": {"$.a[*].n": {"matchers": [LIKE]}}}},
    ),
]
DIFFERS = [
    ("another value", {"a": 1}, {"a": 2}, {}, "`a` is 2, not 1"),
    ("another type", {"a": "x"}, {"a": 1}, v4(__a=LIKE), '`a` is 1, not "x" by type'),
    ("a text for an integer", {"a": 1}, {"a": "1"}, v4(__a=INTEGER), "by integer"),
    ("true for a number", {"a": 1}, {"a": True}, v4(__a={"match": "number"}), "by number"),
    ("no match", {"a": "x1"}, {"a": "y"}, v4(__a={"match": "regex", "regex": "x[0-9]+"}), "by regex"),
    ("a field is missing", {"a": {"b": 1}}, {"a": {}}, {}, "`a.b` is missing"),
    ("a field too many", {"a": 1}, {"a": 1, "b": 2}, {}, "`b` is in no contract"),
    ("too few members", {"items": [{"n": 1}]}, {"items": []}, EACH, "`items` has 0 members"),
    ("a member too many", {"a": [1]}, {"a": [1, 2]}, {}, "`a` has 2 members, not 1"),
]


@pytest.mark.parametrize(("_", "expected", "found", "message"), FITS, ids=[row[0] for row in FITS])
def test_what_a_contract_takes(_: str, expected: Any, found: Any, message: dict[str, Any]) -> None:
    assert differs(expected, found, rules_of(message, "body"), Bound(), extra=False) is None


@pytest.mark.parametrize(("_", "expected", "found", "message", "says"), DIFFERS, ids=[row[0] for row in DIFFERS])
def test_what_a_contract_does_not_take(_: str, expected: Any, found: Any, message: dict[str, Any], says: str) -> None:
    assert says in str(differs(expected, found, rules_of(message, "body"), Bound(), extra=False))


def test_a_reply_may_say_more() -> None:
    assert differs({"a": 1}, {"a": 1, "b": 2}, rules_of({}, "body"), Bound(), extra=True) is None


def test_a_value_of_a_provider_state_is_the_same_wherever_it_stands_in_a_call() -> None:
    bound = Bound()

    assert bound.fits("/orders/${id}/lines/${line}", "/orders/7/lines/1")
    assert bound.fits("${id}", "7")
    assert not bound.fits("${id}", "8")
    assert not bound.fits("/orders/${id}", "/stock/7")
