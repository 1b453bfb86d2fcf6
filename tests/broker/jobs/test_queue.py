"""Which jobs are made, dropped, opened again, and what the queue says of those that wait."""

import base64
from typing import Any

import pytest

PROVIDER_FILE = "format: 1\nprovider: billing\nstart: {command: ['./billing', '{port}']}\n"
SHOP, BILLING = "shop", "billing"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is not a matter of the database."""


def announce(broker: Any, number: str, *, branch: str | None = "main", status: int = 201, **fields: Any) -> Any:
    body = {"providerFile": PROVIDER_FILE, "branch": branch, **fields}
    return broker.put(f"/pacticipants/billing/versions/{number}/announcement", body, status)


@pytest.fixture
def publish(broker: Any, make_pact: Any) -> Any:
    def published(number: str, *descriptions: str, branch: str = "main") -> None:
        broker.publish(SHOP, number, (BILLING, make_pact(SHOP, BILLING, *descriptions)), branch=branch)

    return published


def test_an_announced_version_gets_a_job_for_each_contract(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    assert (job["state"], job["provider"], job["providerVersion"], job["consumer"]) == ("queued", BILLING, "7", SHOP)
    assert job["reason"] == "its provider version was announced"
    assert job["waitsFor"].startswith("No worker is there.")
    assert broker.get(f"/jobs/{job['id']}") == job


def test_announcing_again_makes_no_second_job(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    announce(broker, "7", status=200)
    assert broker.get("/jobs")["page"]["totalElements"] == 1


def test_a_job_follows_its_version_to_other_labels(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7", labels=["gpu"])
    broker.put("/workers/ann", {"labels": [], "jobs": []})
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    assert "No worker has the labels gpu" in job["waitsFor"]
    announce(broker, "7", status=200)
    broker.put(f"/jobs/{job['id']}/leases/ann", {"generation": 1}, 409)
    assert broker.put(f"/jobs/{job['id']}/leases/ann", {"generation": 2}, 200)["state"] == "running"


def test_a_version_with_a_result_gets_no_job_but_by_hand(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    broker.verify(SHOP, "1", BILLING, "7")
    announce(broker, "7")
    assert broker.get("/jobs")["_embedded"]["jobs"] == []
    (job,) = broker.post("/jobs", {"provider": BILLING, "version": "7"}, 201)["_embedded"]["jobs"]
    assert (job["state"], job["reason"]) == ("queued", "it was asked for by hand")


def test_what_nobody_announced_is_blocked_and_says_how_to_go_on(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    broker.put("/pacticipants/billing/versions/7", {}, 201)
    (job,) = broker.post("/jobs", {"provider": BILLING, "version": "7"}, 201)["_embedded"]["jobs"]
    assert job["state"] == "blocked"
    assert "sagapact announce provider.yaml --version 7" in job["text"]
    announce(broker, "7")
    assert broker.get(f"/jobs/{job['id']}")["state"] == "queued"


def test_an_older_head_of_the_same_branch_is_dropped_unless_it_is_deployed(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    announce(broker, "8")
    announce(broker, "9")
    states = {one["providerVersion"]: one["state"] for one in broker.get("/jobs")["_embedded"]["jobs"]}
    assert states == {"7": "superseded", "8": "superseded", "9": "queued"}
    broker.deploy(BILLING, "9", "production")
    announce(broker, "10")
    states = {one["providerVersion"]: one["state"] for one in broker.get("/jobs")["_embedded"]["jobs"]}
    assert states == {"7": "superseded", "8": "superseded", "9": "queued", "10": "queued"}


def test_a_job_is_taken_once_and_ends_with_its_first_result(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    own = f"/jobs/{job['id']}"
    assert broker.put(f"{own}/leases/ann", {"generation": 1}, 200)["state"] == "running"
    assert broker.put(f"{own}/leases/ann", {"generation": 1}, 200)["attempts"] == 1, "the first answer may have been lost"
    assert "running by ann" in broker.put(f"{own}/leases/bob", {"generation": 1}, 409)["error"]
    result = {"worker": "ann", "verdict": "kept", "verification": {"success": True}}
    done = broker.put(f"{own}/result", result, 201)
    assert (done["state"], done["verdict"], done["worker"]) == ("done", "kept", "ann")
    late = {"worker": "bob", "verdict": "broken", "verification": {"success": False}}
    assert broker.put(f"{own}/result", late, 200) == done
    found = broker.get(done["_links"]["pb:verification-result"]["href"].removeprefix(broker.url))
    assert (found["success"], found["providerApplicationVersion"]) == (True, "7")
    assert broker.get("/matrix?q[][pacticipant]=shop&q[][pacticipant]=billing")["summary"]["success"] == 1


def test_a_job_that_is_given_back_is_offered_anew(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    own = f"/jobs/{job['id']}"
    broker.put("/workers/ann", {"labels": [], "jobs": []})
    broker.put(f"{own}/leases/ann", {"generation": 1}, 200)
    assert broker.put("/workers/ann", {"labels": [], "jobs": [job["id"], "other"]}, 200)["stop"] == ["other"]
    broker.delete("/workers/ann")
    assert broker.get(own)["state"] == "queued"
    broker.put(f"{own}/leases/ann", {"generation": 1}, 409)
    broker.put(f"{own}/leases/bob", {"generation": 2}, 200)
    broker.delete(f"{own}/leases/bob")
    broker.delete(f"{own}/leases/bob", 404)
    broker.put(f"{own}/leases/bob", {"generation": 3}, 200)
    assert broker.get(own)["attempts"] == 1


@on_sqlite
def test_a_paused_queue_gives_no_job_and_says_why(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    assert broker.put("/job-queue", {"paused": True, "reason": "the machines move"}, 200)["paused"] is True
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    assert job["waitsFor"] == "The queue is paused: the machines move."
    broker.put(f"/jobs/{job['id']}/leases/ann", {"generation": 1}, 409)
    queue = broker.put("/job-queue", {"paused": False}, 200)
    assert (queue["paused"], queue["states"]["queued"]) == (False, 1)
    assert broker.get("/job-queue") == queue
    broker.put(f"/jobs/{job['id']}/leases/ann", {"generation": 1}, 200)


@on_sqlite
def test_a_cancelled_job_is_made_again_by_hand_only(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    broker.delete(f"/jobs/{job['id']}")
    broker.delete(f"/jobs/{job['id']}", 409)
    announce(broker, "7", status=200)
    assert broker.get(f"/jobs/{job['id']}")["state"] == "cancelled"
    broker.post("/jobs", {"provider": BILLING, "version": "7", "consumer": SHOP}, 201)
    assert broker.get(f"/jobs/{job['id']}")["state"] == "queued"


@on_sqlite
def test_a_job_waits_for_a_worker_with_its_labels(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7", labels=["gpu"])
    broker.put("/workers/ann", {"labels": ["linux"], "jobs": []})
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    assert "No worker has the labels gpu" in job["waitsFor"]
    broker.put("/workers/ann", {"labels": ["linux", "gpu"], "jobs": []}, 200)
    assert "waitsFor" not in broker.get(f"/jobs/{job['id']}")
    (worker,) = broker.get("/workers")["_embedded"]["workers"]
    assert (worker["name"], worker["labels"], worker["alive"]) == ("ann", ["linux", "gpu"], True)


@on_sqlite
def test_the_log_of_a_job_is_kept_and_bounded(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    own = f"/jobs/{job['id']}/log"
    assert broker.http.get(own).status_code == 404
    for text in ("first words", "x" * 300_000 + "last words"):
        assert broker.http.put(own, content=text, headers={"Content-Type": "text/plain"}).status_code == 204
    reply = broker.http.get(own, headers={"Accept": "text/plain"})
    assert (len(reply.text), reply.text.endswith("last words")) == (256_000, True)


@on_sqlite
def test_jobs_are_listed_by_state_provider_and_page(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    announce(broker, "7")
    announce(broker, "8")
    assert [one["providerVersion"] for one in broker.get("/jobs?state=queued")["_embedded"]["jobs"]] == ["8"]
    assert broker.get("/jobs?provider=other")["_embedded"]["jobs"] == []
    page = broker.get("/jobs?page=2&size=1")
    assert ([one["providerVersion"] for one in page["_embedded"]["jobs"]], page["page"]["totalPages"]) == (["7"], 2)
    assert "must be one of" in str(broker.get("/jobs?state=lost", 400))


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"providerFile": "just words"}, "is no provider file"),
        ({"providerFile": "a: [1"}, "is no provider file"),
        ({"providerFile": "provider: ledger"}, "must say `provider: billing`"),
        ({"providerFile": None}, "must be the text"),
        ({"archive": "bm90IGEgdGFy"}, "tar file"),
        ({"archive": base64.b64encode(b"\x1f\x8b" + bytes(10_500_000)).decode()}, "cannot be larger"),
        ({"archive": base64.b64encode(b"\x1f\x8b").decode(), "image": "a@sha256:1"}, "beside an image"),
        ({"labels": ["Not so"]}, "small letters"),
        ({"labels": list("abcdefghi")}, "more than 8"),
        ({"atOnce": 0}, "from 1 to 64"),
    ],
)
def test_an_announcement_with_a_fault_is_refused(broker: Any, fields: dict[str, Any], told: str) -> None:
    assert told in str(announce(broker, "7", status=400, **fields))


@on_sqlite
def test_an_announcement_is_shown_with_its_archive(broker: Any) -> None:
    raw = b"\x1f\x8b and so on"
    made = announce(broker, "7", archive=base64.b64encode(raw).decode(), labels=["b", "a", "b"], atOnce=3)
    assert (made["labels"], made["atOnce"], made["providerFile"]) == (["a", "b"], 3, PROVIDER_FILE)
    assert broker.get("/pacticipants/billing/versions/7/announcement") == made
    address = made["_links"]["saga:archive"]["href"]
    assert broker.http.get(address, headers={"Accept": "application/gzip"}).content == raw
    broker.put("/pacticipants/billing/versions/8", {}, 201)
    assert broker.http.get("/pacticipants/billing/versions/8/announcement").status_code == 404


@on_sqlite
def test_a_name_that_reads_like_another_is_not_announced(broker: Any) -> None:
    announce(broker, "7")
    body = {"providerFile": "provider: Billing Service"}
    broker.put("/pacticipants/Billing%20Service/versions/1/announcement", body, 409)


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"worker": "ann", "verdict": "good"},
        {"worker": "ann", "verdict": "kept", "verification": {"success": "yes"}},
        {"worker": "ann", "verdict": "kept", "verification": 1},
        {"worker": "ann", "verdict": "kept", "decks": [{}]},
        {"worker": "ann", "verdict": "kept", "decks": [{"saga": "s", "step": "t", "sha": "x", "verdict": "kept"}]},
    ],
)
def test_a_result_with_a_fault_changes_nothing(broker: Any, publish: Any, body: dict[str, Any]) -> None:
    publish("1", "charge")
    announce(broker, "7")
    (job,) = broker.get("/jobs")["_embedded"]["jobs"]
    broker.put(f"/jobs/{job['id']}/result", body, 400)
    assert broker.get(f"/jobs/{job['id']}")["state"] == "queued"


@on_sqlite
def test_unknown_jobs_workers_and_versions_are_not_found(broker: Any, publish: Any) -> None:
    publish("1", "charge")
    broker.get("/jobs/none", 404)
    broker.delete("/jobs/none", 404)
    broker.delete("/workers/none", 404)
    broker.put("/jobs/none/leases/ann", {"generation": 1}, 404)
    broker.put("/jobs/none/result", {"worker": "ann", "verdict": "kept"}, 404)
    broker.post("/jobs", {"provider": "none", "version": "1"}, 404)
    broker.post("/jobs", {"provider": SHOP, "version": "1"}, 404)
