"""The difference of two pacts as lines."""

import pytest

from saga_broker.pact.diff import DiffTooLargeError, pact_diff


def test_equal_pacts_have_no_difference_whatever_the_order_of_their_interactions() -> None:
    one, two = {"description": "a"}, {"description": "b"}
    assert pact_diff({"interactions": [one, two]}, {"interactions": [two, one]}, 1) == ""


def test_only_what_differs_is_shown() -> None:
    before = {"interactions": [{"description": "a", "x": 1}, {"description": "b", "x": [1, 2]}]}
    after = {"interactions": [{"description": "a", "x": 1}, {"description": "b", "x": [1, 3]}]}
    shown = pact_diff(before, after, 1).split("\n")
    assert [line.rstrip(",") for line in shown if line[0] != " "] == ["-        2", "+        3"]
    assert "... ," in [line.strip() for line in shown]


def test_members_that_were_added_are_hidden_beside_other_differences() -> None:
    assert '"new"' not in pact_diff({"a": 1}, {"a": 2, "new": 1}, 1)
    assert '+  "new": 1' in pact_diff({"a": 1}, {"a": 1, "new": 1}, 1)


def test_members_that_were_removed_are_shown() -> None:
    assert '-  "b": 2' in pact_diff({"a": 1, "b": 2}, {"a": 1}, 1)


def test_true_is_not_one() -> None:
    assert pact_diff({"a": 1}, {"a": True}, 1) != ""


def test_pacts_that_would_take_too_long_are_not_compared() -> None:
    before, after = ({"interactions": [{"n": start + index} for index in range(200)]} for start in (0, 1000))
    with pytest.raises(DiffTooLargeError):
        pact_diff(before, after, 0.0001)
