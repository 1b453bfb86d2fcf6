"""A token for some pacticipants writes about no other, wherever the request names it: in its path, its body, or by a key."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from postgres import KINDS

on_both = pytest.mark.parametrize("database_url", KINDS, indirect=True)
PACT = {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": []}
JSON = {"Content-Type": "application/json"}
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
RESULT = {"success": True, "providerApplicationVersion": "1"}
WithRights = Callable[..., httpx.Client]
Ask = Callable[[httpx.Client], httpx.Response]


def contracts(consumer: str, *others: str) -> dict[str, Any]:
    """Write a body of `POST /contracts/publish`; `others` are consumers of more contracts in it."""
    listed = [
        {
            "consumerName": name,
            "providerName": "Bar",
            "specification": "pact",
            "contentType": "application/json",
            "content": base64.b64encode(json.dumps({**PACT, "consumer": {"name": name}}).encode()).decode(),
        }
        for name in (consumer, *others)
    ]
    return {"pacticipantName": consumer, "pacticipantVersionNumber": "1", "contracts": listed}


@pytest.fixture
def limited(with_rights: WithRights, administrator: httpx.Client) -> httpx.Client:
    """A client for everything, but only about Foo and `a/b`."""
    administrator.post("/contracts/publish", json=contracts("Foo")).raise_for_status()
    administrator.post("/contracts/publish", json=contracts("Other")).raise_for_status()
    return with_rights("administer", name="foo's", pacticipants=["Foo", "a/b"])


def result_address(client: httpx.Client) -> str:
    pact = client.get("/pacts/provider/Bar/consumer/Foo/version/1").json()
    return str(pact["_links"]["pb:publish-verification-results"]["href"])


OWN: dict[str, Ask] = {
    "in the path": lambda client: client.put("/pacticipants/Foo/versions/2", json={}),
    "encoded in the path": lambda client: client.put("/pacticipants/a%2Fb/versions/2", json={}),
    "in the body": lambda client: client.post("/contracts/publish", json=contracts("Foo")),
    "in a new one's body": lambda client: client.post("/pacticipants", json={"name": "Foo"}),
    "as the consumer of a pact": lambda client: client.put("/pacts/provider/Bar/consumer/Foo/version/3", json=PACT),
}
FOREIGN: dict[str, Ask] = {
    "in the path": lambda client: client.put("/pacticipants/Other/versions/2", json={}),
    "in another case": lambda client: client.put("/pacticipants/foo/versions/2", json={}),
    "in the body": lambda client: client.post("/contracts/publish", json=contracts("Other")),
    "as one of several": lambda client: client.post("/contracts/publish", json=contracts("Foo", "Other")),
    "in a new one's body": lambda client: client.post("/pacticipants", json={"name": "New"}),
    "as the consumer of a pact": lambda client: client.put("/pacts/provider/Foo/consumer/Other/version/3", json=PACT),
    "as the provider of a result": lambda client: client.post(result_address(client), json=RESULT),
    "as one side of a pair": lambda client: client.delete("/integrations/provider/Bar/consumer/Foo"),
    "with all others": lambda client: client.delete("/integrations"),
    "as nobody": lambda client: client.post("/environments", json={"name": "uat", "production": False}),
    "in a body that is none": lambda client: client.post("/contracts/publish", content=b"{", headers=JSON),
}


def test_its_own_pacticipants_may_be_written_about(limited: httpx.Client) -> None:
    assert {where for where, ask in OWN.items() if not ask(limited).is_success} == set()


def test_another_pacticipant_is_refused_wherever_it_is_named(limited: httpx.Client) -> None:
    replies = {where: ask(limited) for where, ask in FOREIGN.items()}
    assert {where: reply.status_code for where, reply in replies.items()} == dict.fromkeys(FOREIGN, 403)
    assert all("may write about 'Foo', 'a/b' only" in reply.json()["error"] for reply in replies.values())


def test_everything_may_be_read(limited: httpx.Client) -> None:
    assert limited.get("/pacticipants/Other").status_code == 200
    assert limited.post("/pacts/provider/Bar/for-verification", json={}).status_code == 200


@on_both
def test_a_deployment_is_ended_by_who_may_write_about_its_pacticipant(limited: httpx.Client, administrator: httpx.Client) -> None:
    uuid = administrator.get("/environments").json()["_embedded"]["environments"][0]["uuid"]
    ended = {}
    for name in ("Foo", "Other"):
        made = administrator.post(f"/pacticipants/{name}/versions/1/deployed-versions/environment/{uuid}", json={})
        ended[name] = limited.patch(
            f"/deployed-versions/{made.json()['uuid']}",
            content=b'{"currentlyDeployed": false}',
            headers=MERGE_PATCH,
        ).status_code
    ended["nothing"] = limited.patch("/deployed-versions/none", content=b"{}", headers=MERGE_PATCH).status_code
    assert ended == {"Foo": 200, "Other": 403, "nothing": 404}


def test_a_saga_is_published_by_who_may_write_about_owner_and_executor(
    with_rights: WithRights, guarded: Any, saga_text: str
) -> None:
    body = {"content": saga_text, "contentType": "application/yaml"}
    statuses = [
        with_rights("publish", name=str(number), pacticipants=names).put("/sagas/vas_purchase/versions/1", json=body).status_code
        for number, names in enumerate((["saga_service"], ["vas_owner"], ["saga_service", "vas_owner"]))
    ]
    assert statuses == [403, 403, 201]
