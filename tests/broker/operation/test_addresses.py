"""Which address links begin with: one name, several, a context path, what a proxy says."""

from typing import Any

import pytest

from saga_broker.http.addresses import Address, Addresses, checked_base_url, checked_proxy
from saga_contracts.errors import UsageError

INSIDE, OUTSIDE, PATHED = "http://broker:9292", "https://broker.example", "https://tools.example/pact/broker"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECURE = {"x-forwarded-proto": "https", "x-forwarded-host": "broker.example"}


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"host": "broker:9292"}, "http://broker:9292"),
        ({"host": "Broker:80"}, "http://broker"),
        ({}, "http://10.0.0.1:9292"),
        ({"host": "broker/evil"}, "http://10.0.0.1:9292"),
        (SECURE | {"host": "broker:9292"}, "https://broker.example"),
        (SECURE | {"x-forwarded-port": "443"}, "https://broker.example"),
        (SECURE | {"x-forwarded-port": "8443"}, "https://broker.example:8443"),
        (SECURE | {"x-forwarded-port": "0"}, "https://broker.example"),
        (SECURE | {"x-forwarded-host": "broker.example:9000", "x-forwarded-port": "8443"}, "https://broker.example:9000"),
        ({"host": "a", "x-forwarded-proto": "https, http", "x-forwarded-host": "b, c"}, "https://b"),
        ({"host": "a", "x-forwarded-ssl": "on"}, "https://a"),
        ({"host": "a", "x-forwarded-scheme": "https"}, "https://a"),
        ({"host": "a", "x-forwarded-proto": "javascript"}, "http://a"),
        ({"host": "a", "x-forwarded-host": 'b"><script>'}, "http://a"),
        ({"host": "a", "x-forwarded-host": "user:word@b"}, "http://a"),
        ({"host": "[::1]:9292"}, "http://[::1]:9292"),
        ({"host": "[::1]"}, "http://[::1]"),
    ],
)
def test_without_a_base_url_the_request_names_the_address(headers: dict[str, str], base: str) -> None:
    assert Addresses((), ("10.0.0.0/8",)).of("http", headers, "/pacticipants", "10.0.0.1:9292", "10.1.2.3") == Address(base, "")


@pytest.mark.parametrize(
    ("headers", "path", "base"),
    [
        ({"host": "broker:9292"}, "/", INSIDE),
        ({"host": "broker.example"}, "/", OUTSIDE),
        (SECURE | {"host": "broker:9292"}, "/", OUTSIDE),
        ({"host": "broker:9292", "x-forwarded-host": "nowhere"}, "/", INSIDE),
        ({"host": "unknown"}, "/", INSIDE),
        ({"host": "tools.example", "x-forwarded-proto": "https"}, "/pact/broker/pacts/latest", PATHED),
        ({"host": "tools.example", "x-forwarded-proto": "https"}, "/pacts/latest", PATHED),
        ({"host": "tools.example", "x-forwarded-proto": "https"}, "/pact/brokers", PATHED),
    ],
)
def test_the_base_url_that_fits_the_request_is_used_and_else_the_first(headers: dict[str, str], path: str, base: str) -> None:
    addresses = Addresses((INSIDE, OUTSIDE, PATHED), ("::1", "10.0.0.7"))
    for client in ("10.0.0.7", "::ffff:10.0.0.7", "::1"):
        assert addresses.of("http", headers, path, client=client).base == base


@pytest.mark.parametrize("client", ["10.0.0.8", "192.0.2.1", "", "unix"])
def test_a_proxy_that_nobody_declared_is_not_believed(client: str) -> None:
    sent = SECURE | {"host": "inner:9292"}
    assert Addresses((), ("10.0.0.7",)).of("http", sent, "/", client=client).base == "http://inner:9292"
    assert Addresses((INSIDE, OUTSIDE), ("10.0.0.7",)).of("http", sent, "/", client=client).base == INSIDE


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.0/33", "proxy", "::1/129", "*"])
def test_a_proxy_is_an_address_or_a_network(text: str) -> None:
    with pytest.raises(UsageError, match="--trusted-proxy"):
        checked_proxy(text)
    assert checked_proxy(" 10.0.0.7/8 ") == "10.0.0.0/8"


def test_of_two_base_urls_on_one_host_the_path_decides() -> None:
    addresses = Addresses(("https://t.example", "https://t.example/a", "https://t.example/a/b"))
    headers = {"host": "t.example"}
    roots = [addresses.of("https", headers, path).root for path in ("/x", "/a/x", "/a/b/x", "/a/bc", "/ab")]
    assert roots == ["", "/a", "/a/b", "/a", ""]


@pytest.mark.parametrize(
    "text",
    [
        "broker.example",
        "ftp://broker.example",
        "https://",
        "https://user:hunter2@broker.example",
        "https://b.example?x=1",
        "https://b.example#x",
        "https://b.example:port",
        "https://b.example//x",
        "https://b.example/a b",
        "http://[::1",
        "",
    ],
)
def test_what_is_no_base_url_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(UsageError, match="--base-url") as told:
        checked_base_url(text)
    assert "hunter2" not in str(told.value)


def test_a_slash_at_the_end_of_a_base_url_is_left_out() -> None:
    assert checked_base_url(" https://broker.example/pacts/ ") == "https://broker.example/pacts"


@on_sqlite
@pytest.mark.parametrize("path", ["/pact/broker", "/pact/broker/", "/", ""])
def test_the_index_stands_at_the_context_path_with_and_without_it(serve: Any, path: str) -> None:
    broker = serve(base_urls=(PATHED,))
    links = broker.get(path)["_links"]
    assert links["self"]["href"] == PATHED
    assert links["pb:pacticipants"]["href"] == f"{PATHED}/pacticipants"


@on_sqlite
def test_everything_works_under_a_context_path(serve: Any, make_pact: Any) -> None:
    broker = serve()
    root = "/tools/pacts"
    under = serve(base_urls=(f"{broker.url}{root}",), database_url=broker.database_url)
    own = f"{broker.url}{root}"

    made = under.http.put(f"{root}/pacts/provider/B%2FC/consumer/Foo/version/1", json=make_pact("Foo", "B/C", "a"))
    listed = under.get(f"{root}/pacts/latest.json")
    posted = under.http.post(f"{root}/pacticipants", json={"name": "x y"})
    problem = under.http.post(f"{root}/pacticipants", json={}, headers={"Accept": "application/problem+json"}).json()

    assert made.status_code == 201
    assert made.json()["_links"]["self"]["href"] == f"{own}/pacts/provider/B%2FC/consumer/Foo/version/1"
    assert listed["_links"]["self"]["href"].startswith(f"{own}/")
    assert posted.headers["Location"] == f"{own}/pacticipants/x%20y"
    assert problem["type"] == f"{own}/problems/validation-error"
    assert under.get(f"{root}/openapi.json")["servers"] == [{"url": root}]
    assert under.http.options(f"{root}/pacticipants").headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    assert under.get(f"{root}x/pacticipants", 404)
    assert under.get(f"{root}/nothing", 404)


def hrefs(document: Any) -> list[str]:
    if isinstance(document, dict):
        own = [document["href"]] if isinstance(document.get("href"), str) else []
        return own + [href for value in document.values() for href in hrefs(value)]
    return [href for value in document for href in hrefs(value)] if isinstance(document, list) else []


@on_sqlite
def test_every_link_of_an_answer_begins_with_the_base_url(serve: Any, make_pact: Any) -> None:
    plain = serve()
    plain.publish("Foo", "1", ("Bar", make_pact("Foo", "Bar", "a")), branch="main")
    plain.verify("Foo", "1", "Bar", "10")
    broker = serve(base_urls=(PATHED,))
    for path in (
        "/",
        "/pacticipants/Foo",
        "/pacticipants/Foo/versions/1",
        "/pacticipants/Foo/branches",
        "/pacts/provider/Bar/consumer/Foo/latest",
        "/pacts/provider/Bar/for-verification",
        "/environments",
        "/integrations",
        "/matrix?q[][pacticipant]=Foo&q[][pacticipant]=Bar",
        "/diagnostic/status/heartbeat",
    ):
        found = hrefs(broker.get(path))
        assert found, path
        assert [href for href in found if href != PATHED and not href.startswith(f"{PATHED}/")] == [], path
