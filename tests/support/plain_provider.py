"""A provider without sagas, for tests: `python plain_provider.py PORT`. It says its environment's TOKEN wherever it can.

GET /ok        200 {"a": 1}
GET /echo      200 with the token in a header, in the body, and in the log
GET /page      500, an HTML page that shows the token
GET /die       ends the program
POST /_states  200 {"given": "g-1"}; for the state "leaky" 500 with the token
POST /_messages  by description: "order placed" is a message, everything else 404 with the token
"""

import base64
import html
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = os.environ.get("TOKEN", "")
JSON = "application/json"


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        if self.path == "/die":
            os._exit(3)
        if self.path == "/page":
            self._send(500, f"<h1>Wrong: {html.escape(TOKEN)} &amp; {TOKEN}</h1>".encode(), "text/html")
            return
        if self.path == "/echo":
            print("called with", TOKEN, flush=True)  # noqa: T201  (its log)
            self._json(200, {"said": TOKEN, "inside": {"text": f"x{TOKEN}y"}}, {"X-Said": TOKEN, "X-Api-Key": TOKEN})
            return
        self._json(200 if self.path.partition("?")[0] in ("/ok", "/health") else 404, {"a": 1})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path == "/_states":
            leaky = body["state"] == "leaky"
            self._json(500 if leaky else 200, {"error": f"cannot: {TOKEN}"} if leaky else {"given": "g-1"})
        elif body.get("description") == "order placed":
            metadata = {"contentType": JSON, "topic": "orders", "secret": TOKEN}
            packed = base64.b64encode(json.dumps(metadata).encode()).decode()
            self._json(200, {"id": 1, "said": TOKEN}, {"Pact-Message-Metadata": packed})
        else:
            self._json(404, {"error": f"no such message for {TOKEN}"})

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), JSON, headers)

    def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
        """Keep quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
