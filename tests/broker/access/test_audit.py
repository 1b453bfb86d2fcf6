"""The audit log: who wrote what, in the transaction of the write, without bodies and tokens."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from postgres import KINDS
from saga_broker.http.logs import redacted

WithRights = Callable[..., httpx.Client]
CANARY = "hunter2-in-the-body"


def log(client: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    reply = client.get("/audit", params=asked)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["_embedded"]["writes"]
    return found


def contract() -> dict[str, Any]:
    content = {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": [], "metadata": {"x": CANARY}}
    item = {
        "consumerName": "Foo",
        "providerName": "Bar",
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(content).encode()).decode(),
    }
    return {"pacticipantName": "Foo", "pacticipantVersionNumber": "1", "contracts": [item]}


@pytest.mark.parametrize("database_url", KINDS, indirect=True)
def test_each_write_that_was_stored_has_a_line(with_rights: WithRights, administrator: httpx.Client, until: Any) -> None:
    publisher = with_rights("publish", name="ci")
    publisher.post("/contracts/publish", json=contract(), headers={"X-Request-Id": "run-7"}).raise_for_status()
    publisher.put("/pacticipants/Foo/versions/1/tags/a%2Fb", json={}).raise_for_status()
    administrator.delete("/integrations/provider/Bar/consumer/Foo").raise_for_status()

    until(lambda: all(line["status"] is not None for line in log(administrator)))
    lines = log(administrator)
    assert [(line["token"], line["method"], line["path"], line["pacticipants"], line["status"]) for line in lines] == [
        ("administer", "DELETE", "/integrations/provider/Bar/consumer/Foo", ["Foo", "Bar"], 204),
        ("ci", "PUT", "/pacticipants/Foo/versions/1/tags/a%2Fb", ["Foo"], 201),
        ("ci", "POST", "/contracts/publish", ["Foo"], 200),
    ]
    assert lines[2]["requestId"] == "run-7"
    assert [line["method"] for line in log(administrator, token="ci")] == ["PUT", "POST"]
    assert [line["method"] for line in log(administrator, pacticipant="Bar")] == ["DELETE"]
    assert log(administrator, pacticipant="foo") == []


def test_what_was_refused_asked_or_read_has_none(with_rights: WithRights, administrator: httpx.Client) -> None:
    client = with_rights("publish", "verify", name="ci")
    refused = [
        client.post("/environments", json={"name": "uat", "production": False}),
        client.post("/contracts/publish", json={}),
        client.delete("/pacticipants/Nobody/versions/1/tags/x"),
    ]
    client.get("/pacticipants").raise_for_status()
    client.post("/pacts/provider/Bar/for-verification", json={})
    assert [reply.status_code for reply in refused] == [403, 400, 404]
    assert log(administrator) == []


def test_bodies_and_tokens_are_in_none(with_rights: WithRights, administrator: httpx.Client) -> None:
    publisher = with_rights("publish", name="ci")
    publisher.post("/contracts/publish", json=contract()).raise_for_status()
    text = publisher.headers["Authorization"].removeprefix("Bearer ")
    (line,) = log(administrator)
    assert line["tokenPrefix"] == text[:10]
    assert CANARY not in json.dumps(line)
    assert text not in json.dumps(line)


def test_the_log_is_read_in_parts(with_rights: WithRights, administrator: httpx.Client) -> None:
    publisher = with_rights("publish", name="ci")
    for number in range(5):
        publisher.put(f"/pacticipants/Foo/versions/{number}", json={}).raise_for_status()
    seen: list[str] = []
    document = administrator.get("/audit", params={"size": "2", "token": "ci"}).json()
    assert document["page"] == {"number": 1, "size": 2, "totalElements": 5, "totalPages": 3}
    while True:
        seen += [line["path"][-1] for line in document["_embedded"]["writes"]]
        if "next" not in document["_links"]:
            break
        document = administrator.get(document["_links"]["next"]["href"]).json()
    assert seen == ["4", "3", "2", "1", "0"]


def test_a_write_that_is_rolled_back_leaves_no_line(administrator: httpx.Client, database: Any, with_rights: WithRights) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON tags BEGIN SELECT RAISE(ABORT, 'no'); END")
    assert with_rights("publish").put("/pacticipants/Foo/versions/1/tags/x", json={}, timeout=PATIENCE_S).status_code == 500
    assert log(administrator) == []


def test_a_token_in_an_address_is_in_no_line_and_no_log(
    with_rights: WithRights, administrator: httpx.Client, make_token: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    token = make_token("read", name="lost")
    with_rights("publish").put(f"/pacticipants/Foo/versions/{token}", json={}).raise_for_status()
    assert redacted(f"GET /x?q={token}") == "GET /x?q=***"
    (line,) = log(administrator)
    assert line["path"] == "/pacticipants/Foo/versions/***"
    assert token not in caplog.text
