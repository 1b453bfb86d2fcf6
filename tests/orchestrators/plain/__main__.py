"""Listens, and runs the workers: `python -m plain`.

POST /transactions {kind, token, data}   begins one, or finds the one that was begun with this token: {ref, phase}
GET  /transactions/REF                   {ref, kind, phase, trail, legs: {STEP: {state, outputs}}, trouble}
POST /hooks/KEY                          a participant tells the outcome of a leg: 204, also when it comes again
GET  /up                                 204
"""

import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from plain import declared, tables
from plain.settings import FAULT, HOST, PORT, THREADS
from plain.worker import work

Answer = tuple[int, dict[str, Any] | None]
_heard: set[str] = set()


def answer(method: str, path: list[str], body: Any) -> Answer:
    """Answer one request."""
    match method, path:
        case "GET", ["up"]:
            return 204, None
        case "POST", ["transactions"]:
            return _begin(body)
        case "GET", ["transactions", ref]:
            return _tell(ref)
        case "POST", ["hooks", key]:
            return _hear(key, body)
    return 404, {"trouble": "no such address"}


def _begin(body: Any) -> Answer:
    try:
        kind, token, data = body["kind"], body["token"], body["data"]
        steps = [step["step"] for step in declared.saga_file(kind)["steps"]]
    except (KeyError, TypeError):
        return 400, {"trouble": "The body is {kind, token, data}, and its kind one that can be run here."}
    txn = tables.begun(tables.Txn(f"T{uuid.uuid4().hex[:12]}", kind, token, data), steps)
    if FAULT == "begins two at once":
        tables.begun(tables.Txn(f"T{uuid.uuid4().hex[:12]}", kind, f"{token} again", data), steps)
    if txn.data != data:
        return 409, {"trouble": "The token was used with other data."}
    return 200, {"ref": txn.ref, "phase": txn.phase}


def _tell(ref: str) -> Answer:
    found = tables.found(ref)
    if found is None:
        return 404, {"trouble": "no such transaction"}
    txn, legs = found
    told = {name: {"state": leg.state, "outputs": leg.outputs} for name, leg in legs.items()}
    trouble = ", ".join(f"{name} is {leg.state}" for name, leg in legs.items() if leg.state in ("no", "unsure", "spent", "stuck"))
    return 200, {"ref": ref, "kind": txn.kind, "phase": txn.phase, "trail": txn.trail, "legs": told, "trouble": trouble}


def _hear(key: str, body: Any) -> Answer:
    if FAULT == "refuses a repeated callback" and key in _heard:
        return 409, {"trouble": "That was told before."}
    _heard.add(key)
    if FAULT == "loses a callback":
        return 204, None
    ref, _, step = key.partition(".")
    return (204, None) if tables.heard(ref, step, body) else (404, {"trouble": "no such key"})


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Take a question."""
        self._answer()

    def do_POST(self) -> None:
        """Take a request."""
        self._answer()

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            body = json.loads(content) if content else None
        except ValueError:
            body = None
        path = [unquote(part) for part in self.path.strip("/").split("/")]
        status, said = answer(self.command, path, body)
        out = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (named by the library)
        """Write nothing."""


def main() -> None:
    """Run until ended."""
    tables.open_tables()
    for _ in range(THREADS):
        threading.Thread(target=_working, daemon=True).start()
    ThreadingHTTPServer((HOST, PORT), Handler).serve_forever()


def _working() -> None:
    while True:
        try:
            work()
        except Exception as error:  # noqa: BLE001  (the lease brings it back)
            sys.stderr.write(f"{type(error).__name__}: {error}\n")


if __name__ == "__main__":
    main()
