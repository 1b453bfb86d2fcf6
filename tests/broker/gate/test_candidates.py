"""A candidate takes the place of one installation and of no more."""

import pytest

from saga_broker.gate.run.candidates import Candidate, Live, did_you_mean, standing

ONE, BLUE, GREEN = Live("1"), Live("1", "blue"), Live("2", "green")
OUT = Live("9", released=True)


@pytest.mark.parametrize(
    ("live", "candidates", "left"),
    [
        ([ONE], [], ["1"]),
        ([ONE], [Candidate("p", "3")], ["3"]),
        ([ONE], [Candidate("p", "3"), Candidate("p", "4")], ["3", "4"]),
        ([ONE, OUT], [Candidate("p", "3")], ["3", "9"]),
        ([OUT], [Candidate("p", "3")], ["3", "9"]),
        ([], [Candidate("p", "3")], ["3"]),
        ([BLUE], [Candidate("p", "3")], ["3"]),
        ([BLUE, GREEN], [Candidate("p", "3")], ["3", "1", "2"]),
        ([BLUE, GREEN], [Candidate("p", "3", "blue")], ["3", "2"]),
        ([BLUE, GREEN], [Candidate("p", "3", "blue"), Candidate("p", "4", "green")], ["3", "4"]),
        ([BLUE, GREEN], [Candidate("p", "3", "red")], ["3", "1", "2"]),
        ([BLUE], [Candidate("p", "3", "red")], ["3", "1"]),
        ([ONE], [Candidate("p", "3", "red")], ["3", "1"]),
        ([ONE, GREEN], [Candidate("p", "3")], ["3", "2"]),
        ([ONE, GREEN], [Candidate("p", "3", "green")], ["3", "1"]),
        ([Live("1", "")], [Candidate("p", "3", "")], ["3"]),
        ([ONE, Live("2", "")], [Candidate("p", "3", "")], ["3", "1"]),
        ([ONE, Live("1", "blue")], [Candidate("p", "1")], ["1"]),
        ([ONE], [Candidate("p", "1")], ["1"]),
    ],
)
def test_the_other_installations_stay_live(live: list[Live], candidates: list[Candidate], left: list[str]) -> None:
    assert standing(live, candidates) == left


def test_the_nearest_word_is_named() -> None:
    assert did_you_mean("biling", ["billing", "shop"]) == " Did you mean billing?"
    assert did_you_mean("zzz", ["billing"]) == ""
