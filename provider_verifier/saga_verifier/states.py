"""The state-change server of the harness: takes Pact's state changes, and asks for messages, on the loopback address.

What a state means is decided by the functions that the caller gives. An error is always answered with 4xx: Pact's verifier
repeats a state change that was answered with 5xx eight times, over two minutes.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
MAX_BODY = 5_000_000
POLL_S = 0.02
SOCKET_TIMEOUT_S = 30.0

Handle = Callable[[str, dict[str, Any], str], Mapping[str, Any]]
"""Sets up (or tears down) a state: its name, its parameters, `setup` or `teardown`; gives values for the pact's generators."""
Produce = Callable[[], tuple[Any, Mapping[str, Any]]]
"""Gives contents and metadata of the message that the provider sends in the state that was set up last."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class LoopbackServer:
    """A small HTTP server in a thread of its own: JSON comes in by POST, an answer goes out; a context manager.

    Attributes:
        base_url: Where it answers, once entered.
    """

    def __init__(self, answer: Callable[[str, Any], Answer]) -> None:
        """Take the function that answers a path and a JSON value."""
        self.base_url = ""
        self._answer = answer
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(self._answer)})
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self._server.daemon_threads = True
        self.base_url = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), name="loopback", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class StateServer(LoopbackServer):
    """Serves state changes, and messages where a function for them is given.

    The empty state, which Pact's verifier names when an interaction has none, is answered without asking anybody.
    """

    def __init__(self, handle: Handle, message: Produce | None = None) -> None:
        super().__init__(self._respond)
        self._handle, self._message = handle, message

    @property
    def url(self) -> str:
        """The address for state changes: POST `{"state", "params", "action"}`."""
        return f"{self.base_url}/states"

    @property
    def message_url(self) -> str | None:
        """The address for messages: POST gives `{"contents", "metadata"}`; None when there is no function for them."""
        return None if self._message is None else f"{self.base_url}/message"

    def _respond(self, path: str, body: Any) -> Answer:
        if path == "/states":
            return self._change(body)
        if path == "/message" and self._message is not None:
            contents, metadata = self._message()
            return as_json(200, {"contents": contents, "metadata": dict(metadata)})
        return as_json(404, {"error": f"There is nothing at {path}."})

    def _change(self, body: Any) -> Answer:
        if not isinstance(body, Mapping) or not isinstance(body.get("state"), str):
            return as_json(400, {"error": 'A state change is {"state": name, "params": {…}, "action": "setup" or "teardown"}.'})
        params, action = body.get("params"), body.get("action", "setup")
        params = {} if params is None else params
        if not isinstance(params, dict) or action not in ("setup", "teardown"):
            return as_json(400, {"error": "`params` must be an object, and `action` be setup or teardown."})
        return as_json(200, dict(self._handle(body["state"], params, action)) if body["state"] else {})


def as_json(status: int, value: Any) -> Answer:
    """Give an answer with a JSON body."""
    return Answer(status, json.dumps(value).encode())


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, answers it in one write (two would cost 40 ms each on the loopback device), and closes."""

    answer: Callable[[str, Any], Answer]
    wbufsize = -1
    timeout = SOCKET_TIMEOUT_S

    def do_POST(self) -> None:
        """Answer a request."""
        answer = self._answered()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (named by the standard library)
        """Keep requests out of the error stream."""
        _log.debug(format, *args)

    def _answered(self) -> Answer:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return as_json(413, {"error": f"The body must have a length of at most {MAX_BODY} bytes."})
        try:
            return self.answer(self.path, json.loads(self.rfile.read(int(length)) or b"null"))
        except json.JSONDecodeError:
            return as_json(400, {"error": "The body is not JSON."})
        except Exception as error:  # noqa: BLE001  (whatever it is, the verifier must be answered, and not with 5xx)
            _log.debug("A state change or message failed.", exc_info=True)
            return as_json(422, {"error": str(error) or type(error).__name__})
