"""The provider of the benchmark: items that states make, in one process of Python's own server; `python items.py PORT`.

It keeps connections, and sends head and body of a reply apart, as that server does.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_names: dict[str, str] = {}


class Items(BaseHTTPRequestHandler):
    """Takes states, and gives items."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        params = body.get("params") or {}
        if body.get("action") == "setup" and "id" in params:
            _names[str(params["id"])] = params["name"]
        self._send(200, {})

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.path == "/health":
            self._send(200, {})
        elif name in _names:
            self._send(200, {"id": name, "name": _names[name]})
        else:
            self._send(404, {})

    def _send(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Items).serve_forever()
