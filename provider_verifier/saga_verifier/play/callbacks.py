"""The harness's receiver of callbacks: takes what a participant sends later, and lets the player wait for it.

Listens where the isolation says that its programs reach the harness. Keeps everything that comes to an address it has given, by
whatever method, so that all of it can be judged; and what comes elsewhere, so that it can be named. Both are bounded: no
participant can fill it up. By default it takes whatever is told; a key may be treated otherwise, and its port may be closed for a
while, so that it can be seen what a participant does then.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Reply
from saga_contracts.rim.server import HOST, Answer, LoopbackServer, NoAnswer, Received, as_json
from saga_contracts.wire.bodies import body_of

MAX_BODY_BYTES = 1_000_000
MOST_OF_A_KEY = 50
MOST_STRAYS = 50
_PATH = "/callbacks/"
_TAKEN = Reply(status=204)


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback as it came.

    Attributes:
        body: Its JSON value, or its text; None when there was none.
        headers: With names in lower case.
        at_s: When it came, on the clock of `time.monotonic`.
        taken: Was it answered as the saga file declares?
    """

    method: str
    path: str
    body: Any
    headers: dict[str, str]
    at_s: float
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a callback that is not taken is treated.

    Attributes:
        answer: What is answered instead.
        after_s: How long it is held back first.
    """

    answer: Answer | NoAnswer
    after_s: float = 0


Manner = Callable[[int], Treatment | None]
"""How the callbacks of a key are treated: told how many came, with this one; None: it is taken. One call at a time."""


class CallbackReceiver:
    """A context manager; while it is open, `url_for(key)` takes callbacks and `wait(key)` gives them.

    Args:
        host: The address of this machine to listen at.
    """

    def __init__(self, host: str = HOST) -> None:
        self._arrived: dict[str, list[Callback]] = {}
        self._answers: dict[str, Reply] = {}
        self._manners: dict[str, Manner] = {}
        self._counts: dict[str, int] = {}
        self._over = threading.Event()
        self._strays: list[Callback] = []
        self._changed = threading.Condition()
        self._host = host
        self._server = self._listening(0)

    def __enter__(self) -> Self:
        """Start to listen."""
        self._server.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop to listen."""
        self._over.set()
        self._server.__exit__(kind, error, trace)

    def _listening(self, port: int) -> LoopbackServer:
        return LoopbackServer(self._take, host=self._host, port=port, max_body=MAX_BODY_BYTES)

    def url_for(self, key: str) -> str:
        """Give the address that a participant is told to call back; it is answered with 204, unless `answer` says otherwise.

        Args:
            key: The step key.
        """
        with self._changed:
            self._arrived.setdefault(key, [])
            self._answers.setdefault(key, _TAKEN)
        return f"http://{self._host}:{self.port}{_PATH}{quote(key, safe=':')}"

    def answer(self, key: str, answer: Reply) -> None:
        """Answer the callbacks of a key that are taken as the saga file declares it.

        Args:
            key: A step key whose address was given.
            answer: What is answered.
        """
        with self._changed:
            self._answers[key] = answer

    def treat(self, key: str, manner: Manner) -> None:
        """Treat the callbacks of a key otherwise from now on.

        Args:
            key: A step key whose address was given.
            manner: How.
        """
        with self._changed:
            self._manners[key] = manner

    @contextmanager
    def away(self) -> Iterator[Callable[[], None]]:
        """Be away: while the block runs, connections to the port are refused; nobody else gets it meanwhile.

        Yields:
            Comes back before the block ends.
        """
        port, self._server = self._server.port, self._closed()
        held = _hold(self._host, port)

        def come_back() -> None:
            if held.fileno() != -1:
                held.close()
                self._server = self._listening(port)
                self._server.__enter__()

        try:
            yield come_back
        finally:
            come_back()

    def _closed(self) -> LoopbackServer:
        self._server.__exit__(None, None, None)
        return self._server

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def wait(self, key: str, timeout_s: float, after: int = 0) -> Callback | None:
        """Give a callback for a key, or None when it did not come in time.

        Args:
            key: The step key.
            timeout_s: How long to wait.
            after: How many callbacks of the key are known already; the next one is meant.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._arrived.get(key, ())) > after, timeout_s)
            return next(iter(self._arrived.get(key, [])[after:]), None)

    def count(self, key: str) -> int:
        """Give how many callbacks came for a key; not all of very many are kept."""
        with self._changed:
            return self._counts.get(key, 0)

    def of(self, key: str) -> tuple[Callback, ...]:
        """Give every callback for a key so far, in the order in which they came."""
        with self._changed:
            return tuple(self._arrived.get(key, ()))

    def strays(self, since_s: float) -> tuple[Callback, ...]:
        """Give what came to other addresses since a moment of `time.monotonic`."""
        with self._changed:
            return tuple(one for one in self._strays if one.at_s >= since_s)

    def _take(self, received: Received) -> Answer | NoAnswer:
        """Keep a callback, and answer it as declared when its key is known."""
        headers = {name.lower(): value for name, value in received.headers.items()}
        body = body_of(received.body, headers.get("content-type", ""))
        callback = Callback(received.method, received.path, body, headers, time.monotonic())
        key = unquote(received.path.removeprefix(_PATH)) if received.path.startswith(_PATH) else ""
        with self._changed:
            if key not in self._arrived:
                self._strays[MOST_STRAYS - 1 :] = []
                self._strays.append(callback)
                return as_json(404, {"error": "Nobody waits for a callback at this address."})
            treatment = self._keep(key, callback)
        if treatment is None:
            return _answer(self._answers[key])
        self._over.wait(treatment.after_s)
        return treatment.answer

    def _keep(self, key: str, callback: Callback) -> Treatment | None:
        """Keep a callback of a key; gives how it is treated, or None when it is taken. The lock is held."""
        self._counts[key] = self._counts.get(key, 0) + 1
        manner, kept = self._manners.get(key), self._arrived[key]
        treatment = manner(self._counts[key]) if manner is not None else None
        if len(kept) < MOST_OF_A_KEY or (treatment is None and not any(one.taken for one in kept)):
            kept.append(replace(callback, taken=treatment is None))
        self._changed.notify_all()
        return treatment


def _hold(host: str, port: int) -> socket.socket:
    """Hold a port at which nobody listens."""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((host, port))
    return held


def _answer(reply: Reply) -> Answer:
    if reply.body is None:
        return Answer(reply.status)
    return as_json(reply.status, templates.examples(reply.body))
