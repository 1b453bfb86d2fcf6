"""A broker that is killed in the middle of its work: nothing acknowledged is lost, nothing half is left."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S

CLIENTS, ENOUGH = 8, 120
PROVIDERS, TAGS = ("Bar", "Baz"), ("dev", "t")


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill_under_load_and_nothing_is_half(
    start: Any, database_url: str, make_pact: Any, until: Any
) -> None:
    broker = start(database_url)
    numbers = count()
    put: list[str] = []
    published: list[str] = []

    def work(client: int) -> None:
        with httpx.Client(base_url=broker.url, trust_env=False, timeout=PATIENCE_S) as http:
            while True:
                number = f"{'put' if client % 2 else 'whole'}-{next(numbers)}"
                try:
                    if client % 2:
                        put_pact(http, number, make_pact)
                        put.append(number)
                    else:
                        publish(http, number, make_pact)
                        published.append(number)
                except httpx.TransportError:
                    return

    with ThreadPoolExecutor(CLIENTS) as pool:
        running = pool.map(work, range(CLIENTS))
        until(lambda: min(len(put), len(published)) >= ENOUGH // 2, 90)
        broker.process.kill()
        list(running)
    again = start(database_url)

    versions = again.http.get("/pacticipants/Foo/versions").json()["_embedded"]["versions"]
    stored = {version["number"]: contents_of(version) for version in versions}
    assert set(put) | set(published) <= set(stored)
    for number, found in stored.items():
        whole = (set(PROVIDERS), set(TAGS), {"main"}) if number.startswith("whole") else ({"Bar"}, set(), set())
        assert found == whole, number
    for number in (*put[-5:], *published[-5:]):
        document = again.http.get(f"/pacts/provider/Bar/consumer/Foo/version/{number}").json()
        assert document["interactions"][0]["description"] == f"{number} with Bar"
    heads = [version["number"] for version in versions if any(one["latest"] for one in version["_embedded"]["branchVersions"])]
    assert heads == [again.http.get("/pacticipants/Foo/branches/main/latest-version").json()["number"]]
    publish(again.http, "whole-after", make_pact)


def put_pact(http: httpx.Client, number: str, make_pact: Any) -> None:
    path = f"/pacts/provider/Bar/consumer/Foo/version/{number}"
    http.put(path, json=make_pact("Foo", "Bar", f"{number} with Bar")).raise_for_status()


def publish(http: httpx.Client, number: str, make_pact: Any) -> None:
    contracts = [
        {
            "consumerName": "Foo",
            "providerName": provider,
            "specification": "pact",
            "contentType": "application/json",
            "content": base64.b64encode(json.dumps(make_pact("Foo", provider, f"{number} with {provider}")).encode()).decode(),
        }
        for provider in PROVIDERS
    ]
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": number, "branch": "main", "tags": TAGS, "contracts": contracts}
    http.post("/contracts/publish", json=body).raise_for_status()


def contents_of(version: Any) -> tuple[set[str], set[str], set[str]]:
    """Give the providers, tags and branches of a version; a branch that a lone tag made is none that was sent."""
    links = version["_links"].get("pb:pact-versions", [])
    providers = {link["href"].partition("/provider/")[2].partition("/")[0] for link in links}
    embedded = version["_embedded"]
    return providers, {tag["name"] for tag in embedded["tags"]}, {one["name"] for one in embedded["branchVersions"]}
