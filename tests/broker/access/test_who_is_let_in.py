"""How a token is shown, and who is refused in which words."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from postgres import KINDS
from saga_broker.access.tokens import digest_of
from saga_broker.store.access import tokens as store
from saga_broker.store.database.types import now

on_both = pytest.mark.parametrize("database_url", KINDS, indirect=True)
MakeToken = Callable[..., str]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_token_is_shown_as_bearer_or_as_the_password_of_any_user(guarded: Any, make_token: MakeToken) -> None:
    text = make_token("read")
    for written in (f"Bearer {text}", f"bearer  {text}", basic("anybody", text), basic("", text)):
        assert guarded.http.get("/pacticipants", headers={"Authorization": written}).status_code == 200


NO_TOKENS = ("", "Bearer", "Digest x", "Basic x", basic("token", ""), "Bearer " + "x" * 5000, "Ünï")


def test_what_is_no_token_is_asked_for_one(guarded: Any) -> None:
    replies = [guarded.http.get("/", headers={"Authorization": written.encode()}) for written in NO_TOKENS]
    assert {reply.status_code for reply in replies} == {401}
    reply = replies[0]
    assert "This broker asks for a token. Send it as 'Authorization: Bearer TOKEN'" in reply.json()["error"]
    assert reply.headers.get_list("WWW-Authenticate") == [
        'Bearer realm="Sagapact broker"',
        'Basic realm="Sagapact broker", charset="UTF-8"',
    ]


def test_a_token_that_differs_in_one_place_is_not_known(guarded: Any, make_token: MakeToken) -> None:
    text = make_token("read")
    for other in (text + "x", text[:-1], text.swapcase(), "sgp_", digest_of(text)):
        reply = guarded.http.get("/", headers={"Authorization": f"Bearer {other}"})
        assert (reply.status_code, "is not known to this broker" in reply.json()["error"]) == (401, True)


def test_the_error_is_a_problem_for_who_asks_for_problems(guarded: Any) -> None:
    reply = guarded.http.get("/", headers={"Accept": "application/hal+json, application/problem+json"})
    assert (reply.status_code, reply.json()["title"]) == (401, "Unauthorized")
    assert reply.headers["Content-Type"].startswith("application/problem+json")


def test_a_token_is_refused_from_the_moment_on_when_it_is_over(serve: Any, make_token: MakeToken) -> None:
    begun = now()
    moments = [begun]
    broker = serve(clock=lambda: moments[-1], tokens=True)
    sent = {"Authorization": f"Bearer {make_token('read', name='ci', expires_at=begun + timedelta(days=1))}"}
    assert broker.http.get("/", headers=sent).status_code == 200

    moments.append(begun + timedelta(days=1))

    reply = broker.http.get("/", headers=sent)
    assert reply.status_code == 401
    assert "The token 'ci' (sgp_" in reply.json()["error"]
    assert "is over" in reply.json()["error"]


@on_both
def test_a_token_that_was_taken_back_is_refused_within_a_second_in_every_process(
    serve: Any, make_token: MakeToken, database: Any
) -> None:
    brokers = [serve(tokens=True), serve(tokens=True)]
    sent = {"Authorization": f"Bearer {make_token('read', name='ci')}"}
    assert [one.http.get("/", headers=sent).status_code for one in brokers] == [200, 200]

    with database.write() as connection:
        store.revoke(connection, store.live_with(connection, "ci")[0])
    taken_back = now()
    for one in brokers:
        asked = now()
        while (reply := one.http.get("/", headers=sent)).status_code == 200:
            assert asked - taken_back < timedelta(seconds=1)  # of when it was sent: the answer may take its time
            asked = now()
        assert "was taken back" in reply.json()["error"]


def test_a_new_token_is_known_at_once(guarded: Any, make_token: MakeToken) -> None:
    for number in range(3):
        sent = {"Authorization": f"Bearer {make_token('read', name=str(number))}"}
        assert guarded.http.get("/", headers=sent).status_code == 200


def test_a_right_that_is_missing_is_named(with_rights: Callable[..., httpx.Client]) -> None:
    reply = with_rights("publish", name="ci").post("/environments", json={"name": "uat", "production": False})
    assert reply.status_code == 403
    assert reply.json()["error"].startswith("The token 'ci' (sgp_")
    assert reply.json()["error"].endswith("allows to read and publish; this needs administer. Use a token that allows it.")


PUBLIC = {
    "public_read": {"/": 200, "/metrics": 200, "/audit": 401, "/diagnostic/status/heartbeat": 200},
    "public_badges": {"/": 401, "/pacts/provider/Bar/consumer/Foo/latest/badge": 307, "/diagnostic/status/heartbeat": 200},
    "public_heartbeat": {
        "/": 401,
        "/diagnostic/status/heartbeat": 200,
        "/diagnostic/status/dependencies": 200,
        "/pacts/provider/Bar/consumer/Foo/latest/badge": 401,
    },
}


@pytest.mark.parametrize("setting", PUBLIC)
def test_what_the_operator_opens_needs_no_token_and_nothing_else_is_open(serve: Any, setting: str) -> None:
    broker = serve(**{"tokens": True, "public_heartbeat": True, setting: True})
    assert {path: broker.http.get(path).status_code for path in PUBLIC[setting]} == PUBLIC[setting]
    assert broker.http.put("/pacticipants/Foo", json={}).status_code == 401
    assert broker.http.post("/environments", json={}).status_code == 401


def test_public_reading_lets_a_provider_ask_for_its_pacts(serve: Any) -> None:
    broker = serve(tokens=True, public_read=True)
    assert broker.http.post("/pacts/provider/Bar/for-verification", json={}).status_code == 404


def test_a_wrong_token_is_refused_where_reading_is_public(serve: Any) -> None:
    broker = serve(tokens=True, public_read=True)
    assert broker.http.get("/", headers={"Authorization": "Bearer sgp_wrong"}).status_code == 401


def test_the_heartbeat_can_be_closed_and_never_looks_at_the_token_when_open(serve: Any) -> None:
    closed = serve(tokens=True, public_heartbeat=False)
    assert closed.http.get("/diagnostic/status/heartbeat").status_code == 401
    opened = serve(tokens=True)
    assert opened.http.get("/diagnostic/status/heartbeat", headers={"Authorization": "Bearer wrong"}).status_code == 200


@on_both
def test_the_last_use_is_kept_to_the_minute(serve: Any, make_token: MakeToken, database: Any, until: Any) -> None:
    moments = [now()]
    broker = serve(clock=lambda: moments[-1], tokens=True)
    sent = {"Authorization": f"Bearer {make_token('read')}"}

    def last_used() -> Any:
        with database.read() as connection:
            return store.listing(connection)[0].last_used_at

    assert last_used() is None
    broker.http.get("/", headers=sent)
    until(lambda: last_used() == moments[0])
    moments.append(moments[0] + timedelta(seconds=59))
    broker.http.get("/", headers=sent)
    moments.append(moments[0] + timedelta(seconds=61))
    broker.http.get("/", headers=sent)
    until(lambda: last_used() == moments[2])


def test_a_tag_named_like_an_environment_records_a_deployment_only_for_who_may_deploy(
    with_rights: Callable[..., httpx.Client],
) -> None:
    publisher, deployer = with_rights("publish"), with_rights("deploy")
    publisher.put("/pacticipants/Foo/versions/1", json={}).raise_for_status()
    versions = {}
    for client in (publisher, deployer):
        assert client.put("/pacticipants/Foo/versions/1/tags/production", json={}).is_success
        found = client.get("/environments", params={"name": "production"}).json()["_embedded"]["environments"][0]["uuid"]
        listed = client.get(f"/environments/{found}/deployed-versions/currently-deployed").json()
        versions[client] = len(listed["_embedded"]["deployedVersions"])
    assert list(versions.values()) == [0, 1]


def test_the_description_says_how_a_token_is_sent_and_which_right_is_needed(guarded: Any, make_token: MakeToken) -> None:
    document = guarded.http.get("/openapi.json", headers={"Authorization": f"Bearer {make_token('read')}"}).json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "basic"}
    assert document["security"] == [{"bearer": []}, {"basic": []}, {}]
    publishing = document["paths"]["/contracts/publish"]["post"]
    assert publishing["description"] == "Needs the right publish."
    assert {"401", "403", "429"} <= publishing["responses"].keys()
