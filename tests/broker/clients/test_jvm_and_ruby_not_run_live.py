"""The calls of pact-jvm and of the old Ruby verifier, in their order and with their headers, as their sources make them.

Neither is run live here: what is shown is that the broker answers what their next call needs. The Ruby client's own recorded
contract is verified among the conformance tests.
"""

import base64
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

    def asked(self, path: str) -> Any:
        return self.get(f"{self._url}{path}")

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
def jvm(broker: Any) -> Iterator[HalClient]:
    with httpx.Client(headers={"Accept": "application/hal+json, application/json"}, trust_env=False, timeout=PATIENCE_S) as http:
        yield HalClient(broker.url, http)


@pytest.fixture
def ruby(broker: Any) -> Iterator[HalClient]:
    with httpx.Client(headers={"Accept": "application/hal+json"}, trust_env=False, timeout=PATIENCE_S) as http:
        yield HalClient(broker.url, http)


def selected(client: HalClient, body: Any) -> Any:
    """Ask for the pacts to verify; there is one."""
    answer = client.post(client.link(client.index(), "pb:provider-pacts-for-verification", provider=PROVIDER), body)
    (entry,) = answer["_embedded"]["pacts"]
    return entry


def result_of(pact: Any, *, success: bool) -> dict[str, Any]:
    """Write a result as pact-jvm does."""
    interaction: dict[str, Any] = {"interactionId": pact["interactions"][0]["_id"], "success": success}
    if not success:
        interaction["mismatches"] = [{"attribute": "status", "description": "expected status of 200 but was 500"}]
        interaction["interactionDescription"] = f"{CONSUMER} - a"
    return {
        "success": success,
        "providerApplicationVersion": "7",
        "verifiedBy": {"implementation": "Pact-JVM", "version": "4.6.17"},
        "testResults": [interaction],
    }


def test_pact_jvm_not_run_live_verifies_with_branch_and_tags(broker: Any, make_pact: MakePact, jvm: HalClient) -> None:
    broker.publish(CONSUMER, "1", (PROVIDER, make_pact(CONSUMER, PROVIDER, "a")), branch="main")
    asked = {
        "consumerVersionSelectors": [{"mainBranch": True}, {"deployedOrReleased": True}],
        "includePendingStatus": True,
        "providerVersionTags": [],
        "includeWipPactsSince": "2020-01-01",
        "providerVersionBranch": "main",
    }

    entry = selected(jvm, asked)
    pact = jvm.get(jvm.link(entry, "self"))
    provider = jvm.get(jvm.link(pact, "pb:provider"))
    jvm.put(jvm.link(provider, "pb:branch-version", version="7", branch="main"))
    jvm.put(jvm.link(provider, "pb:version-tag", version="7", tag="dev/1"))
    jvm.post(jvm.link(pact, "pb:publish-verification-results"), result_of(pact, success=False))

    assert entry["verificationProperties"]["pending"] is True
    assert {type(value) for notice in entry["verificationProperties"]["notices"] for value in notice.values()} == {str}
    stored = broker.get(f"/pacts/provider/{PROVIDER}/consumer/{CONSUMER}/version/1/verification-results/latest")
    assert stored["verifiedBy"] == {"implementation": "Pact-JVM", "version": "4.6.17"}
    of_interactions = broker.get(f"{stored['_links']['self']['href']}/interaction-results")
    assert of_interactions["interactionResults"][0]["problems"][0]["description"] == "expected status of 200 but was 500"
    version = broker.get(f"/pacticipants/{PROVIDER}/versions/7")["_embedded"]
    assert ([one["name"] for one in version["branchVersions"]], version["tags"][0]["name"]) == (["main"], "dev/1")


QUESTIONS: dict[str, bool | None] = {
    "&q[][version]=1&environment=test": True,
    "&q[][latest]=true&environment=test": True,
    "&q[][tag]=dev&latest=true&tag=prod": True,
    "&q[][version]=1&mainBranch=true&latest=true": True,
    "&q[][version]=1&latest=true": True,
    "&q[][version]=2&environment=test": False,
    "&q[][version]=1&environment=production": None,
    "&q[][version]=1&environment=production&ignore[][pacticipant]=Shelf": True,
}


def test_pact_jvm_not_run_live_asks_whether_it_can_deploy(broker: Any, make_pact: MakePact, jvm: HalClient) -> None:
    """In pact-jvm's order of keys `latestby` stands between the keys of the selector."""
    broker.publish(CONSUMER, "1", (PROVIDER, make_pact(CONSUMER, PROVIDER, "a")), branch="main", tags=["dev"])
    broker.verify(CONSUMER, "1", PROVIDER, "7")
    broker.put(f"/pacticipants/{PROVIDER}/branches/main/versions/7", {})
    broker.put(f"/pacticipants/{PROVIDER}/versions/7/tags/prod", {})
    broker.deploy(PROVIDER, "7", "test")

    answers = {query: jvm.asked(f"/matrix?q[][pacticipant]=Big+Reader&latestby=cvp{query}") for query in QUESTIONS}

    assert {query: answer["summary"]["deployable"] for query, answer in answers.items()} == QUESTIONS
    kinds = {(type(answer["summary"]["unknown"]), type(answer["summary"]["reason"])) for answer in answers.values()}
    assert kinds == {(int, str)}
    result = answers["&q[][version]=1&environment=test"]["matrix"][0]["verificationResult"]
    assert jvm.get(result["_links"]["self"]["href"])["success"] is True


def test_pact_jvm_not_run_live_publishes_without_a_branch(broker: Any, make_pact: MakePact, jvm: HalClient) -> None:
    content = base64.b64encode(json.dumps(make_pact(CONSUMER, PROVIDER, "a")).encode()).decode()
    contract = {
        "consumerName": CONSUMER,
        "providerName": PROVIDER,
        "specification": "pact",
        "contentType": "application/json",
        "content": content,
    }
    body = {"pacticipantName": CONSUMER, "pacticipantVersionNumber": "1", "tags": [], "contracts": [contract]}

    answer = jvm.post(jvm.link(jvm.index(), "pb:publish-contracts"), body)

    assert all(isinstance(notice["text"], str) for notice in answer["notices"])
    assert broker.get(f"/pacts/provider/{PROVIDER}/consumer/{CONSUMER}/version/1")["interactions"][0]["description"] == "a"


def test_pact_jvm_not_run_live_finds_the_latest_pacts_of_a_provider(broker: Any, make_pact: MakePact, jvm: HalClient) -> None:
    broker.publish(CONSUMER, "1", (PROVIDER, make_pact(CONSUMER, PROVIDER, "a")), tags=["prod"])
    for relation, values in (("pb:latest-provider-pacts", {}), ("pb:latest-provider-pacts-with-tag", {"tag": "prod"})):
        listed = jvm.get(jvm.link(jvm.index(), relation, provider=PROVIDER, **values))["_links"]["pb:pacts"]
        assert [one["name"] for one in listed] == [CONSUMER]
        assert jvm.get(listed[0]["href"])["interactions"][0]["description"] == "a"


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
