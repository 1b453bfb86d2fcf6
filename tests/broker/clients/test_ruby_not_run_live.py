"""The calls of the old Ruby verifier, in their order and with their headers, as its source makes them.

It is not run live here: what is shown is that the broker answers what their next call needs. The Ruby client's own recorded
contract is verified among the conformance tests.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from patience import PATIENCE_S

MakePact = Callable[..., dict[str, Any]]
CONSUMER, PROVIDER = "Big Reader", "Shelf"


class HalClient:
    """Follows links from the index, as a HAL client does."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._url = url
        self._http = http

    def index(self) -> Any:
        return self.get(self._url)

    def get(self, address: str) -> Any:
        return self._answer(self._http.get(address))

    def put(self, address: str) -> Any:
        return self._answer(self._http.put(address, content="{}", headers={"Content-Type": "application/json"}))

    def post(self, address: str, body: Any, **headers: str) -> Any:
        sent = {"Content-Type": "application/json", **headers}
        return self._answer(self._http.post(address, content=json.dumps(body), headers=sent))

    @staticmethod
    def link(document: Any, relation: str, **values: str) -> str:
        address = str(document["_links"][relation]["href"])
        for name, value in values.items():
            address = address.replace("{" + name + "}", quote(value, safe=""))
        assert "{" not in address
        return address

    @staticmethod
    def _answer(reply: httpx.Response) -> Any:
        assert reply.is_success, f"{reply.status_code} {reply.text}"
        return reply.json()


@pytest.fixture
def ruby(broker: Any) -> Iterator[HalClient]:
    with httpx.Client(headers={"Accept": "application/hal+json"}, trust_env=False, timeout=PATIENCE_S) as http:
        yield HalClient(broker.url, http)


def selected(client: HalClient, body: Any) -> Any:
    """Ask for the pacts to verify; there is one."""
    answer = client.post(client.link(client.index(), "pb:provider-pacts-for-verification", provider=PROVIDER), body)
    (entry,) = answer["_embedded"]["pacts"]
    return entry


def test_the_old_ruby_verifier_not_run_live_verifies_with_tags(broker: Any, make_pact: MakePact, ruby: HalClient) -> None:
    broker.publish(CONSUMER, "1", (PROVIDER, make_pact(CONSUMER, PROVIDER, "a")), tags=["main"])
    asked = {
        "includePendingStatus": True,
        "consumerVersionSelectors": [{"tag": "main", "latest": True}],
        "providerVersionTags": ["main"],
    }

    entry = selected(ruby, asked)
    pact = ruby.get(ruby.link(entry, "self"))
    provider = ruby.get(ruby.link(pact, "pb:provider"))
    ruby.put(ruby.link(provider, "pb:version-tag", version="7", tag="main"))
    example = {
        "testDescription": "has status code 200",
        "status": "passed",
        "interactionProviderState": None,
        "interactionDescription": "a",
    }
    sent = {"success": True, "providerApplicationVersion": "7", "testResults": {"tests": [example]}}
    ruby.post(ruby.link(pact, "pb:publish-verification-results"), sent, Accept="*/*")

    assert entry["verificationProperties"]["pending"] is True
    assert selected(ruby, asked)["verificationProperties"]["pending"] is False
    stored = broker.get(f"/pacts/provider/{PROVIDER}/consumer/{CONSUMER}/version/1/verification-results/latest")
    of_interactions = broker.get(f"{stored['_links']['self']['href']}/interaction-results")
    assert of_interactions["summary"] == {"success": 1, "failed": 0, "unknown": 0}
