"""A stub participant over real HTTP for client-only cases, and the comparison of what it got with what the case says.

Answers on 127.0.0.1 at a free port, as scripted; keeps what came. Knows no Pact.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Reply, Request
from saga_contracts.derive.client_cases import Answer

MAX_BODY = 1_000_000
STRANGERS = ("/health", "/metrics")
"""What other programs of this machine ask for, when they look for a server of theirs that had this port before."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came; header names in lower case, the body as JSON if it is any."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Stub:
    """A running stub: where it is, and what it got so far."""

    url: str
    calls: list[Call] = field(default_factory=list)


@contextmanager
def serve(answers: Sequence[Reply | Answer], context: Mapping[str, Any], echo: Mapping[str, str]) -> Iterator[Stub]:
    """Serve scripted answers.

    Args:
        answers: Call by call; the last one stands for all further calls.
        context: Values for the templates in the replies' bodies.
        echo: Headers of every reply.
    """
    over, lock = threading.Event(), threading.Lock()
    stub = Stub("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            call = self.read()
            self.close_connection = True
            if call.path in STRANGERS:
                self.send(Reply(status=404))
                return
            with lock:
                stub.calls.append(call)
                chosen = answers[min(len(stub.calls), len(answers)) - 1]
            if isinstance(chosen, Reply):
                self.send(chosen)
            elif chosen == Answer.SILENCE:
                over.wait(60)

        def read(self) -> Call:
            length = min(int(self.headers.get("Content-Length") or 0), MAX_BODY)
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            return Call(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), headers, _json(self.rfile.read(length)))

        def send(self, reply: Reply) -> None:
            body = templates.examples(templates.fill(reply.body, context))
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **echo, "Connection": "close"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815  (http.server's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
            """Say nothing: what came is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def difference(call: Call, request: Request, context: Mapping[str, Any], correlation: Mapping[str, str]) -> str | None:
    """Tell what is wrong with a call, or None when it is as the case says."""
    path = str(templates.fill(request.path, context))
    if (call.method, call.path) != (request.method, path):
        return f"It is {call.method} {call.path} instead of {request.method} {path}."
    query = {name: str(templates.fill(value, context)) for name, value in request.query.items()}
    if call.query != query:
        return f"Its query is {call.query} instead of {query}."
    headers = {name: str(templates.fill(value, context)) for name, value in request.headers.items()}
    for name, value in {**headers, **correlation}.items():
        found = call.headers.get(name.lower())
        if found != value:
            return f"Its header {name} is {found!r} instead of {value!r}."
    body = templates.fill(request.body, context)
    return None if call.body == body else f"Its body is {json.dumps(call.body)} instead of {json.dumps(body)}."


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")
