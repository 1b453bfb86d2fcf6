"""Lines of two texts are aligned as the Pact Broker aligns them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from saga_broker.pact.alignment import aligned
from saga_broker.pact.diff import pact_diff

LINES = st.lists(st.sampled_from("abc"), max_size=9)


@given(LINES, LINES)
def test_an_alignment_is_a_longest_common_subsequence(old: list[str], new: list[str]) -> None:
    found = aligned(old, new)
    assert all(old[i] == new[j] for i, j in found)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(found))
    assert len(found) == longest(tuple(old), tuple(new))


def longest(old: tuple[str, ...], new: tuple[str, ...]) -> int:
    rows = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i, line in enumerate(old):
        for j, other in enumerate(new):
            rows[i + 1][j + 1] = rows[i][j] + 1 if line == other else max(rows[i][j + 1], rows[i + 1][j])
    return rows[-1][-1]


def test_an_interaction_that_was_deleted_is_shown_as_deleted_lines_only() -> None:
    one, two, three = ({"description": name, "request": {"path": f"/{name}"}, "response": {"status": 200}} for name in "abc")
    shown = pact_diff({"interactions": [one, two, three]}, {"interactions": [one, two]}, 5).split("\n")
    assert [line for line in shown if line.startswith("+")] == []
    assert [line.strip("- ,") for line in shown if line.startswith("-")] == [
        *("{", '"description": "c"', '"request": {', '"path": "/c"', "}", '"response": {', '"status": 200', "}", "}")
    ]
