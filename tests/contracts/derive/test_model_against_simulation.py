"""The model behind the decks against a naive simulation of whole sagas that does not know it.

Both directions: every history that the simulation finds is in the deck, and every history that the deck ascribes to a number of
faults is found by the simulation.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice

Declare = Callable[..., Saga]


def ascribed(saga: Saga, number: int, faults: int) -> set[str]:
    deck = decks.derive(step_slice(saga, f"s{number}"), faults)
    return {history.word for history in deck.histories if history.faults is not None}


def compare(naive: Any, declare: Declare, chart: Any, number: int, faults: int) -> None:
    simulated = naive.words(chart, number, faults)
    derived = ascribed(declare(chart), number, faults)
    assert simulated - derived == set(), f"possible, but not in the deck of s{number} for {faults} faults: {chart}"
    assert derived - simulated == set(), f"in the deck of s{number} for {faults} faults, but not possible: {chart}"


@given(data=st.data())
@settings(max_examples=times(15), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_two_faults_in_small_sagas(naive: Any, declare: Declare, charts: Callable[[int], Any], data: Any) -> None:
    chart = data.draw(charts(2))
    compare(naive, declare, chart, data.draw(st.integers(0, len(chart.steps) - 1)), data.draw(st.integers(0, 2)))


@given(data=st.data())
@settings(max_examples=times(12), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_one_fault_in_long_sagas(naive: Any, declare: Declare, charts: Callable[[int], Any], data: Any) -> None:
    chart = data.draw(charts(4))
    compare(naive, declare, chart, data.draw(st.integers(0, len(chart.steps) - 1)), 1)


@pytest.mark.parametrize("callback", [False, True], ids=["sync", "callback"])
@pytest.mark.parametrize("kind", ["compensatable", "pivot", "retriable"])
def test_three_faults_in_the_smallest_sagas(naive: Any, declare: Declare, kind: str, *, callback: bool) -> None:
    first = naive.Plan(kind=kind, callback=callback, tries=2, can_refuse=kind != "retriable")
    compare(naive, declare, naive.Chart((first,)), 0, 3)


def test_three_faults_in_a_saga_of_two_steps(naive: Any, declare: Declare) -> None:
    chart = naive.Chart((naive.Plan(), naive.Plan(after=(0,))))
    compare(naive, declare, chart, 0, 3)


@pytest.mark.parametrize("cancels", [False, True], ids=["wait", "cancel"])
def test_two_faults_in_the_shape_of_the_reference_saga(naive: Any, declare: Declare, *, cancels: bool) -> None:
    money, user = naive.Plan(), naive.Plan(after=(0,))
    packages, mail = naive.Plan(after=(0,), callback=True), naive.Plan(after=(1, 2), kind="retriable", can_refuse=False)
    chart = naive.Chart((money, user, packages, mail), cancels_siblings=cancels)
    for number in range(4):
        compare(naive, declare, chart, number, 1)
    compare(naive, declare, chart, 1, 2)


def test_a_chain_of_eight_steps_brings_a_middle_step_no_more_than_a_chain_of_three(naive: Any, declare: Declare) -> None:
    found = []
    for length, middle in ((3, 1), (8, 4)):
        chart = naive.Chart(tuple(naive.Plan(after=(number - 1,) if number else ()) for number in range(length)))
        compare(naive, declare, chart, middle, 2)
        found.append(naive.words(chart, middle, 2))
    assert found[0] == found[1]


def test_the_check_can_fail(naive: Any, declare: Declare) -> None:
    """Were the simulated orchestrator to send one try more than the file says, the comparison would notice."""
    saga = declare(naive.Chart((naive.Plan(tries=2),)))
    assert naive.words(naive.Chart((naive.Plan(tries=3),)), 0, 1) - ascribed(saga, 0, 1) == {"F F F", "F F F C"}


TIMED: list[list[dict[str, Any]]] = [
    [{}, {"after": (0,)}],
    [{}, {"after": (0,)}, {}],
    [{}, {"after": (0,), "kind": "pivot", "can_refuse": False}, {"after": (0, 1), "kind": "retriable", "can_refuse": False}],
    [{"callback": True}, {"after": (0,), "kind": "retriable", "can_refuse": False}],
]


@pytest.mark.parametrize("cancels", [False, True], ids=["wait", "cancel"])
@pytest.mark.parametrize("plans", TIMED)
def test_the_end_of_a_sagas_time_undoes_what_was_done_by_then(
    naive: Any, declare: Declare, plans: list[dict[str, Any]], *, cancels: bool
) -> None:
    chart = naive.Chart(tuple(naive.Plan(**plan) for plan in plans), cancels_siblings=cancels, timed=True)
    for number in range(len(plans)):
        compare(naive, declare, chart, number, 2)
