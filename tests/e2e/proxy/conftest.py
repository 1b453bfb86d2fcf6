"""A small real server behind the proxy, and a client in front of it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from patience import PATIENCE_S
from saga_contracts.declare.saga import Saga
from saga_e2e.proxy.server import FaultProxy
from saga_verifier.isolation.process.ports import Reservation


@dataclass
class Received:
    """One request as the server got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Upstream:
    """A server that does the work of every service: it keeps what it got, and numbers its answers from 1 on."""

    base_url: str
    got: list[Received] = field(default_factory=list)
    status: int = 201
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def effects(self) -> int:
        return len(self.got)

    def answer(self, received: Received) -> tuple[int, bytes]:
        with self.lock:
            self.got.append(received)
            number = len(self.got)
        if self.body is not None:
            return self.status, self.body
        return self.status, json.dumps({"state": "reserved", "reservation_id": f"r-{number}"}).encode()


def handler_for(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content = upstream.answer(Received(self.command, self.path, headers, body, time.monotonic()))
            self.send_response(status)
            for name, value in upstream.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  (names that the library asks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            """Say nothing."""

    return Handler


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    made = Upstream(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = handler_for(made)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def saga(vas_purchase: Saga) -> Saga:
    return vas_purchase


@pytest.fixture
def proxy(saga: Saga, upstream: Upstream) -> Iterator[FaultProxy]:
    with FaultProxy(saga) as made:
        for name in ("billing", "user_service", "saga_service", "vas_owner"):
            made.route(name, upstream.base_url)
        yield made


@pytest.fixture
def http(proxy: FaultProxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy.base_url, trust_env=False, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and which nobody else gets meanwhile."""
    with Reservation() as kept:
        yield kept.port


Reserve = Callable[..., httpx.Response]


@pytest.fixture
def reserve(http: httpx.Client) -> Reserve:
    """Make the forward call of `reserve_money` for a saga."""

    def call(saga_id: str = "saga-7", path: str = "/billing/reservations") -> httpx.Response:
        headers = {"Saga-Id": saga_id, "Saga-Step": "reserve_money", "Idempotency-Key": f"{saga_id}:reserve_money"}
        body = {"account_id": "a", "order_id": "o", "amount_minor": 1} if path == "/billing/reservations" else None
        return http.post(path, headers=headers, json=body)

    return call
