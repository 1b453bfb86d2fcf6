"""The small HTTP server: it takes every call that HTTP allows as it came, and tells what is none."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from saga_contracts.exercise.served import server
from saga_contracts.exercise.served.server import Answer, Call

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n"


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
def url(calls: list[Call]) -> Iterator[str]:
    def respond(call: Call) -> Answer:
        calls.append(call)
        return Answer(400 if call.fault else 200, (("X-A", "1"),), b"body")

    with server.serve(respond) as url:
        yield url


def send(url: str, request: bytes) -> bytes:
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=20) as one:
        one.sendall(request)
        received = b""
        while part := one.recv(1000):
            received += part
    return received


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "OPTIONS", "PURGE"])
def test_any_method_is_taken_and_answered(url: str, calls: list[Call], method: str) -> None:
    received = send(url, f"{method} //a/%2e?q=%3A HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"\r\n\r\nbody")
    assert calls == [Call(method, "//a/%2e?q=%3A", (("Host", "x"),))]


@pytest.mark.parametrize(("rest", "body"), [(CHUNKED, b"abcde"), (b"Content-Length: 3\r\n\r\nabc", b"abc"), (b"\r\n", b"")])
def test_a_body_comes_with_a_length_or_in_chunks(url: str, calls: list[Call], rest: bytes, body: bytes) -> None:
    send(url, b"POST /a HTTP/1.1\r\nHost: x\r\n" + rest)
    assert calls[0].body == body


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"nothing\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ],
)
def test_what_is_no_request_is_kept_with_its_fault(url: str, calls: list[Call], request_: bytes) -> None:
    assert b" 400 " in send(url, request_).splitlines()[0]
    assert "It is no HTTP request: " in calls[0].fault


def test_nothing_is_answered_when_the_connection_shall_end() -> None:
    with server.serve(lambda _: None) as url:
        assert send(url, b"GET / HTTP/1.1\r\n\r\n") == b""
