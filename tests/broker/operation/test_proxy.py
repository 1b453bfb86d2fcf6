"""The broker behind a real reverse proxy: another server, another port, with or without a context path that it takes off."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S
from saga_broker.client.broker import BrokerClient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ACCEPT = {"Accept": "application/hal+json, application/json"}


class Proxy(ThreadingHTTPServer):
    """Sends requests on as nginx does with `proxy_pass`, `X-Forwarded-*` and its own Host towards the broker."""

    daemon_threads = True

    def __init__(self, taken_off: str, forwarded: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = ""
        self.taken_off = taken_off
        self.forwarded = forwarded
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        sent = {**kept, "X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http", **self.server.forwarded}
        upstream = http.client.HTTPConnection(self.server.upstream.removeprefix("http://"), timeout=PATIENCE_S)
        upstream.request(self.command, self.path.removeprefix(self.server.taken_off) or "/", body or None, sent)
        reply = upstream.getresponse()
        content = reply.read()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in {"connection", "content-length", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815  (the names that the server calls)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxied(serve: Any) -> Iterator[Any]:
    """Put a proxy before a broker: `path` is the context path that clients see, `taken_off` whether the proxy removes it."""
    running: list[Proxy] = []

    def start(path: str = "", *, taken_off: bool = False, configured: bool = True, **forwarded: str) -> tuple[Proxy, Any]:
        proxy = Proxy(path if taken_off else "", forwarded)
        threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
        running.append(proxy)
        broker = serve(base_urls=(proxy.url + path,) if configured else (), trusted_proxies=("127.0.0.0/8",))
        proxy.upstream = broker.url
        return proxy, broker

    yield start
    for proxy in running:
        proxy.shutdown()
        proxy.server_close()


@pytest.mark.parametrize("configured", [True, False])
def test_a_client_follows_the_links_through_the_proxy(proxied: Any, make_pact: Any, configured: bool) -> None:  # noqa: FBT001
    proxy, broker = proxied(configured=configured)
    assert_works(proxy.url, make_pact)
    broker.get("/pacts/provider/B%2FC/consumer/Foo/latest")


@pytest.mark.parametrize("taken_off", [True, False])
def test_a_client_follows_the_links_under_a_context_path(proxied: Any, make_pact: Any, taken_off: bool) -> None:  # noqa: FBT001
    proxy, _ = proxied("/tools/pact-broker", taken_off=taken_off)
    assert_works(f"{proxy.url}/tools/pact-broker", make_pact)


def test_a_base_url_is_not_changed_by_what_a_stranger_sends(proxied: Any) -> None:
    proxy, broker = proxied()
    told = broker.http.get("/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}).json()
    assert told["_links"]["pb:pacticipants"]["href"] == f"{proxy.url}/pacticipants"


def test_a_proxy_that_ends_tls_makes_secure_links(proxied: Any) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "broker.example", "X-Forwarded-Port": "8443"}
    proxy, _ = proxied(configured=False, **forwarded)
    told = httpx.get(f"{proxy.url}/", headers=ACCEPT, trust_env=False).json()
    assert told["_links"]["self"]["href"] == "https://broker.example:8443"


def assert_works(base: str, make_pact: Any) -> None:
    """Publish, select, verify, deploy and ask, each by the links of the answers before."""
    with BrokerClient(base) as client, httpx.Client(headers=ACCEPT, trust_env=False) as plain:
        content = httpx.Request("POST", "http://x", json=make_pact("Foo", "B/C", "a")).content
        client.publish_contracts("Foo", "1", branch="main", pact_files=[("Foo", "B/C", content)])
        client.register_provider_version("B/C", "10", branch="main", tags=())
        (selected,) = client.selected_pacts("B/C", selectors=({"mainBranch": True},))
        pact = client.pact(selected)
        assert pact.url.startswith(f"{base}/pacts/provider/B%2FC/")
        client.publish_verification(
            pact.publish_results_url, success=True, version="10", test_results=None, build_url=None, verified_by=None
        )
        client.record_deployment("B/C", "10", "test")
        assert client.can_i_deploy("Foo", "1", "test").deployable
        index = plain.get(base).json()["_links"]
        assert plain.get(index["pb:environments"]["href"]).json()["_links"]["self"]["href"] == f"{base}/environments"
        made = plain.post(f"{base}/environments", json={"name": "new", "production": False})
        assert plain.get(made.headers["Location"]).json()["name"] == "new"
