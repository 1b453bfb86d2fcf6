"""A right participant of many steps in one process of Python's own server: `python steps.py PORT`; `SAGA` declares them."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, Any]]
_LEFT: dict[str, int] = {}
_ROWS: dict[str, str] = {}
_ASKED: dict[str, str] = {}
_LOCK = threading.Lock()
_STEP = """
  - step: {name}
    participant: stock
    class: compensatable
    key: path
    given:
      enough: [{{state: stock, params: {{item: "{{payload.item}}", left: 3}}}}]
      refusing: [{{state: stock, params: {{item: "{{payload.item}}", left: 0}}}}]
    forward:
      request: {{method: PUT, path: "/{name}/{{key}}", body: {{item: "{{payload.item}}"}}}}
      replies: {{done: {{status: 201}}, done_again: {{status: 200}}, refused: {{status: 422}}, suspended: {{status: 409}}}}
    compensate:
      request: {{method: DELETE, path: "/{name}/{{key}}", body: {{item: "{{payload.item}}"}}}}
      replies: {{done: {{status: 200}}}}
    status:
      request: {{method: GET, path: "/{name}/{{key}}"}}
      replies:
        applied: {{status: 200, body: {{state: applied}}}}
        refused: {{status: 200, body: {{state: refused}}}}
        compensated: {{status: 200, body: {{state: compensated}}}}
        absent: {{status: 404}}
    probe:
      request: {{method: GET, path: "/items/{{payload.item}}"}}
      reads: {{before: {{left: 3}}, refusing: {{left: 0}}, applied: {{left: 2}}}}"""


def saga(steps: int) -> str:
    """Give a saga file of so many steps, all alike."""
    head = "format: 1\nsaga: long\nowner: shop\npayload: {schema: {type: object}, example: {item: item-1}, fresh: [item]}\nsteps:"
    return head + "".join(_STEP.format(name=f"step_{number}") for number in range(steps))


class Steps(BaseHTTPRequestHandler):
    """Takes an item for each key, gives it back, and tells."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        told = self._body()
        if told.get("action") == "setup":
            _LEFT[told["params"]["item"]] = told["params"]["left"]
        self._send(200, {})

    def do_PUT(self) -> None:
        with _LOCK:
            self._send(*self._take(self._body()["item"]))

    def do_DELETE(self) -> None:
        item = self._body()["item"]
        with _LOCK:
            _LEFT[item] = _LEFT.get(item, 0) + (_ROWS.get(self.path) == "applied")
            _ROWS[self.path] = "compensated"
            self._send(200, {})

    def do_GET(self) -> None:
        if self.path.startswith("/items/"):
            self._send(200, {"left": _LEFT.get(self.path.rpartition("/")[2], 0)})
        elif self.path == "/health":
            self._send(200, {})
        else:
            state = _ROWS.get(self.path)
            self._send(404 if state is None else 200, {"state": state})

    def _take(self, item: str) -> Answer:
        state = _ROWS.get(self.path)
        if state == "compensated":
            return 409, {}
        if state is not None:
            return (200 if state == "applied" and _ASKED[self.path] == item else 422), {}
        _ASKED[self.path] = item
        enough = _LEFT.get(item, 0) > 0
        _LEFT[item] = _LEFT.get(item, 0) - enough
        _ROWS[self.path] = "applied" if enough else "refused"
        return (201 if enough else 422), {}

    def _body(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        return read

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name in ("Saga-Id", "Saga-Step"):
            self.send_header(name, self.headers.get(name, ""))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Steps).serve_forever()
