"""pact-python's verifier (libpact_ffi) takes its pacts from the broker and publishes its results there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Verify = Callable[..., dict[str, Any]]
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


@pytest.fixture
def verify(pact_python: Callable[[dict[str, Any]], dict[str, Any]], broker: Any, provider: Any) -> Verify:
    """Verify the provider with pacts of the broker; the answer then also tells what the provider received."""
    names = (f"run{number}" for number in count())

    def verified(**run: Any) -> dict[str, Any]:
        name = next(names)
        complete = {"provider": "Shelf", "provider_url": f"{provider.url}/{name}", "broker_url": broker.url, **run}
        return {**pact_python(complete), "received": provider.received(name)}

    return verified


def last_result(broker: Any, consumer: str, number: str) -> Any:
    return broker.get(f"/pacts/provider/Shelf/consumer/{consumer}/version/{number}/verification-results/latest")


SELECTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "default": ({}, ["a1", "a2", "b1", "b2"]),
    "main": ({"selectors": [{"main_branch": True}]}, ["a2", "b2"]),
    "main-of-one": ({"selectors": [{"main_branch": True, "consumer": "Alpha"}]}, ["a2"]),
    "branch": ({"selectors": [{"branch": "feat/x"}]}, ["a4"]),
    "fallback": ({"selectors": [{"branch": "gone", "fallback_branch": "feat/x"}]}, ["a4"]),
    "fallback-unused": ({"selectors": [{"branch": "other", "fallback_branch": "feat/x"}]}, ["b3"]),
    "latest": ({"selectors": [{"latest": True}]}, ["a4", "b3"]),
    "latest-of-one": ({"selectors": [{"latest": True, "consumer": "Beta"}]}, ["b3"]),
    "tag": ({"selectors": [{"tag": "dev"}]}, ["a3", "a4"]),
    "latest-tag": ({"selectors": [{"tag": "dev", "latest": True}]}, ["a4"]),
    "fallback-tag": ({"selectors": [{"tag": "gone", "latest": True, "fallback_tag": "prod"}]}, ["a1"]),
    "consumer-tags": ({"consumer_tags": ["dev"]}, ["a4"]),
    "deployed": ({"selectors": [{"deployed": True}]}, ["a1"]),
    "released": ({"selectors": [{"released": True}]}, ["b1"]),
    "live": ({"selectors": [{"deployed_or_released": True}]}, ["a1", "b1"]),
    "environment": ({"selectors": [{"environment": "production"}]}, ["a1", "b1"]),
    "deployed-there": ({"selectors": [{"deployed": True, "environment": "production"}]}, ["a1"]),
    "deployed-elsewhere": ({"selectors": [{"deployed": True, "environment": "test"}]}, []),
    "matching": ({"selectors": [{"matching_branch": True}], "branch": "feat/x"}, ["a4"]),
    "several": ({"selectors": [{"main_branch": True}, {"deployed_or_released": True}]}, ["a1", "a2", "b1", "b2"]),
}


def test_the_provider_receives_the_interactions_of_the_selected_pacts(broker: Any, publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "a1", branch="main", tags=["prod"])
    publish_paths("Alpha", "2", "a2", branch="main")
    publish_paths("Alpha", "3", "a3", branch="feat/x", tags=["dev"])
    publish_paths("Alpha", "4", "a4", branch="feat/x", tags=["dev"])
    publish_paths("Beta", "1", "b1", branch="trunk")
    publish_paths("Beta", "2", "b2", branch="trunk")
    publish_paths("Beta", "3", "b3", branch="other")
    broker.patch("/pacticipants/Beta", {"mainBranch": "trunk"})
    broker.deploy("Alpha", "1", "production")
    production = broker.environment("production")
    broker.post(f"/pacticipants/Beta/versions/1/released-versions/environment/{production}", {}, 201)

    answers = {name: verify(**run) for name, (run, _) in SELECTIONS.items()}

    received = {name: answer["received"] for name, answer in answers.items()}
    assert received == {name: expected for name, (_, expected) in SELECTIONS.items()}
    assert [name for name, answer in answers.items() if not answer["passed"]] == ["deployed-elsewhere"]
    assert "No pacts found for provider 'Shelf'" in answers["deployed-elsewhere"]["output"]


def test_results_are_stored_for_each_interaction(broker: Any, provider: Any, publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "good", "bad", branch="main")
    provider.broken.add("bad")
    publish = {"version": "7", "url": "https://ci.example/7", "branch": "feat/p", "tags": ["dev"]}

    answer = verify(selectors=[{"main_branch": True}], publish=publish)

    assert answer["passed"] is False
    stored = last_result(broker, "Alpha", "1")
    facts = [stored[field] for field in ("success", "providerApplicationVersion", "buildUrl")]
    assert facts == [False, "7", "https://ci.example/7"]
    ids = {one["description"]: one["_id"] for one in broker.get("/pacts/provider/Shelf/consumer/Alpha/latest")["interactions"]}
    assert {one["interactionId"]: one["success"] for one in stored["testResults"]} == {ids["good"]: True, ids["bad"]: False}
    of_interactions = broker.get(f"{stored['_links']['self']['href']}/interaction-results")
    told = {one["interactionDescription"]: one["problems"] for one in of_interactions["interactionResults"]}
    assert told == {
        "good": [],
        "bad": [{"type": "mismatch", "attribute": "status", "description": "expected 200 but was 500"}],
    }
    version = broker.get("/pacticipants/Shelf/versions/7")["_embedded"]
    assert [one["name"] for one in version["branchVersions"]] == ["feat/p"]
    assert [one["name"] for one in version["tags"]] == ["dev"]


def test_a_success_is_stored_and_opens_the_gate(broker: Any, publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "good", branch="main")
    answer = verify(selectors=[{"main_branch": True}], publish={"version": "7", "branch": "main"})
    broker.deploy("Shelf", "7", "test")

    assert answer["passed"] is True
    assert last_result(broker, "Alpha", "1")["success"] is True
    gate = broker.get("/can-i-deploy", pacticipant="Alpha", version="1", environment="test")
    assert gate["summary"]["deployable"] is True


def test_nothing_is_stored_unless_asked_for(broker: Any, publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "good", branch="main")
    assert verify(selectors=[{"main_branch": True}])["passed"] is True
    broker.get("/pacts/provider/Shelf/consumer/Alpha/version/1/verification-results/latest", 404)


def test_a_pending_pact_does_not_fail_the_run_until_it_was_kept_once(
    broker: Any, provider: Any, publish_paths: Any, verify: Verify
) -> None:
    publish_paths("Alpha", "1", "new", branch="main")
    asked = {"selectors": [{"main_branch": True}], "branch": "main", "pending": True}

    def publish(version: str) -> dict[str, str]:
        return {"version": version, "branch": "main"}

    provider.broken.add("new")
    pending = verify(**asked, publish=publish("1"))
    strict = verify(selectors=[{"main_branch": True}], branch="main")
    provider.broken.clear()
    kept = verify(**asked, publish=publish("2"))
    provider.broken.add("new")
    broken = verify(**asked, publish=publish("3"))

    assert [run["passed"] for run in (pending, strict, kept, broken)] == [True, False, True, False]
    assert [one["pending"] for one in pending["results"]["interactionResults"]] == [True]
    assert "This pact is in pending state for this version of Shelf" in pending["output"]
    assert "still in pending state for any version of Shelf from branch 'main'" in pending["output"]
    assert "no longer in pending state for any version of Shelf from branch 'main'" in kept["output"]
    assert "This pact has previously been successfully verified by a version of Shelf from branch 'main'" in broken["output"]
    assert last_result(broker, "Alpha", "1")["success"] is False


def test_work_in_progress_is_added_and_does_not_fail_the_run(
    broker: Any, provider: Any, publish_paths: Any, verify: Verify
) -> None:
    publish_paths("Alpha", "1", "settled", branch="main")
    asked = {"selectors": [{"main_branch": True}], "branch": "main", "pending": True}
    verify(**asked, publish={"version": "1", "branch": "main"})
    publish_paths("Alpha", "2", "wip", branch="feat/x")
    provider.broken.add("wip")

    without = verify(**asked)
    answer = verify(**asked, wip_since=YESTERDAY, publish={"version": "2", "branch": "main"})

    assert (without["received"], answer["received"]) == (["settled"], ["settled", "wip"])
    assert answer["passed"] is True
    assert "it is a 'work in progress' pact" in answer["output"]
    assert last_result(broker, "Alpha", "2")["success"] is False


def test_tags_of_the_provider_decide_what_is_pending(broker: Any, provider: Any, publish_paths: Any, verify: Verify) -> None:
    broker.put("/pacticipants/Shelf/versions/0/tags/green", {})
    publish_paths("Alpha", "1", "new", tags=["dev"])
    selectors = [{"tag": "dev", "latest": True}]
    verify(selectors=selectors, tags=["blue"], pending=True, publish={"version": "1", "tags": ["blue"]})
    provider.broken.add("new")

    known = verify(selectors=selectors, tags=["blue"], pending=True)
    both = verify(selectors=selectors, tags=["blue", "green"], pending=True)

    assert (known["passed"], both["passed"]) == (False, True)
    assert "with tag 'green'" in both["output"]


@pytest.mark.parametrize("credentials", [{"token": "a-token"}, {"username": "reader", "password": "a-password"}])
def test_credentials_are_no_hindrance_where_the_broker_asks_for_none(
    broker: Any, publish_paths: Any, verify: Verify, credentials: dict[str, str]
) -> None:
    publish_paths("Alpha", "1", "good", branch="main")
    answer = verify(selectors=[{"main_branch": True}], credentials=credentials, publish={"version": "1", "branch": "main"})
    assert answer["passed"] is True
    assert last_result(broker, "Alpha", "1")["success"] is True


def test_a_selector_that_the_broker_refuses_fails_the_run(publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "good", branch="main")
    answer = verify(selectors=[{"environment": "none"}])
    assert (answer["passed"], answer["received"]) == (False, [])
    assert "with name 'none' does not exist" in json.dumps(answer)


def test_without_selectors_main_branches_or_else_the_latest_pacts_are_verified(
    broker: Any, publish_paths: Any, verify: Verify
) -> None:
    publish_paths("Alpha", "1", "a1", branch="main")
    publish_paths("Alpha", "2", "a2", branch="feat/x")
    publish_paths("Beta", "1", "b1")

    answer = verify(without_selectors=True, publish={"version": "7", "branch": "main"})

    assert (answer["passed"], answer["received"]) == (True, ["a1", "b1"])
    assert last_result(broker, "Beta", "1")["success"] is True


def test_one_pact_is_verified_by_its_address(broker: Any, publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "a1", branch="main")
    publish_paths("Alpha", "2", "a2", branch="main")
    pact = broker.get("/pacts/provider/Shelf/consumer/Alpha/version/1")

    answer = verify(pact_url=pact["_links"]["pb:pact-version"]["href"], publish={"version": "7", "branch": "main"})

    assert (answer["passed"], answer["received"]) == (True, ["a1"])
    assert last_result(broker, "Alpha", "1")["providerApplicationVersion"] == "7"
    broker.get("/pacts/provider/Shelf/consumer/Alpha/version/2/verification-results/latest", 404)
