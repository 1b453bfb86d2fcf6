"""How long a saga may last follows from the tries, time-outs and pauses of its file."""

from typing import Any

import pytest

from saga_contracts.derive.lasting import MOST_MS, Lasting, lasting
from saga_contracts.derive.slices import step_slice
from small_sagas import retriable, saga, step

HALF_A_DAY = 43_200_000
PAUSES = {"first_ms": 100, "factor": 2, "longest_ms": 150}


@pytest.mark.parametrize(
    ("steps", "fields", "forward_ms", "undo_ms"),
    [
        ([step(tries=1)], {}, 3000, 3000),
        ([step(tries=3)], {}, 15_000, 15_000),
        ([step(tries=3, backoff=PAUSES)], {}, 9250, 9250),
        ([step(), retriable()], {}, 18_000, 9000),
        ([step("a"), step("b")], {}, 9000, 9000),
        ([step("a"), step("b", after=["a"], timeout_ms=1000)], {}, 12_000, 12_000),
        ([step("a"), step("b", after=["a"], undo_after=[]), step("c", undo_after=[])], {}, 18_000, 18_000),
        ([step("a"), step("b", after=["a"])], {"timeout_ms": 5000}, 14_000, 18_000),
        ([step(tries=1, backoff=PAUSES)], {"policies": {"undo_for_ms": 60_000}}, 3000, 63_000),
    ],
    ids=["once", "three", "pauses", "after", "beside", "other", "by hand", "time is over", "undo_for"],
)
def test_calls_follow_each_other_and_are_undone(
    steps: list[dict[str, Any]], fields: dict[str, Any], forward_ms: int, undo_ms: int
) -> None:
    assert lasting(saga(*steps, **fields)) == Lasting(forward_ms, undo_ms, HALF_A_DAY, is_check_declared=False)


def test_the_checkers_delay_is_declared_and_no_slice_changes_by_it() -> None:
    plain, declared = saga(step()), saga(step(), policies={"check_after_ms": 1000})
    assert lasting(declared).total_ms == lasting(plain).total_ms - HALF_A_DAY + 1000
    assert step_slice(declared, "pay").sha == step_slice(plain, "pay").sha


def test_no_saga_is_counted_for_more_than_a_year() -> None:
    endless = step(tries=10, backoff={"first_ms": 600_000, "factor": 100})
    assert lasting(saga(endless)).total_ms == MOST_MS
