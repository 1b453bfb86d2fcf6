"""The index: its relations, and that each of them leads somewhere."""

from collections.abc import Callable
from typing import Any

MakePact = Callable[..., dict[str, Any]]

RELATIONS = {
    *("self", "curies", "pb:publish-pact", "pb:publish-contracts", "pb:latest-pact-versions", "pb:tagged-pact-versions"),
    *("pb:branch-pact-versions", "pb:latest-branch-pact-versions", "pb:main-branch-pact-versions"),
    *("pb:latest-main-branch-pact-versions", "pb:provider-pacts-with-main-branch", "pb:provider-pacts-with-branch"),
    *("pb:latest-provider-pacts-with-main-branch", "pb:latest-provider-pacts-with-branch", "pb:pacticipants", "pb:pacticipant"),
    *("pb:latest-provider-pacts", "pb:latest-provider-pacts-with-tag", "pb:provider-pacts-with-tag", "pb:provider-pacts"),
    *("pb:latest-version", "pb:latest-tagged-version", "pb:integrations", "pb:pacticipant-version-tag", "pb:pacticipant-branch"),
    *("pb:pacticipant-branch-version", "pb:pacticipant-version", "pb:metrics"),
    *("pb:can-i-deploy-pacticipant-version-to-tag", "pb:can-i-deploy-pacticipant-version-to-environment"),
    *("pb:webhook", "pb:webhooks"),
    *("pb:provider-pacts-for-verification", "beta:provider-pacts-for-verification", "pb:environments", "pb:environment"),
}
OF_SAGAS = {
    *("saga:sagas", "saga:saga-version", "saga:can-run", "saga:can-deploy", "saga:what-if"),
    *("saga:jobs", "saga:workers", "saga:announcement"),
}


def test_the_index_offers_every_relation_that_works(broker: Any) -> None:
    links = broker.get("/")["_links"]

    assert set(links) - OF_SAGAS == RELATIONS
    assert {name for name, link in links.items() if name != "curies" and not link.get("title")} == set()
    assert [curie["name"] for curie in links["curies"]][:2] == ["pb", "beta"]


def test_every_relation_of_the_index_leads_to_a_resource(broker: Any, make_pact: MakePact) -> None:
    broker.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main", tags=["dev"])
    broker.deploy("Foo", "1", "test")
    values = {"pacticipant": "Foo", "consumer": "Foo", "provider": "Bar", "version": "1", "consumerApplicationVersion": "1"}
    values |= {"tag": "dev", "branch": "main", "environment": "test", "uuid": broker.environment("test")}
    made = broker.http.post("/webhooks", json={"request": {"method": "POST", "url": "https://ci.example/build"}})
    of_webhook = {**values, "uuid": made.headers["Location"].rpartition("/")[2]}
    links = broker.get("/")["_links"]
    hrefs = {
        name: links[name]["href"].format(**(of_webhook if name == "pb:webhook" else values)) for name in RELATIONS - {"curies"}
    }

    found = {name: broker.http.get(href).status_code for name, href in hrefs.items()}

    assert {name: status for name, status in found.items() if status != 200} == {"pb:publish-contracts": 405}


def test_templated_links_are_marked_as_such(broker: Any) -> None:
    links = broker.get("/")["_links"]
    marked = {name for name, link in links.items() if name != "curies" and link.get("templated")}
    assert marked == {name for name, link in links.items() if name != "curies" and "{" in link["href"]}


def test_the_heartbeat_says_that_the_broker_runs(broker: Any) -> None:
    reply = broker.http.get("/diagnostic/status/heartbeat")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/hal+json")
    assert reply.json() == {"ok": True, "_links": {"self": {"href": f"{broker.url}/diagnostic/status/heartbeat"}}}


def test_the_dependencies_are_reported(broker: Any) -> None:
    assert broker.get("/diagnostic/status/dependencies")["database"] == {"ok": True}


def test_every_answer_carries_the_brokers_version_and_no_validators(broker: Any) -> None:
    headers = broker.http.get("/").headers
    assert (headers["X-Pact-Broker-Version"].count("."), headers["Vary"], headers["Cache-Control"]) == (2, "Accept", "no-cache")
    assert "ETag" not in headers
    assert "Last-Modified" not in headers


def test_a_page_accepts_options(broker: Any) -> None:
    reply = broker.http.options("/pacticipants/Foo")
    assert (reply.status_code, reply.content) == (200, b"")
    assert set(reply.headers["Access-Control-Allow-Methods"].split(", ")) >= {"GET", "PUT", "PATCH", "DELETE", "OPTIONS"}
