"""The benchmark of whole sagas counts kills apart, and is no success when scenarios are slow or not kept."""

import pytest
from tests.benchmarks.e2e.__main__ import Measured, Pace, exit_status, parted, table

from saga_e2e.derive.scenarios import derive
from saga_e2e.stage.landscape import reference_landscape


def measured(*paces: Pace) -> Measured:
    return Measured("process", 2.0, paces)


def test_scenarios_in_which_a_service_dies_are_counted_apart() -> None:
    found = parted(derive(reference_landscape().saga()))

    assert set(found) == {"without a kill", "with a kill"}
    assert all(any(fault.crashes for fault in one.faults) for one in found["with a kill"])
    assert not any(fault.crashes for one in found["without a kill"] for fault in one.faults)


@pytest.mark.parametrize(
    ("pace", "status"),
    [
        (Pace("without a kill", 50, 30.0, ()), 0),
        (Pace("without a kill", 49, 30.0, ()), 1),
        (Pace("without a kill", 50, 30.0, ("committed",)), 1),
        (Pace("with a kill", 1, 30.0, ()), 0),
    ],
)
def test_slow_or_not_kept_is_no_success(pace: Pace, status: int) -> None:
    assert exit_status(measured(pace), 100) == status


def test_the_table_tells_scenarios_a_minute_and_names_what_was_not_kept() -> None:
    text = table(measured(Pace("without a kill", 50, 20.0, ("late-at-notify",))))

    assert "50 scenarios in 20.0 s, 150 a minute" in text
    assert "not kept: late-at-notify" in text
