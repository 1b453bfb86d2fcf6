"""A small HTTP server on the loopback address, and a call as it came: any method, any path, bodies with a length or in chunks.

What a call means, and how it is answered, is decided by the function that the caller gives. Every connection takes one call.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
MAX_BODY = 1_000_000
MAX_LINE = 100
POLL_S = 0.01
SOCKET_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came.

    Attributes:
        target: Path and query, not decoded; each byte is one character.
        headers: Pairs of name and value, each byte one character.
        body: The content, taken out of its chunks.
        fault: Why this is no HTTP request, if it is none; then the rest is empty.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fault: str = ""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Respond = Callable[[Call], Answer | None]
"""Answers a call; None: the connection ends without an answer."""


@contextmanager
def serve(respond: Respond) -> Iterator[str]:
    """Serve at a free port until the block is left; gives the base URL."""
    handler = type("Handler", (_Handler,), {"respond": staticmethod(respond)})
    server = ThreadingHTTPServer((HOST, 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_S}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Reads one call, answers it in one write, and closes the connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = SOCKET_TIMEOUT_S
    respond: Respond

    def __getattr__(self, name: str) -> Any:
        """Take every method."""
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Hand on what is no HTTP request, too."""
        line = str(getattr(self, "requestline", ""))[:MAX_LINE]
        self.close_connection, self.request_version = True, self.protocol_version
        self._send(self.respond(Call("", "", fault=f"It is no HTTP request: {line!r} ({message or code}).")))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (named by the standard library)
        """Say nothing: whoever serves keeps what came."""

    def _take(self) -> None:
        self.close_connection = True
        try:
            body = self._body()
        except ValueError as error:
            self.send_error(400, str(error))
            return
        target = self.requestline.split(" ")[1]  # `self.path` has lost slashes in front
        self._send(self.respond(Call(self.command, target, tuple(self.headers.items()), body)))

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(_allowed(int(self.headers.get("Content-Length") or 0)))

    def _chunks(self) -> Iterator[bytes]:
        left = MAX_BODY
        while size := _allowed(int(self.rfile.readline(MAX_LINE).partition(b";")[0], 16), left):
            left -= size
            yield self.rfile.read(size)
            self.rfile.readline(MAX_LINE)
        while self.rfile.readline(MAX_BODY).strip():
            continue  # trailers say nothing about the call

    def _send(self, answer: Answer | None) -> None:
        if answer is None:
            return
        self.send_response_only(answer.status)
        for name, value in (*answer.headers, ("Content-Length", str(len(answer.body))), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)


def _allowed(size: int, most: int = MAX_BODY) -> int:
    if not 0 <= size <= most:
        raise ValueError(f"its body is longer than {MAX_BODY} bytes, or of no length")
    return size
