"""The one sender: whatever a server does, there is a value in time; CA files and proxies are those of the environment."""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from own_ca import ca_file, serving
from raw_server import Speak, dribbling, speaking
from saga_contracts.errors import UsageError
from saga_contracts.rim.sender import NoAnswer, Reply, Why, bounded_client, send
from saga_contracts.rim.server import Answer, LoopbackServer, Received
from saga_contracts.rim.transport import is_loopback

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with bounded_client() as client:
        yield client


def sent(http: httpx.Client, url: str, timeout_s: float = 10, **more: int) -> Reply | NoAnswer:
    return send(http, http.build_request("POST", url, content=b"sent"), timeout_s, **more)


def test_a_reply_has_status_headers_and_body(http: httpx.Client) -> None:
    with LoopbackServer(lambda one: Answer(201, [("X", "1"), ("x", "2")], one.body)) as server:
        reply = sent(http, server.base_url)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.headers.get_list("X"), reply.body, reply.is_success) == (201, ["1", "2"], b"sent", True)
    assert reply.elapsed_ms > 0


def test_no_redirect_is_followed(http: httpx.Client) -> None:
    received: list[Received] = []
    with LoopbackServer(lambda one: received.append(one) or Answer(307, [("Location", "/x")])) as server:  # type: ignore[func-returns-value]
        reply = sent(http, server.base_url)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.is_success, len(received)) == (307, False, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + 200 * b"x", Why.TIMEOUT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + 200 * b"x", Why.TIMEOUT),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + 60 * b"1\r\nx\r\n", Why.TIMEOUT),
    ],
    ids=["in its headers", "in its body", "in its chunks"],
)
def test_a_reply_that_dribbles_past_the_time_out_is_no_answer_in_time(http: httpx.Client, text: bytes, why: Why) -> None:
    with speaking(dribbling(text, 0.2)) as port:
        began = time.monotonic()
        answered = sent(http, f"http://127.0.0.1:{port}", timeout_s=0.5)
        took = time.monotonic() - began
    assert isinstance(answered, NoAnswer)
    assert (answered.why, answered.text) == (why, "did not answer within 0.5 s")
    assert took < 0.2 * 200  # as long as the whole dribbling would have taken


def test_a_reply_that_dribbles_but_is_whole_in_time_is_an_answer(http: httpx.Client) -> None:
    with speaking(dribbling(OK)) as port:
        assert isinstance(sent(http, f"http://127.0.0.1:{port}", timeout_s=60), Reply)


@pytest.mark.parametrize(
    ("speak", "why", "status"),
    [
        (lambda _: None, Why.RESET, None),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-"), Why.RESET, None),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), Why.RESET, 200),
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"), Why.NOT_HTTP, None),
        (
            lambda connection: connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")),
            Why.NOT_HTTP,
            200,
        ),
        (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + 11 * b"x"), Why.TOO_LARGE, 200),
    ],
    ids=["closed", "cut in headers", "cut in body", "no HTTP", "no gzip", "too large"],
)
def test_why_there_is_no_answer_is_told(http: httpx.Client, speak: Speak, why: Why, status: int | None) -> None:
    with speaking(speak) as port:
        answered = sent(http, f"http://127.0.0.1:{port}", max_body=10)
    assert isinstance(answered, NoAnswer)
    assert (answered.why, answered.status) == (why, status)


def test_where_nobody_listens_the_connection_is_refused(http: httpx.Client) -> None:
    answered = sent(http, "http://127.0.0.1:9")
    assert isinstance(answered, NoAnswer)
    assert answered.why == Why.REFUSED


def test_a_host_that_does_not_exist_cannot_be_reached(http: httpx.Client) -> None:
    answered = sent(http, "http://nowhere.invalid")
    assert isinstance(answered, NoAnswer)
    assert answered.why == Why.UNREACHABLE


def test_a_connection_is_kept_for_the_next_request_if_it_may(http: httpx.Client) -> None:
    with LoopbackServer(lambda _: Answer(204)) as server, bounded_client(keep_alive=False) as other:
        for _ in range(3):
            assert isinstance(sent(http, server.base_url), Reply)
            assert isinstance(sent(other, server.base_url), Reply)
        while len(server._open) > 1:  # a connection that is not kept ends by itself
            threading.Event().wait(0.01)
        assert len(server._open) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
def test_the_ca_file_of_the_environment_counts_for_every_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file(tmp_path)))
    address = "127.0.0.1" if host == "localhost" else host
    with speaking(lambda connection: connection.sendall(OK), serving(tmp_path), address) as port, bounded_client() as http:
        answered = sent(http, f"https://{host}:{port}")
    assert isinstance(answered, Reply), answered


def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file(tmp_path)))
    with speaking(lambda connection: connection.sendall(OK), serving(tmp_path)) as port:
        answered = sent(http, f"https://localhost:{port}")
    assert isinstance(answered, NoAnswer)
    assert answered.why == Why.UNREACHABLE
    assert "CERTIFICATE_VERIFY_FAILED" in answered.text


def test_a_reply_over_tls_that_dribbles_is_no_answer_in_time(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file(tmp_path)))
    with speaking(dribbling(b"HTTP/1.1 200 OK\r\nX: " + 200 * b"x"), serving(tmp_path)) as port:
        answered = sent(http, f"https://localhost:{port}", timeout_s=0.5)
    assert isinstance(answered, NoAnswer)
    assert answered.why == Why.TIMEOUT


def test_a_ca_file_that_cannot_be_read_is_wrong_usage(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        sent(http, "https://localhost:9")


class TestProxies:
    """A proxy takes what is meant for other machines, and nothing else."""

    @pytest.fixture
    def proxy(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Received]]:
        for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        received: list[Received] = []

        def take(one: Received) -> Answer:
            received.append(one)
            return Answer(200, [], b"by proxy")

        with LoopbackServer(take) as server:
            monkeypatch.setenv("HTTP_PROXY", f"http://user:word@127.0.0.1:{server.port}")
            yield received

    def test_a_proxy_is_asked_for_another_machine(self, proxy: list[Received]) -> None:
        with bounded_client(proxies=True) as http:
            reply = sent(http, "http://broker.invalid/pacts")
        assert isinstance(reply, Reply)
        assert (reply.body, proxy[0].headers["Host"], proxy[0].path) == (b"by proxy", "broker.invalid", "/pacts")
        assert proxy[0].headers["Proxy-Authorization"] == "Basic dXNlcjp3b3Jk"

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    def test_no_proxy_is_asked_for_this_machine(self, proxy: list[Received], host: str) -> None:
        with LoopbackServer(lambda _: Answer(204)) as server, bounded_client(proxies=True) as http:
            assert isinstance(sent(http, f"http://{host}:{server.port}"), Reply)
        assert proxy == []

    def test_no_proxy_is_asked_for_excepted_hosts(self, proxy: list[Received], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "other,.invalid")
        with bounded_client(proxies=True) as http:
            assert isinstance(sent(http, "http://broker.invalid"), NoAnswer)
        assert proxy == []

    def test_no_proxy_is_asked_where_nobody_wants_one(self, proxy: list[Received]) -> None:
        with bounded_client() as http:
            assert isinstance(sent(http, "http://broker.invalid"), NoAnswer)
        assert proxy == []


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("localhost", True), ("a.localhost", True), ("127.0.0.9", True), ("[::1]", True), ("::1", True), ("127.example", False)],
)
def test_this_machine_is_known_by_its_names(host: str, is_ours: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is is_ours


def test_what_is_no_http_proxy_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1080")
    with bounded_client(proxies=True) as http, pytest.raises(UsageError, match="no HTTP proxy"):
        sent(http, "http://broker.invalid")


class _InTwoParts(BaseHTTPRequestHandler):
    """Sends head and body apart on a connection that is kept, as Python's own server does, or both at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        for part in [head + b"ok"] if self.path == "/whole" else [head, b"ok"]:
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux can be asked to acknowledge at once")
def test_a_server_that_sends_head_and_body_apart_costs_no_wait_on_a_kept_connection(http: httpx.Client) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _InTwoParts)
    threading.Thread(target=server.serve_forever).start()
    try:
        took = {
            path: statistics.median(sent(http, f"http://127.0.0.1:{server.server_port}{path}").elapsed_ms for _ in range(40))
            for path in ("/whole", "/parts")
        }
    finally:
        http.close()
        server.shutdown()
        server.server_close()
    assert took["/parts"] < 10 * took["/whole"], took  # without it: 40 ms in the place of one
