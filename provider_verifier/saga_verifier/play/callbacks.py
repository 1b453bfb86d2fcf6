"""The harness's receiver of callbacks: takes what a participant sends later, and lets the player wait for it.

Listens where the isolation says that its programs reach the harness. Takes callbacks for keys that it has given an address for,
and of each key the newest one only, so that no participant can fill it up.
"""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

MAX_BODY_BYTES = 1_000_000
SOCKET_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback as it came: its JSON body (None when it was none) and its headers in lower case."""

    body: Any
    headers: dict[str, str]


class CallbackReceiver:
    """A context manager; while it is open, `url_for(key)` takes callbacks and `wait(key)` gives them.

    Args:
        host: The address of this machine to listen at.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._arrived: dict[str, Callback | None] = {}
        self._changed = threading.Condition()
        self._host = host
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        """Start to listen."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="callbacks", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()

    def url_for(self, key: str) -> str:
        """Give the address that a participant is told to call back."""
        with self._changed:
            self._arrived.setdefault(key, None)
        return f"http://{self._host}:{self.port}/callbacks/{quote(key, safe=':')}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def wait(self, key: str, timeout_s: float) -> Callback | None:
        """Give the newest callback for a key, or None when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrived.get(key) is not None, timeout_s)
            return self._arrived.get(key)

    def _take(self, key: str, callback: Callback) -> bool:
        """Keep a callback; say whether its key is known."""
        with self._changed:
            known = key in self._arrived
            if known:
                self._arrived[key] = callback
                self._changed.notify_all()
        return known

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = SOCKET_TIMEOUT_S

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length") or "0"
                if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                    self._answer(413)
                    self.close_connection = True
                    return
                body = _json(self.rfile.read(int(length)))
                key = unquote(self.path.rsplit("/", 1)[-1])
                self._answer(204 if take(key, Callback(body, {k.lower(): v for k, v in self.headers.items()})) else 404)

            def do_PUT(self) -> None:
                self.do_POST()

            def _answer(self, status: int) -> None:
                self.send_response(status)
                if status != 204:  # noqa: PLR2004  (an answer without a body has no length)
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
                """Keep quiet."""

        return Handler


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
