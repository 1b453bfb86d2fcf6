"""A participant over real HTTP that answers as the test says, and a small saga to call it with."""

import copy
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from saga_contracts.client import Saga, StepCall, load_definition

DEFINITION: dict[str, Any] = {
    "format": 1,
    "saga": "trip",
    "owner": "travel",
    "payload": {"schema": {"type": "object"}, "example": {"user": "u-1", "nights": 2, "vip": True, "note": "n", "empty": ""}},
    "policies": {
        "owner_notification": {
            "participant": "travel",
            "request": {"method": "POST", "path": "/events", "body": {"saga": "{saga_id}", "what": "{step} {event}"}},
            "replies": {"done": {"status": 204}},
        }
    },
    "steps": [
        {
            "step": "book",
            "participant": "hotel",
            "class": "compensatable",
            "tries": 3,
            "timeout_ms": 30_000,
            "key": "header",
            "forward": {
                "request": {
                    "method": "POST",
                    "path": "/users/{payload.user}/bookings",
                    "query": {"vip": "{payload.vip}", "note": "<{payload.note}>"},
                    "headers": {"Idempotency-Key": "{key}", "X-Note": "{payload.note}"},
                    "body": {"nights": "{payload.nights}", "ref": "{saga_id}/{step}"},
                },
                "replies": {
                    "done": {"status": 201, "body": {"state": "booked", "id": {"$like": "b-1"}, "user": "{payload.user}"}},
                    "done_again": {"status": 200, "body": {"state": "booked", "id": {"$like": "b-1"}}},
                    "refused": {"status": 422, "body": {"error": "full"}},
                    "suspended": {"status": 409, "body": {"error": "cancelled"}},
                    "misused": {"status": 422, "body": {"error": "key_reused"}},
                    "retryable": {"status": 420, "body": {"error": "busy"}},
                },
                "outputs": {"booking_id": "/id"},
            },
            "compensate": {
                "request": {"method": "POST", "path": "/cancel", "headers": {"Idempotency-Key": "{key}"}},
                "replies": {
                    "done": {"status": 200, "body": {"state": "cancelled"}},
                    "null": {"status": 404, "body": {"error": "unknown"}},
                    "impossible": {"status": 409, "body": {"error": "too_late"}},
                },
            },
            "status": {
                "request": {"method": "GET", "path": "/status", "headers": {"Idempotency-Key": "{key}"}},
                "replies": {
                    "applied": {"status": 200, "body": {"state": "booked"}},
                    "absent": {"status": 404, "body": {"error": "unknown"}},
                    "in_progress": {"status": 200},
                },
            },
        },
        {
            "step": "mail",
            "participant": "mail",
            "class": "retriable",
            "after": ["book"],
            "completion": "callback",
            "key": "path",
            "forward": {
                "request": {
                    "method": "PUT",
                    "path": "/mails/{key}",
                    "body": {"booking": "{outputs.book.booking_id}", "tell": "{callback_url}"},
                },
                "replies": {"in_progress": {"status": 202}, "done": {"status": 200}},
            },
            "callback": {
                "request": {"method": "POST", "path": "{callback_url}", "body": {"key": "{key}"}},
                "outcomes": {"done": {"outcome": "sent"}, "refused": {"outcome": "bounced"}},
                "replies": {"done": {"status": 204}},
            },
        },
    ],
}

BOOKED = {"state": "booked", "id": "b-7", "user": "u-1"}


@dataclass(frozen=True)
class Answer:
    """What the participant does with one request."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0  # waits so long, or until the test ends
    drop: bool = False  # closes the connection instead of answering
    drip_s: float = 0.0  # waits so long before each byte of the body
    cut: bool = False  # closes it in the middle of the body


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Server(ThreadingHTTPServer):
    """Does not mind callers that are gone."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Participant:
    """Answers the requests in turn with the scripted answers; the last one stands for all that follow."""

    def __init__(self, answers: list[Answer]) -> None:
        self.answers, self.requests = answers, list[Request]()
        self.over = threading.Event()
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def take(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        participant = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = participant.take(Request(self.command, self.path, headers, json.loads(raw) if raw else None))
                participant.over.wait(answer.after_s)
                if answer.drop:
                    self.close_connection = True
                    return
                content = (
                    answer.raw if answer.raw is not None else b"" if answer.body is None else json.dumps(answer.body).encode()
                )
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content) + (10 if answer.cut else 0)))
                self.end_headers()
                for start in range(0, len(content), 1 if answer.drip_s else len(content) or 1):
                    participant.over.wait(answer.drip_s)
                    self.wfile.write(content[start:][:1] if answer.drip_s else content)
                self.close_connection = answer.cut

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815  (http.server's names)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
                pass

        return Handler


@pytest.fixture
def definition() -> dict[str, Any]:
    return copy.deepcopy(DEFINITION)


@pytest.fixture
def booked() -> dict[str, Any]:
    return {"status": 201, "body": BOOKED}


@pytest.fixture
def call() -> StepCall:
    return StepCall("s-1", {"user": "u-1", "nights": 2, "vip": True, "note": "n", "empty": ""})


@pytest.fixture
def saga() -> Saga:
    return load_definition(DEFINITION)


@pytest.fixture
def participant() -> Iterator[Callable[..., Participant]]:
    """Starts a participant with its answers, each given as the fields of `Answer`."""
    started: list[Participant] = []

    def start(*answers: dict[str, Any]) -> Participant:
        started.append(Participant([Answer(**answer) for answer in answers]))
        return started[-1]

    yield start
    for one in started:
        one.stop()
