"""Integrations, the dashboard and the figures."""

from collections.abc import Callable
from typing import Any

import pytest

MakePact = Callable[..., dict[str, Any]]


def pairs(document: Any) -> list[tuple[str, str]]:
    return [(one["consumer"]["name"], one["provider"]["name"]) for one in document["_embedded"]["integrations"]]


@pytest.fixture
def filled(broker: Any, make_pact: MakePact) -> Any:
    for consumer, provider in (("Foo", "Bar"), ("Foo", "Baz"), ("Zoo", "Bar")):
        broker.publish(consumer, "1", (provider, make_pact(consumer, provider, "a")), branch="main", tags=["dev"])
    broker.verify("Foo", "1", "Bar", "10")
    return broker


def test_integrations_are_listed_the_last_changed_first(filled: Any) -> None:
    document = filled.get("/integrations")
    assert pairs(document) == [("Foo", "Bar"), ("Zoo", "Bar"), ("Foo", "Baz")]
    links = document["_embedded"]["integrations"][0]["_links"]
    assert set(links) == {"pb:dashboard", "pb:matrix", "pb:group", "pb:delete_integration"}
    for relation in ("pb:dashboard", "pb:matrix"):
        filled.get(links[relation]["href"])
    assert pairs(filled.get("/integrations", q="ba")) == pairs(document)
    assert pairs(filled.get("/integrations", q="ZO")) == [("Zoo", "Bar")]
    second = filled.get("/integrations", page=2, size=2)
    assert (pairs(second), second["page"]["totalPages"]) == ([("Foo", "Baz")], 2)


def test_integrations_are_given_as_a_graph_when_nothing_else_is_asked_for(filled: Any) -> None:
    for accept in ("*/*", "text/vnd.graphviz"):
        reply = filled.http.get("/integrations", headers={"Accept": accept})
        assert reply.headers["content-type"] == "text/vnd.graphviz;charset=utf-8"
        assert reply.text.startswith("digraph {")
        assert '"Foo" -> "Bar"' in reply.text


def test_a_deleted_integration_leaves_what_others_need(filled: Any) -> None:
    for accept in ("application/hal+json", "*/*"):
        reply = filled.http.delete("/integrations/provider/Bar/consumer/Foo", headers={"Accept": accept})
        assert reply.status_code == 204, accept
    assert sorted(pairs(filled.get("/integrations"))) == [("Foo", "Baz"), ("Zoo", "Bar")]
    filled.get("/pacts/provider/Bar/consumer/Foo/latest", 404)
    filled.get("/pacts/provider/Baz/consumer/Foo/latest")
    filled.delete("/integrations/provider/Baz/consumer/Foo")
    filled.get("/pacticipants/Foo", 404)
    filled.get("/pacticipants/Bar")
    filled.delete("/integrations/provider/None/consumer/Zoo", 404)


def test_all_integrations_are_deleted_at_once(filled: Any) -> None:
    filled.delete("/integrations")
    assert pairs(filled.get("/integrations")) == []
    assert filled.get("/pacticipants")["pacticipants"] == []


def test_the_dashboard_shows_the_latest_the_tagged_and_the_live_pacts(broker: Any, make_pact: MakePact) -> None:
    for number, tags in (("1", []), ("2", ["prod"]), ("3", ["dev"]), ("4", ["dev"]), ("5", [])):
        broker.publish("Foo", number, ("Bar", make_pact("Foo", "Bar", number)), branch="main", tags=tags)
    broker.deploy("Foo", "1", "test")
    broker.verify("Foo", "2", "Bar", "10")
    broker.verify("Foo", "4", "Bar", "10", success=False)

    items = broker.get("/dashboard/provider/Bar/consumer/Foo")["items"]

    found = [
        (one["consumer"]["version"]["number"], one["verificationStatus"], [tag["name"] for tag in one["pactTags"]])
        for one in items
    ]
    assert found == [("5", "never", []), ("4", "failed", ["dev"]), ("2", "success", ["prod"]), ("1", "never", [])]
    assert items[0]["consumer"]["version"]["headBranchNames"] == ["main"]
    assert (items[0]["latestVerificationResult"], items[0]["provider"]["version"]) == (None, None)
    assert items[2]["provider"]["version"]["number"] == "10"
    assert items[2]["latestVerificationResult"]["success"] is True
    assert broker.get("/dashboard") == {"items": items}
    broker.get("/dashboard/provider/None/consumer/Foo", 404)


def test_the_dashboard_of_all_pairs_is_given_in_parts(filled: Any) -> None:
    first = filled.get("/dashboard", page=1, size=2)
    every = [(one["consumer"]["name"], one["provider"]["name"]) for one in filled.get("/dashboard")["items"]]
    assert every == [("Foo", "Bar"), ("Foo", "Baz"), ("Zoo", "Bar")]
    assert [one["consumer"]["name"] for one in first["items"]] == ["Foo", "Zoo"]
    assert first["page"] == {"number": 1, "size": 2, "totalElements": 3, "totalPages": 2}
    assert len(filled.get(first["_links"]["next"]["href"])["items"]) == 1


def test_the_metrics_count_everything(filled: Any) -> None:
    filled.verify("Foo", "1", "Bar", "10", success=False)
    filled.deploy("Bar", "10", "test")
    figures = filled.get("/metrics")

    counts = {name: value["count"] for name, value in figures.items() if "count" in value}
    assert counts == {
        "pacticipants": 4,
        "integrations": 3,
        "pactPublications": 3,
        "pactVersions": 3,
        "verificationResults": 2,
        "pacticipantVersions": 3,
        "webhooks": 0,
        "tags": 2,
        "triggeredWebhooks": 0,
        "webhookExecutions": 0,
        "environments": 2,
        "deployedVersions": 1,
        "releasedVersions": 0,
        "matrix": -1,
    }
    assert figures["interactions"]["latestInteractionsCount"] == 3
    assert figures["tags"]["distinctWithPacticipantCount"] == 2
    branched = figures["pacticipantVersions"]
    assert branched["withBranchSetCount"] == branched["withBranchCount"] >= branched["withUserCreatedBranchCount"]
    results = figures["verificationResults"]
    assert (results["successCount"], results["failureCount"], results["distinctCount"]) == (1, 1, 2)
    assert figures["pactRevisionsPerConsumerVersion"]["distribution"] == {"1": 1, "2": 1}
    assert figures["deployedVersions"]["currentlyDeployedCount"] == 1
