"""People show a token once, on a page; the session that it opens reads and writes only for the broker's own pages."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from prompt_server import plain_client
from saga_broker.access.origin import is_foreign, is_own
from saga_broker.store.access import tokens as store
from saga_broker.store.database.types import now

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
MakeToken = Callable[..., str]
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def person(guarded: Any) -> Iterator[httpx.Client]:
    """A browser without a session."""
    with plain_client(guarded.url, headers={"Accept": BROWSER}, timeout=PATIENCE_S) as client:
        yield client


def signed_in(person: httpx.Client, token: str, back: str = "/") -> httpx.Response:
    return person.post("/login", data={"token": token, "next": back}, headers=OWN)


def test_who_shows_nothing_is_asked_for_a_token_and_comes_back(person: httpx.Client, make_token: MakeToken) -> None:
    sent_on = person.get("/pacticipants?q=a%20b")
    asking = person.get(sent_on.headers["Location"])
    back = signed_in(person, make_token("read", name="Ann"), "/pacticipants?q=a%20b")
    shown = person.get(back.headers["Location"])

    assert (sent_on.status_code, sent_on.headers["Location"]) == (303, "/login?next=%2Fpacticipants%3Fq%3Da%2520b")
    assert 'name="next" value="/pacticipants?q=a%20b"' in asking.text
    assert (back.status_code, shown.status_code) == (303, 200)
    assert "Sign out (Ann)" in shown.text


def test_programs_and_wrong_tokens_are_not_sent_to_the_page(guarded: Any, person: httpx.Client) -> None:
    assert guarded.http.get("/").status_code == 401
    assert person.put("/pacticipants/Foo", json={}).status_code == 401
    wrong = signed_in(person, "sgp_wrong")
    assert (wrong.status_code, "This is no token of this broker" in wrong.text) == (400, True)
    assert "set-cookie" not in wrong.headers


def test_the_cookie_is_for_no_script_and_says_nothing(person: httpx.Client, make_token: MakeToken, database: Any) -> None:
    token = make_token("read")
    (cookie,) = SimpleCookie(signed_in(person, token).headers["Set-Cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "lax", "/")
    assert 0 < int(cookie["max-age"]) <= 12 * 3600
    with database.read() as connection:
        (session,) = store.open_sessions(connection)
    assert cookie.value not in {token, session.digest}


def test_behind_tls_and_a_path_the_cookie_keeps_to_both(serve: Any, make_token: MakeToken) -> None:
    broker = serve(tokens=True, base_urls=("https://tools.example/pact-broker",))
    reply = broker.http.post("/login", data={"token": make_token("read")}, headers=OWN)
    (cookie,) = SimpleCookie(reply.headers["Set-Cookie"]).values()
    assert (cookie["secure"], cookie["path"], reply.headers["Location"]) == (True, "/pact-broker", "/pact-broker/")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"])
def test_nobody_is_sent_to_the_address_of_somebody_else(person: httpx.Client, make_token: MakeToken, back: str) -> None:
    assert signed_in(person, make_token("read"), back).headers["Location"] == "/"


WRITES = {
    "own page": ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 201),
    "foreign page": ({"Sec-Fetch-Site": "cross-site"}, 403),
    "page of a sibling": ({"Sec-Fetch-Site": "same-site"}, 403),
    "older browser, foreign page": ({"Origin": "http://evil.example"}, 403),
    "older browser, hidden page": ({"Origin": "null"}, 403),
    "no browser": ({}, 403),
}


def test_a_session_writes_only_from_the_brokers_own_pages(person: httpx.Client, make_token: MakeToken) -> None:
    signed_in(person, make_token("publish"))
    found = {}
    for name, (headers, _) in WRITES.items():
        sent = {"Accept": "application/hal+json", **headers}
        found[name] = person.put(f"/pacticipants/Foo/versions/{name}", json={}, headers=sent).status_code
    assert found == {name: status for name, (_, status) in WRITES.items()}
    older = {"Accept": "application/hal+json", "Origin": str(person.base_url).rstrip("/")}
    assert person.put("/pacticipants/Foo/versions/older", json={}, headers=older).status_code == 201


def test_a_foreign_page_opens_no_session(person: httpx.Client, make_token: MakeToken) -> None:
    sent = {"Sec-Fetch-Site": "cross-site"}
    assert person.post("/login", data={"token": make_token("read")}, headers=sent).status_code == 403


def test_a_session_has_the_rights_of_its_token(person: httpx.Client, make_token: MakeToken) -> None:
    signed_in(person, make_token("read", name="Ann"))
    refused = person.get("/audit", headers={"Accept": "application/hal+json"})
    assert (refused.status_code, "'Ann'" in refused.json()["error"]) == (403, True)


def test_a_session_ends_when_it_is_closed_with_its_token_and_after_twelve_hours(
    serve: Any, make_token: MakeToken, database: Any
) -> None:
    moments = [now()]
    broker = serve(clock=lambda: moments[-1], tokens=True)
    endings: dict[str, Callable[[httpx.Client], object]] = {
        "closed": lambda client: client.post("/logout", headers=OWN),
        "taken back": lambda _: revoke(database, "taken back"),
        "over": lambda _: moments.append(moments[0] + timedelta(hours=12, seconds=1)),
    }
    for name, end in endings.items():
        with plain_client(broker.url, headers={"Accept": BROWSER}, timeout=PATIENCE_S) as client:
            signed_in(client, make_token("read", name=name))
            cookies = dict(client.cookies)
            assert client.get("/").status_code == 200
            end(client)
            client.cookies.update(cookies)
            while (status := client.get("/").status_code) == 200 and name == "taken back":
                pass  # within a second, as for a token
            assert (name, status) == (name, 303)


def revoke(database: Any, name: str) -> None:
    with database.write() as connection:
        store.revoke(connection, store.live_with(connection, name)[0])


def test_without_tokens_the_page_says_so(serve: Any) -> None:
    broker = serve()
    page = broker.http.get("/login", headers={"Accept": BROWSER})
    assert "asks for no tokens" in page.text
    assert broker.http.post("/login", data={"token": "x"}, headers=OWN).status_code == 404


def test_a_request_of_no_browser_is_neither_own_nor_foreign() -> None:
    assert (is_own({}, "http://x"), is_foreign({}, "http://x")) == (False, False)
    assert is_own({"origin": "https://x"}, "https://x/path")
    assert not is_own({"origin": ""}, "http://x")
