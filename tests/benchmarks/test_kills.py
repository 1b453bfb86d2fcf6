"""What is written of the zoo's measurement: a row for each kind of fault, a cell for each mutant."""

from defusedxml.ElementTree import fromstring
from tests.benchmarks.kills import RIGHTLY, WRONGLY, Kill, markdown, svg

from mutants import mutants

KILLS = [Kill(mutant, {mutant.bad.obligation: mutant.shown}) for mutant in mutants()]
SVG = "{http://www.w3.org/2000/svg}"


def test_every_mutant_has_a_cell_in_the_row_of_its_kind() -> None:
    drawing = fromstring(svg(KILLS))

    assert len(drawing.findall(f"{SVG}rect")) == len(KILLS)
    assert {one.get("fill") for one in drawing.findall(f"{SVG}rect")} == {RIGHTLY}
    assert len({one.get("y") for one in drawing.findall(f"{SVG}rect")}) == len({one.mutant.bad.kind for one in KILLS})


def test_a_mutant_that_is_missed_or_blamed_for_something_else_stands_out() -> None:
    first, second = KILLS[0], KILLS[1]
    missed, blamed = Kill(first.mutant, {}), Kill(second.mutant, {second.mutant.bad.obligation: "F", "O1": "F"})

    assert svg([missed, blamed]).count(WRONGLY) == 2
    assert markdown([missed, blamed]).count("**no**") == 2
