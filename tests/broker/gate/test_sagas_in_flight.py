"""A version that executed a saga counts until no saga that it began can be on its way."""

from datetime import timedelta
from typing import Any

import pytest

from command_line import here
from saga_broker.gate.run.in_flight import span
from small_sagas import retriable, step

A_WHILE = timedelta(hours=1)
LONG = timedelta(hours=13)
CHANGED = (step(timeout_ms=2000), retriable())
"""Steps with other slices, so that a deck result of the one file says nothing of the other."""


@pytest.fixture
def two(landscape: Any) -> Any:
    """Shop 1 was deployed and replaced by shop 2, whose saga file is another; all is kept by version 10 of each participant."""
    landscape.holds()
    _publish_the_second(landscape)
    landscape.deploy("shop", "2")
    return landscape


def _publish_the_second(landscape: Any) -> None:
    landscape.saga("2", steps=CHANGED)
    landscape.pacts("2")
    for name in ("pay_service", "tell_service"):
        landscape.kept(name, of="2")


def test_a_new_participant_must_still_keep_what_an_undeployed_version_began(two: Any) -> None:
    two.kept("pay_service", "11", of="2")
    two.moment += A_WHILE

    answer = two.ask("pay_service:11")

    assert answer["canRun"] is None
    (why,) = [one for one in answer["reasons"] if one["verdict"] == "unknown" and one["type"] == "deck_missing"]
    assert "It counts for sagas that shop 1 began." in why["text"]
    assert "wait until 2026-05-05 00:00:" in why["mend"]
    assert why["until"].startswith("2026-05-05T00:00:")
    assert why["command"].startswith(
        "sagapact create-version-tag shop --version 1 --tag in-flight && sagapact verify provider.yaml"
    )


def test_the_pact_of_a_version_that_was_taken_away_is_found_by_the_tag_of_the_command(two: Any) -> None:
    done = here("create-version-tag", "shop", "-e", "1", "-t", "in-flight", SAGAPACT_BROKER_URL=two.broker.url)
    body = {"consumerVersionSelectors": [{"consumer": "shop", "tag": "in-flight"}]}
    found = two.broker.post("/pacts/provider/pay_service/for-verification", body)["_embedded"]["pacts"]
    assert done.status == 0, done.text
    assert len(found) == 1
    assert "(1)" in found[0]["_links"]["self"]["name"]


def test_when_no_saga_can_be_in_flight_any_more_it_no_longer_counts(two: Any) -> None:
    two.kept("pay_service", "11", of="2")
    two.moment += LONG
    assert two.ask("pay_service:11")["canRun"] is True


def test_it_is_told_how_long_sagas_may_be_in_flight_and_from_what_that_follows(two: Any) -> None:
    answer = two.ask()

    assert answer["canRun"] is True, answer["summary"]
    (told,) = [one for one in answer["reasons"] if one["type"] == "sagas_in_flight"]
    assert told["verdict"] == "yes"
    assert "shop 1 was taken away from test at 2026-05-04 12:00:00 UTC" in told["text"]
    assert (
        "18 s to its last step, 9 s to undo, 12 h to the checker's look, not declared (policies.check_after_ms)" in told["text"]
    )
    assert "(in flight)" in answer["summary"]


def test_a_declared_delay_of_the_checker_is_taken(landscape: Any) -> None:
    landscape.holds(policies={"check_after_ms": 0})
    _publish_the_second(landscape)
    landscape.deploy("shop", "2")
    landscape.kept("pay_service", "11", of="2")
    landscape.moment += timedelta(minutes=1)
    assert landscape.ask("pay_service:11")["canRun"] is True


def test_a_version_that_is_replaced_by_this_deployment_counts_for_what_comes_with_it(landscape: Any) -> None:
    landscape.holds()
    _publish_the_second(landscape)
    landscape.kept("pay_service", "11", of="2")

    alone, together = landscape.ask("shop:2"), landscape.ask("shop:2", "pay_service:11")

    assert alone["canRun"] is True
    assert together["canRun"] is None
    (told,) = [one for one in together["reasons"] if one["type"] == "sagas_in_flight"]
    assert "is replaced" in told["text"]
    assert told["until"] is None


def test_a_version_that_mends_a_saga_is_not_held_up_by_what_the_broken_one_began(landscape: Any) -> None:
    landscape.holds()
    landscape.verify("pay_service", success=False)
    _publish_the_second(landscape)
    assert landscape.ask()["canRun"] is False
    assert landscape.ask("shop:2")["canRun"] is True
    landscape.deploy("shop", "2")
    assert landscape.ask()["canRun"] is False, "sagas that shop 1 began are still broken"
    landscape.exists("shop", "3")
    landscape.moment += LONG
    assert landscape.ask()["canRun"] is True


def test_a_version_with_the_same_file_and_pacts_asks_nothing_more(landscape: Any) -> None:
    landscape.holds()
    landscape.saga("2")
    landscape.pacts("2")
    landscape.deploy("shop", "2")
    assert not [one for one in landscape.ask()["reasons"] if one["type"] == "sagas_in_flight"]


def test_a_release_whose_support_ended_counts_as_well(landscape: Any) -> None:
    landscape.holds()
    _publish_the_second(landscape)
    landscape.deploy("shop", "2")
    landscape.moment += LONG
    landscape.release("shop", "1")
    uuid = landscape.broker.environment("test")
    (row,) = landscape.broker.get(f"/environments/{uuid}/released-versions/currently-supported")["_embedded"]["releasedVersions"]
    landscape.broker.patch(f"/released-versions/{row['uuid']}", {"currentlySupported": False})
    assert [one["version"] for one in landscape.ask()["reasons"] if one["type"] == "sagas_in_flight"] == ["1"]


def test_several_versions_of_a_saga_live_at_once_are_told_apart_in_the_reasons(landscape: Any) -> None:
    landscape.holds()
    landscape.saga("2", steps=CHANGED)
    landscape.pacts("2")
    landscape.deploy("shop", "2", "blue")

    answer = landscape.ask()

    assert answer["canRun"] is None
    assert "Saga sale 1 can run in test" in answer["summary"]
    assert "saga sale 2 can run in test" in answer["summary"]
    assert {one["sagaVersion"] for one in answer["reasons"]} == {"1", "2"}


def test_a_length_of_time_is_told_in_two_units() -> None:
    assert [span(ms) for ms in (0, 999, 61_000, 7_200_000, 90_000_000)] == ["0 s", "999 ms", "1 min 1 s", "2 h", "1 d 1 h"]
