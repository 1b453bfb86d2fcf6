"""What happens in a broker makes jobs, which are offered to workers in the work database."""

from typing import Any

import pytest

from patience import wait_until
from saga_broker.store import events
from saga_broker.store.database.engine import Database

SHOP, BILLING = "shop", "billing"
PROVIDER_FILE = "provider: {}\n"


@pytest.fixture
def broker(serve: Any, tmp_path: Any) -> Any:
    return serve(work=True, work_database_url=f"sqlite:///{tmp_path}/work.sqlite", job_lease_s=1.0)


@pytest.fixture
def publish(broker: Any, make_pact: Any) -> Any:
    def published(number: str, *descriptions: str, branch: str = "main") -> None:
        broker.publish(SHOP, number, (BILLING, make_pact(SHOP, BILLING, *descriptions)), branch=branch)

    return published


def announce(broker: Any, number: str, provider: str = BILLING, *, branch: str = "main") -> None:
    body = {"providerFile": PROVIDER_FILE.format(provider), "branch": branch}
    broker.put(f"/pacticipants/{provider}/versions/{number}/announcement", body)


def states(broker: Any) -> list[tuple[str, str]]:
    found = broker.get("/jobs")["_embedded"]["jobs"]
    return sorted((one["providerVersion"], one["state"]) for one in found)


def expect(broker: Any, *wanted: tuple[str, str]) -> list[Any]:
    wait_until(lambda: states(broker) == sorted(wanted))
    found: list[Any] = broker.get("/jobs")["_embedded"]["jobs"]
    return found


def test_a_content_that_is_new_makes_a_job_at_the_main_head_and_at_what_is_deployed(broker: Any, publish: Any) -> None:
    announce(broker, "1")
    broker.deploy(BILLING, "1", "production")
    announce(broker, "2")
    announce(broker, "3", branch="feature")
    publish("1", "charge")
    jobs = expect(broker, ("1", "queued"), ("2", "queued"))
    assert [one["priority"] for one in sorted(jobs, key=lambda one: one["providerVersion"])] == [2, 1]
    publish("2", "charge")
    publish("3", "charge", "refund", branch="other")
    expect(broker, ("1", "queued"), ("2", "queued"), ("1", "queued"), ("2", "queued"))


def test_a_content_that_no_branch_has_any_more_is_dropped(broker: Any, publish: Any) -> None:
    announce(broker, "1")
    publish("1", "charge")
    expect(broker, ("1", "queued"))
    publish("2", "charge", "refund")
    dropped = expect(broker, ("1", "queued"), ("1", "superseded"))[-1]
    assert "has this content" in dropped["text"]


def test_what_nobody_announced_is_blocked_until_its_own_ci_has_a_result(broker: Any, publish: Any) -> None:
    announce(broker, "1", "ledger")
    broker.put("/pacticipants/billing/branches/main/versions/7", {})
    publish("1", "charge")
    (job,) = expect(broker, ("7", "blocked"))
    assert "Announce it: sagapact announce provider.yaml --version 7" in job["text"]
    broker.verify(SHOP, "1", BILLING, "7")
    publish("2", "charge", "refund")
    expect(broker, ("7", "superseded"), ("7", "blocked"))


def test_where_nobody_announces_anything_there_are_no_jobs(broker: Any, publish: Any, database_url: str) -> None:
    broker.put("/pacticipants/billing/branches/main/versions/7", {})
    publish("1", "charge")
    database = Database(database_url)
    try:
        wait_until(lambda: not _waiting(database))
    finally:
        database.close()
    assert states(broker) == []
    assert "Announce a version" in broker.get("/job-queue")["hint"]


def _waiting(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(events.waiting(connection, 10))


def test_a_version_that_is_deployed_is_verified_where_it_has_no_result(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "1")
    announce(broker, "2")
    expect(broker, ("1", "superseded"), ("2", "queued"))
    broker.deploy(BILLING, "1", "production")
    expect(broker, ("1", "queued"), ("2", "queued"))


def test_a_saga_file_makes_jobs_for_decks_that_nobody_played(broker: Any, make_pact: Any, saga_text: str) -> None:
    announce(broker, "1")
    broker.publish("saga_service", "1", (BILLING, make_pact("saga_service", BILLING, "reserve")), branch="main")
    (job,) = expect(broker, ("1", "queued"))
    broker.put(f"/jobs/{job['id']}/result", {"worker": "ann", "verdict": "kept", "verification": {"success": True}})
    expect(broker, ("1", "done"))
    broker.put("/sagas/vas_purchase/versions/1", {"content": saga_text, "contentType": "application/yaml"})
    (job,) = expect(broker, ("1", "queued"))
    assert job["reason"].startswith("the saga vas_purchase was published")


def test_a_job_of_a_worker_that_is_silent_for_a_lease_is_offered_anew(broker: Any, publish: Any) -> None:
    announce(broker, "1")
    publish("1", "charge")
    (job,) = expect(broker, ("1", "queued"))
    lease = f"/jobs/{job['id']}/leases"
    broker.put("/workers/ann", {"labels": [], "jobs": []})
    wait_until(lambda: broker.http.put(f"{lease}/ann", json={"generation": 1}).status_code in {200, 409})
    wait_until(lambda: broker.get(f"/jobs/{job['id']}")["state"] == "queued")
    assert broker.http.put(f"{lease}/bob", json={"generation": 1}).status_code == 409


def test_the_results_of_a_job_are_told_as_any_other(broker: Any, publish: Any) -> None:
    announce(broker, "1")
    publish("1", "charge")
    (job,) = expect(broker, ("1", "queued"))
    done = broker.put(f"/jobs/{job['id']}/result", {"worker": "ann", "verdict": "broken", "verification": {"success": False}})
    link = done["_links"]["pb:verification-result"]["href"]
    assert broker.http.get(f"{link}/triggered-webhooks").status_code == 200
    assert broker.http.get(f"{link}/interaction-results").status_code == 200
