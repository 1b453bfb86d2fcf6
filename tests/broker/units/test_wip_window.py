"""How far back work in progress is looked for when the broker chooses that itself."""

from datetime import UTC, datetime, timedelta

import pytest

from saga_broker.gate.wip_window import start_of_window

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ages", "days"),
    [
        ([], 14),
        ([1], 7),
        ([2, 3, 5], 7),
        ([9], 9),
        ([2, 3, 5, 7, 10, 12, 14, 20], 14),
        ([1, 2, 8, 9, 40], 9),
        ([30, 40], 14),
    ],
)
def test_four_fifths_of_the_unverified_pacts_are_in_the_window_within_one_and_two_weeks(ages: list[int], days: int) -> None:
    assert start_of_window([NOW - timedelta(days=age) for age in ages], NOW) == NOW - timedelta(days=days)
