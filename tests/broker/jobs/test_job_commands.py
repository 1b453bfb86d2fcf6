"""`sagapact jobs`, against a real broker."""

from typing import Any

import pytest

from command_line import here

SHOP, BILLING = "shop", "billing"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def job(broker: Any, make_pact: Any) -> str:
    broker.publish(SHOP, "1", (BILLING, make_pact(SHOP, BILLING, "charge")), branch="main")
    broker.put("/pacticipants/billing/versions/7/announcement", {"providerFile": "provider: billing\n", "branch": "main"})
    return str(broker.get("/jobs")["_embedded"]["jobs"][0]["id"])


def test_the_queue_is_looked_at_paused_and_emptied(broker: Any, job: str) -> None:
    place = ("--broker-url", broker.url)
    listed = here("jobs", "list", "--state", "queued", *place)
    assert listed.out.splitlines()[0] == f"{job}  queued  billing 7 with shop"
    assert "No worker is there" in listed.out
    assert here("jobs", "pause", "--reason", "the machines move", *place).out == "paused\n"
    assert "The queue is paused: the machines move." in here("jobs", "list", "--provider", BILLING, *place).out
    here("jobs", "resume", *place)
    assert here("jobs", "cancel", job, *place).out == f"cancelled: {job}\n"
    assert here("jobs", "cancel", job, *place).status == 1
    assert here("jobs", "list", "--state", "queued", *place).out == "There are no such jobs.\n"
    assert here("jobs", "run", BILLING, "--version", "7", "--consumer", SHOP, *place).out.startswith(f"{job}  queued")


def test_the_log_of_a_job_is_shown(broker: Any, job: str) -> None:
    assert here("jobs", "log", job, "--broker-url", broker.url).status == 2
    broker.http.put(f"/jobs/{job}/log", content="it began", headers={"Content-Type": "text/plain"})
    assert here("jobs", "log", job, "--broker-url", broker.url).out == "it began\n"


def test_a_version_that_nobody_knows_is_wrong_usage(broker: Any, job: str) -> None:
    assert here("jobs", "run", BILLING, "--version", "none", "--broker-url", broker.url).status == 2
