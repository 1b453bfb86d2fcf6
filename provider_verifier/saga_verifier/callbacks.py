"""The harness's receiver of callbacks: takes what a participant sends later, and lets the player wait for it.

Listens on the loopback only. A callback is kept under the last segment of its path, which is the step key.
"""

import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback as it came: its JSON body (None when it was none) and its headers in lower case."""

    body: Any
    headers: dict[str, str]


class CallbackReceiver:
    """A context manager; while it is open, `url_for(key)` takes callbacks and `wait(key)` gives them."""

    def __init__(self) -> None:
        self._arrived: dict[str, list[Callback]] = defaultdict(list)
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
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
        return f"http://127.0.0.1:{self._server.server_address[1]}/callbacks/{quote(key, safe=':')}"

    def wait(self, key: str, timeout_s: float) -> Callback | None:
        """Give the newest callback for a key, or None when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._arrived[key]), timeout_s)
            return self._arrived[key][-1] if self._arrived[key] else None

    def _take(self, key: str, callback: Callback) -> None:
        with self._changed:
            self._arrived[key].append(callback)
            self._changed.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length") or 0), MAX_BODY_BYTES)
                raw = self.rfile.read(length)
                try:
                    body = json.loads(raw) if raw else None
                except ValueError:
                    body = None
                take(unquote(self.path.rsplit("/", 1)[-1]), Callback(body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(204)
                self.end_headers()

            def do_PUT(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
                """Keep quiet."""

        return Handler
