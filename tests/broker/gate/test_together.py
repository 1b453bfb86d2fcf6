"""The smallest set to deploy together is as small as one that is found by trying every set."""

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from saga_broker.gate.run.together import MOST_ADDED, Chosen, smallest

NAMES = ("a", "b", "c", "d", "e")
LIVE = "live"
VERSIONS = ("2", "3")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, list[str]], list[tuple[Chosen, ...]]]:
    """Draw the versions that each pacticipant may have besides the live one, and which versions do not go together."""
    options = {name: draw(st.lists(st.sampled_from(VERSIONS), unique=True, max_size=2)) for name in NAMES[1:]}
    state = st.sampled_from((LIVE, *VERSIONS))
    one = st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True).flatmap(
        lambda names: st.tuples(*(st.tuples(st.just(name), state) for name in sorted(names)))
    )
    return options, draw(st.lists(one, max_size=14))


def _against(added: Sequence[Chosen], bad: Sequence[tuple[Chosen, ...]]) -> list[frozenset[str]]:
    now = dict.fromkeys(NAMES, LIVE) | {"a": "2"} | dict(added)
    return [frozenset(name for name, _ in one) for one in bad if all(now[name] == version for name, version in one)]


@given(worlds())
def test_it_is_as_small_as_what_trying_every_set_finds(world: tuple[dict[str, list[str]], list[tuple[Chosen, ...]]]) -> None:
    options, bad = world

    found = smallest(["a"], lambda name: options[name], lambda added: _against(added, bad), most=10_000)

    every = itertools.product(*([None, *((name, one) for one in options[name])] for name in NAMES[1:]))
    sets = [[one for one in chosen if one is not None] for chosen in every]
    sizes = [len(one) for one in sets if not _against(one, bad)]
    assert found.is_complete
    assert (None if found.added is None else len(found.added)) == min(sizes, default=None)
    assert found.added is None or not _against(found.added, bad)
    assert found == smallest(["a"], lambda name: options[name], lambda added: _against(added, bad), most=10_000)


def test_a_search_that_is_given_up_says_so() -> None:
    bad = [(("a", "2"), ("b", LIVE)), (("b", "2"), ("c", LIVE)), (("c", "2"), ("d", LIVE))]
    options = {"b": ["2"], "c": ["2"], "d": ["2"]}

    given_up = smallest(["a"], lambda name: options[name], lambda added: _against(added, bad), most=2)
    found = smallest(["a"], lambda name: options[name], lambda added: _against(added, bad), most=9)

    assert (given_up.added, given_up.tried, given_up.is_complete) == (None, 2, False)
    assert found.added == (("b", "2"), ("c", "2"), ("d", "2"))
    assert found.tried == 4


def test_a_chain_longer_than_the_bound_is_not_called_impossible() -> None:
    names = [f"p{number}" for number in range(MOST_ADDED + 3)]

    def against(added: Sequence[Chosen]) -> list[frozenset[str]]:
        taken = {"p0", *(name for name, _ in added)}
        return [frozenset({one, after}) for one, after in itertools.pairwise(names) if one in taken and after not in taken]

    found = smallest(["p0"], lambda _: ["2"], against, most=1000)
    assert (found.added, found.is_complete) == (None, False)
