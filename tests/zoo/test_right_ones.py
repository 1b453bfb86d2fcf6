"""Right participants, each written differently, are accused of nothing: here once, at night many times."""

from pathlib import Path

import pytest

from foreign import need
from saga_contracts.declare.verdict import Verdict
from zoo import RIGHT, judged, the_step

NODE = ("lra_flights", "lookup_bookings")


@pytest.mark.slow
@pytest.mark.parametrize("folder", RIGHT.values(), ids=RIGHT)
def test_a_right_participant_is_accused_of_nothing(folder: Path) -> None:
    if folder.name in NODE:
        need("node")
    results = judged(folder, the_step(folder))
    assert [one.text for one in results if one.verdict not in (Verdict.KEPT, Verdict.WAIVED)] == []
