"""What comes before a step: the same as a literal reading of `after`, worked out once, also after a copy."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counting import calls_of
from saga_contracts.declare.graph import Graph
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.derive.slices import step_slice
from saga_contracts.read import lint
from saga_contracts.show.draw import saga_svg

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
Order = dict[str, list[str]]


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Some steps that wait for any others, circles included."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 7)))]
    return {name: draw(st.lists(st.sampled_from(names), max_size=4)) for name in names}


def literally(order: Order, name: str) -> set[str]:
    found: set[str] = set()
    todo = list(order[name])
    while todo:
        current = todo.pop()
        if current not in found:
            found.add(current)
            todo += order[current]
    return found


@given(orders(), st.randoms())
def test_the_ancestors_are_those_of_a_literal_reading_in_whatever_order_they_are_asked(order: Order, chance: Any) -> None:
    graph = Graph.of(order.items())
    asked = [*order, *order]
    chance.shuffle(asked)
    for name in asked:
        assert graph.ancestors(name) == literally(order, name)


@given(orders())
def test_the_direct_steps_are_those_that_no_other_one_waits_for(order: Order) -> None:
    graph = Graph.of(order.items())
    for name, after in order.items():
        assert graph.direct(name) == {one for one in after if not any(one in literally(order, other) for other in after)}


def test_a_step_that_waits_for_an_unknown_one_is_told_as_a_key_error() -> None:
    graph = Graph.of([("a", ["nowhere"]), ("b", ["a"])])
    with pytest.raises(KeyError):
        graph.ancestors("b")


def test_a_copy_with_other_steps_has_an_order_of_its_own(make_saga: MakeSaga, make_step: Make) -> None:
    saga = make_saga(make_step("a"), make_step("b", after=["a"]))
    assert saga.ancestors("b") == {"a"}
    apart = tuple(step.model_copy(update={"after": ()}) for step in saga.steps)
    assert saga.model_copy(update={"steps": apart}).ancestors("b") == set()
    assert saga.ancestors("b") == {"a"}


def test_having_asked_for_the_order_makes_no_saga_another_one(make_saga: MakeSaga, make_step: Make) -> None:
    asked, fresh = (make_saga(make_step("a"), make_step("b", after=["a"])) for _ in range(2))
    asked.ancestors("b")
    assert asked == fresh
    assert asked.as_json() == fresh.as_json()
    assert repr(asked) == repr(fresh)


def long_saga(length: int, make_saga: MakeSaga, make_step: Make, make_retriable: Make) -> Saga:
    """Half of the steps can be undone; each waits for all before it, as a careful author may write it."""
    names = [f"step_{number}" for number in range(length)]
    half = length // 2
    steps = [(make_step if number < half else make_retriable)(name, after=names[:number]) for number, name in enumerate(names)]
    return make_saga(*steps)


@pytest.mark.slow
def test_the_work_for_a_saga_grows_about_as_its_text(make_saga: MakeSaga, make_step: Make, make_retriable: Make) -> None:
    def work(saga: Saga) -> Callable[[], object]:
        return lambda: (
            lint.problems(saga),
            cases.derive(saga),
            [step_slice(saga, step.step) for step in saga.steps],
            saga_svg(saga),
        )

    short, long = (calls_of(work(long_saga(length, make_saga, make_step, make_retriable))) for length in (50, 200))
    assert long < short * 10  # four times the steps; the text is nine times as long, every `after` being written out
