"""A fault is put only at a call that the recorded runs have made."""

from dataclasses import replace
from typing import Any

import pytest

from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, derive
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play.recorded import Recorded

FIRST, SECOND = Fault("notify", Role.FORWARD, Kind.REPLY_LOST), Fault("notify", Role.FORWARD, Kind.REQUEST_LOST, 2)


def scenario(story: Any, *faults: Fault) -> Scenario:
    return replace(derive(story.saga)[0], faults=faults)


@pytest.fixture
def recorded(committed: Any) -> Recorded:
    """One run without a fault, one in which a reply was lost and the call sent again."""
    known = Recorded()
    known.note(ScenarioRecord(scenario(committed), "saga-7", "committed", 1, trace=tuple(committed.calls)))
    committed.forward("notify")
    known.note(ScenarioRecord(scenario(committed, FIRST), "saga-7", "committed", 1, trace=tuple(committed.calls)))
    return known


def test_a_fault_at_a_call_that_was_made_is_played(recorded: Recorded, committed: Any) -> None:
    assert recorded.why_not(scenario(committed, FIRST)) is None
    assert recorded.why_not(scenario(committed, FIRST, SECOND)) is None


@pytest.mark.parametrize(
    "faults",
    [(SECOND,), (Fault("notify", Role.COMPENSATE, Kind.REPLY_LOST),), (FIRST, replace(SECOND, occurrence=3))],
    ids=["no second try", "nothing to undo", "no third try"],
)
def test_a_fault_at_a_call_that_was_not_made_is_left_out_with_the_reason(
    recorded: Recorded, committed: Any, faults: tuple[Fault, ...]
) -> None:
    why = recorded.why_not(scenario(committed, *faults))

    assert why is not None
    assert why.startswith("The recorded run made no such call (")
    assert faults[-1].text in why


def test_where_no_run_is_recorded_nothing_is_left_out(committed: Any) -> None:
    assert Recorded().why_not(scenario(committed, SECOND)) is None


def test_a_run_of_which_nothing_was_learned_is_not_remembered(committed: Any) -> None:
    known = Recorded()
    known.note(ScenarioRecord(scenario(committed), "saga-7", "committed", 1, error="lost", trace=()))

    assert known.why_not(scenario(committed, FIRST)) is None
