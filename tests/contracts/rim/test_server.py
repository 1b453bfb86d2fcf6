"""The harness's HTTP server: what comes is taken whole, what is wrong is answered, and nothing is left hanging or printed."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from patience import PATIENCE_S
from saga_contracts.rim.server import Answer, Handle, LoopbackServer, NoAnswer, Received, as_json


class Kept:
    """Answers as it was told to, and keeps what came."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.handle: Callable[[Received], Answer | NoAnswer] = lambda _: Answer(200, [("X-Said", "yes")], b"body")

    def __call__(self, received: Received) -> Answer | NoAnswer:
        self.received.append(received)
        return self.handle(received)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def server(kept: Kept) -> Iterator[LoopbackServer]:
    with LoopbackServer(kept, max_body=1000) as running:
        yield running


@pytest.fixture
def hurried(kept: Kept) -> Iterator[LoopbackServer]:
    """A server that does not wait long for a request."""
    with LoopbackServer(kept, request_timeout_s=0.5) as running:
        yield running


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
        yield client


def spoken(server: LoopbackServer, *parts: bytes) -> bytes:
    """Say something on a connection of its own; give all that comes until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while some := connection.recv(65536):
            answer += some
        return answer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_any_method_is_taken(server: LoopbackServer, kept: Kept, http: httpx.Client, method: str) -> None:
    reply = http.request(method, server.base_url + "/a%2Fb/%C3%A4%20c?x=1%202&x=3", content=b"sent")
    assert (reply.status_code, reply.content, reply.headers["X-Said"]) == (200, b"body", "yes")
    (one,) = kept.received
    assert (one.method, one.path, one.query, one.body) == (method, "/a%2Fb/%C3%A4%20c", "x=1%202&x=3", b"sent")


def test_repeated_headers_are_kept_and_their_names_may_have_any_case(
    server: LoopbackServer, kept: Kept, http: httpx.Client
) -> None:
    http.get(server.base_url, headers=[(b"X-One", b"a"), (b"x-one", b"b"), (b"Y", "ü".encode())])
    assert kept.received[0].headers.get_list("x-ONE") == ["a", "b"]
    assert kept.received[0].headers["y"] == "ü"


def test_a_chunked_body_comes_whole(server: LoopbackServer, kept: Kept, http: httpx.Client) -> None:
    http.post(server.base_url, content=iter([b'{"a"', b": 1}"]))
    assert kept.received[0].headers["Transfer-Encoding"] == "chunked"
    assert kept.received[0].body == b'{"a": 1}'


def test_a_caller_that_asks_whether_it_may_go_on_is_told_so(server: LoopbackServer, kept: Kept) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"ok")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert kept.received[0].body == b"ok"


def test_a_connection_serves_several_requests_also_sent_at_once(server: LoopbackServer, kept: Kept) -> None:
    one = b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
    last = b"GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    assert spoken(server, one + one + last).count(b"HTTP/1.1 200 ") == 3
    assert [received.path for received in kept.received] == ["/1", "/1", "/2"]


def test_an_old_caller_is_answered_and_its_connection_closed(server: LoopbackServer) -> None:
    answer = spoken(server, b"GET / HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"body")


def test_a_caller_that_offers_another_protocol_is_answered_in_this_one(server: LoopbackServer, kept: Kept) -> None:
    offer = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    assert spoken(server, offer + b"Content-Length: 2\r\n\r\nok", b"GET / HTTP/1.0\r\n\r\n").count(b"HTTP/1.1 200 ") == 2
    assert kept.received[0].body == b"ok"


def test_a_target_with_a_host_is_taken_as_its_path(server: LoopbackServer, kept: Kept) -> None:
    spoken(server, b"GET http://elsewhere:1/a?b HTTP/1.0\r\n\r\n")
    assert (kept.received[0].path, kept.received[0].query) == ("/a", "b")


@pytest.mark.parametrize("status", [200, 201, 204, 304, 404, 500])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_has_a_body_only_where_http_allows_one(
    server: LoopbackServer, kept: Kept, http: httpx.Client, method: str, status: int
) -> None:
    kept.handle = lambda _: Answer(status, [("Content-Length", "77"), ("Transfer-Encoding", "chunked")], b"body")
    for _ in range(2):  # on one connection: a wrong length would spoil the second answer
        reply = http.request(method, server.base_url)
        allowed = status not in (204, 304)
        assert (reply.status_code, reply.content) == (status, b"body" if allowed and method == "GET" else b"")
        assert reply.headers.get("Content-Length") == ("4" if allowed else None)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + 1001 * b"x", 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + 1001 * b"x" + b"\r\n0\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + 200_000 * b"x" + b"\r\n\r\n", 431),
    ],
    ids=lambda value: value[:60].decode(errors="replace") if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_is_answered_with_a_status(server: LoopbackServer, kept: Kept, said: bytes, status: int) -> None:
    assert spoken(server, said).startswith(f"HTTP/1.1 {status} ".encode())
    assert kept.received == []


@pytest.mark.parametrize(
    ("said", "status", "part"),
    [
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "request line"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n", 413, "too long"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1", 408, "in time"),
    ],
)
def test_whoever_serves_is_told_of_what_is_refused(kept: Kept, said: bytes, status: int, part: str) -> None:
    told: list[tuple[int, str]] = []
    refused = lambda status, why: told.append((status, why))  # noqa: E731
    with LoopbackServer(kept, max_body=1000, request_timeout_s=0.5, refused=refused) as running:
        spoken(running, said)
    assert kept.received == []
    assert [(one, part in why) for one, why in told] == [(status, True)]


def test_a_request_that_dribbles_is_ended_by_the_whole_time(hurried: LoopbackServer) -> None:
    with socket.create_connection(("127.0.0.1", hurried.port), 30) as connection, closing(connection.makefile("rb")) as answer:
        for letter in b"GET / HTTP/1.1\r\nX: " + 10_000 * b"x":
            connection.sendall(bytes([letter]))
            if select.select([connection], [], [], 0.01)[0]:
                break
        assert answer.read().startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nxx"]
)
def test_a_request_that_stops_is_ended(hurried: LoopbackServer, kept: Kept, said: bytes) -> None:
    assert spoken(hurried, said).startswith(b"HTTP/1.1 408 ")
    assert kept.received == []


def test_an_idle_connection_is_closed_without_a_word(hurried: LoopbackServer) -> None:
    assert spoken(hurried) == b""


def test_a_caller_that_goes_away_in_mid_request_harms_nobody(server: LoopbackServer, http: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx")
    assert http.get(server.base_url).status_code == 200


@pytest.mark.parametrize(
    "handle",
    [
        lambda _: 1 / 0,
        lambda _: Answer(1000),
        lambda _: Answer(100),
        lambda _: Answer(200, [("X", "a\r\nInjected: yes")]),
        lambda _: Answer(200, [("Ü", "a")]),
        lambda _: Answer(200, [("X", 5)]),  # type: ignore[list-item]
        lambda _: as_json(200, object()),
    ],
)
def test_a_function_that_fails_is_answered_with_500_and_prints_nothing(
    server: LoopbackServer, kept: Kept, http: httpx.Client, capfd: pytest.CaptureFixture[str], handle: Handle
) -> None:
    kept.handle = handle
    reply = http.get(server.base_url)
    assert (reply.status_code, "Injected" in reply.headers) == (500, False)
    assert capfd.readouterr() == ("", "")


def test_a_connection_may_be_closed_without_an_answer(server: LoopbackServer, kept: Kept) -> None:
    kept.handle = lambda _: NoAnswer.CLOSE
    assert spoken(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == b""


def test_silence_lasts_until_the_caller_goes_away(server: LoopbackServer, kept: Kept, http: httpx.Client) -> None:
    kept.handle = lambda _: NoAnswer.WAIT
    with pytest.raises(httpx.ReadTimeout):
        http.get(server.base_url, timeout=0.3)
    kept.handle = lambda _: Answer(204)
    assert http.get(server.base_url).status_code == 204


def test_silence_ends_with_the_server(kept: Kept) -> None:
    kept.handle = lambda _: NoAnswer.WAIT
    with LoopbackServer(kept) as server, socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        while not kept.received:
            threading.Event().wait(0.01)
        server.__exit__(None, None, None)
        assert connection.recv(10) == b""


def test_several_callers_are_served_side_by_side(server: LoopbackServer, kept: Kept, http: httpx.Client) -> None:
    together = threading.Barrier(2, timeout=PATIENCE_S)
    kept.handle = lambda _: Answer(200 + together.wait())
    statuses: list[int] = []
    other = threading.Thread(target=lambda: statuses.append(httpx.get(server.base_url, trust_env=False).status_code))
    other.start()
    statuses.append(http.get(server.base_url).status_code)
    other.join()
    assert sorted(statuses) == [200, 201]


def test_after_its_end_nobody_listens_and_no_thread_is_left(kept: Kept, http: httpx.Client) -> None:
    with LoopbackServer(kept) as server:
        http.get(server.base_url)
        assert server.base_url == f"http://127.0.0.1:{server.port}"
    with pytest.raises(httpx.ConnectError):
        http.get(server.base_url)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("loopback")]
