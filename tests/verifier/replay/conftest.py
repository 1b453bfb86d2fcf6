"""A fake provider over real HTTP, and pacts that pact-python writes."""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from pact import Pact

from saga_verifier.replay import Serving

logging.getLogger("pact.ffi").setLevel(logging.WARNING)


@dataclass(slots=True)
class Seen:
    """A request that came to the fake provider."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class FakeProvider:
    """Answers what it was told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.replies: dict[str, tuple[int, Mapping[str, str], Any]] = {}
        self.when_asked: Callable[[], None] = lambda: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, path: str, status: int, body: Any = None, **headers: str) -> None:
        """Say what is answered at a path."""
        self.replies[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1

            def respond(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                provider.seen.append(Seen(self.command, self.path, dict(self.headers), json.loads(text) if text else None))
                provider.when_asked()
                status, headers, body = provider.replies.get(self.path.partition("?")[0], (404, {}, {"error": "unknown"}))
                content = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                if body is not None:
                    self.send_header("Content-Type", "application/json")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.respond()

            def do_POST(self) -> None:
                self.respond()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (named by the standard library)
                pass

        return Handler


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """Give a running fake provider."""
    with FakeProvider() as one:
        yield one


@dataclass(slots=True)
class FakeStates:
    """Sets up every state; gives the values that it was told."""

    values: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    trouble: Exception | None = None
    sent: tuple[Any, dict[str, Any]] = ({}, {})
    message_trouble: Exception | None = None
    when_asked: Callable[[], object] = lambda: None

    def handle(self, state: str, params: dict[str, Any], action: str) -> dict[str, Any]:
        """Remember a change, and answer with the values."""
        self.changes.append((state, params, action))
        self.when_asked()
        if self.trouble is not None:
            raise self.trouble
        return self.values

    def message(self) -> tuple[Any, dict[str, Any]]:
        """Give the message."""
        if self.message_trouble is not None:
            raise self.message_trouble
        return self.sent


@pytest.fixture
def states() -> FakeStates:
    """Give the meaning of states."""
    return FakeStates()


@pytest.fixture
def serving(states: FakeStates) -> Serving:
    """Give who serves those states and messages; they are the harness's own."""
    return Serving(states.handle, is_ours=lambda _: True, message=states.message)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., bytes]:
    """Give a function that has pact-python write a pact of the interactions that the given functions add."""

    def write(*adds: Callable[[Pact], object]) -> bytes:
        pact = Pact("orders", "billing").with_specification("V4")
        for add in adds:
            add(pact)
        pact.write_file(tmp_path / "pacts", overwrite=True)
        return (tmp_path / "pacts" / "orders-billing.json").read_bytes()

    return write
