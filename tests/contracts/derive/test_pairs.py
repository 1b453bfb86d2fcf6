"""Decks of two steps at one participant, against the naive simulation as well."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import pairs
from saga_contracts.derive.expectations import World

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]


@pytest.fixture
def two(make_step: Make, make_saga: MakeSaga) -> Saga:
    """Two steps at one participant, the second after the first, and a third one elsewhere between them."""
    return make_saga(
        make_step("a", participant="bank"), make_step("x", after=["a"]), make_step("b", participant="bank", after=["x"])
    )


def words(deck: pairs.PairDeck) -> set[str]:
    return {history.word for history in deck.histories if history.faults is not None}


def test_pairs_are_two_steps_at_the_same_participant(two: Saga, vas: Saga) -> None:
    assert pairs.pairs(two) == [("a", "b")]
    assert pairs.pairs(vas) == []


def test_undoing_goes_backwards(two: Saga) -> None:
    deck = pairs.derive_pair(two, "a", "b", 1)
    assert {"a:F b:F", "a:F a:C", "a:F b:F b:C a:C"} & words(deck) == {"a:F b:F", "a:F a:C"}
    assert {"a:F b:C a:C", "a:F b:F b:F b:C a:C"} <= words(deck)
    assert not any(word.endswith("a:C b:C") for word in words(deck))


def test_undoing_one_step_leaves_the_other_alone(two: Saga) -> None:
    deck = pairs.derive_pair(two, "a", "b", 0)
    history = next(one for one in deck.histories if one.word == "a:F b:F b:C")
    assert history.worlds == (World.APPLIED, World.BEFORE)
    assert "O24" in history.obligations
    assert [one.step for one in history.plays] == ["a", "b", "b"]


def test_probes_of_one_place_are_not_judged_while_the_other_effect_stands(make_step: Make, make_saga: MakeSaga) -> None:
    probe = {"request": {"method": "GET", "path": "/sum"}, "reads": {"before": {"n": 0}, "applied": {"n": 1}}}
    saga = make_saga(make_step("a", participant="bank", probe=probe), make_step("b", participant="bank", probe=probe))
    deck = pairs.derive_pair(saga, "a", "b", 0)
    history = next(one for one in deck.histories if one.word == "a:F b:F b:C")
    assert history.worlds == (World.APPLIED, None)
    assert "Both steps ask for the precondition" in deck.claim()


def test_the_order_of_the_names_does_not_matter_when_the_file_orders_the_steps(two: Saga) -> None:
    assert pairs.derive_pair(two, "b", "a", 1) == pairs.derive_pair(two, "a", "b", 1)


@pytest.mark.parametrize(("first", "second"), [("a", "a"), ("a", "x")])
def test_steps_that_are_no_pair_are_refused(two: Saga, first: str, second: str) -> None:
    with pytest.raises(ValueError, match="not two steps at the same participant"):
        pairs.derive_pair(two, first, second)


def test_every_pair_history_agrees_with_the_single_decks(two: Saga) -> None:
    for history in pairs.derive_pair(two, "a", "b", 2).histories:
        assert history.plays
        assert all(one.play.expects.replies for one in history.plays)
        assert history.obligations


@given(data=st.data())
@settings(max_examples=times(12), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_two_steps_of_any_small_saga_with_one_fault(
    naive: Any, declare: Callable[..., Saga], charts: Callable[[int], Any], data: Any
) -> None:
    chart = data.draw(charts(3).filter(lambda one: len(one.steps) > 1))
    first = data.draw(st.integers(0, len(chart.steps) - 2))
    second = data.draw(st.integers(first + 1, len(chart.steps) - 1))
    compare(naive, declare, chart, (first, second), 1)


SHAPES: list[tuple[list[dict[str, Any]], int, int, int]] = [
    ([{}, {"after": (0,)}], 0, 1, 2),
    ([{}, {}], 0, 1, 1),
    ([{}, {"after": (0,)}, {"after": (1,)}], 0, 2, 2),
    ([{}, {"after": (0,), "callback": True}], 0, 1, 1),
    ([{"optional": True}, {"after": (0,)}], 0, 1, 2),
    ([{}, {"after": (0,)}, {"after": (0, 1), "kind": "pivot"}], 0, 2, 1),
    ([{}, {"after": (0,)}, {"after": (0,)}, {"after": (1, 2), "kind": "retriable", "can_refuse": False}], 1, 2, 1),
]


@pytest.mark.parametrize("cancels", [False, True], ids=["wait", "cancel"])
@pytest.mark.parametrize(("plans", "first", "second", "faults"), SHAPES)
def test_a_pair_deck_holds_exactly_what_the_simulation_finds(
    naive: Any,
    declare: Callable[..., Saga],
    plans: list[dict[str, Any]],
    first: int,
    second: int,
    faults: int,
    *,
    cancels: bool,
) -> None:
    chart = naive.Chart(tuple(naive.Plan(**plan) for plan in plans), cancels_siblings=cancels)
    compare(naive, declare, chart, (first, second), faults)


def compare(naive: Any, declare: Callable[..., Saga], chart: Any, two: tuple[int, int], faults: int) -> None:
    deck = pairs.derive_pair(declare(chart, together=two), f"s{two[0]}", f"s{two[1]}", faults)
    assert {word.replace("s", "") for word in words(deck)} == naive.words(chart, two, faults), chart
