"""The participant over HTTP: calls, `POST /_states`, `GET /health`; callbacks are repeated until they are taken.

One call after the other is decided and stored, then answered; so calls that come at the same time are safe.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from saga_contracts.client.results import Backoff
from saga_contracts.client.transport import received as as_received
from saga_contracts.rim import sender
from saga_contracts.rim.server import HOST, Answer, LoopbackServer, Received, as_json
from saga_contracts.stand_in.book import Row
from saga_contracts.stand_in.participant import NotServedError, Outgoing, Participant, Said
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.store import Store
from saga_contracts.wire import bodies, replies
from saga_contracts.wire.matching import Heard

STATES = "/_states"
HEALTH = "/health"
CALLBACK_TIMEOUT_S = 5.0
MOST_TELLINGS = 20
"""How often a callback is sent at most; after that nobody is taken to listen any more."""


class Serving:
    """A context manager: while it is open, the participant answers at `base_url`.

    Args:
        rules: The rules of its steps.
        store: Where it remembers; default: in memory.
        host: The address of this machine to listen at.
        port: The port; 0: a free one.
    """

    def __init__(self, rules: Sequence[Right], store: Store | None = None, *, host: str = HOST, port: int = 0) -> None:
        self._store = store or Store()
        self._participant = Participant(rules, self._store.book())
        self._server = LoopbackServer(self._handle, host=host, port=port)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._http = sender.bounded_client()
        self._backoff = Backoff(first_s=0.05, bound_s=2.0, chance=lambda: 1.0)  # nobody else calls back at the same time
        self._workers: set[threading.Thread] = set()

    def __enter__(self) -> Self:
        """Listen, and go on with the work that was left."""
        self._server.__enter__()
        for row in list(self._participant.book.rows.values()):
            if self._participant.is_at_work(row):
                self._later(0, row)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop to listen, and to work."""
        self._over.set()
        self._server.__exit__(kind, error, trace)
        for worker in list(self._workers):
            worker.join(CALLBACK_TIMEOUT_S)
        with self._lock:
            self._store.close()
        self._http.close()

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return self._server.base_url

    def _handle(self, received: Received) -> Answer:
        if received.path == HEALTH and received.method == "GET":
            return as_json(200, {"status": "ok"})
        try:
            if received.path == STATES and received.method == "POST":
                return self._set_up(received)
            return self._hear(received)
        except NotServedError as error:
            return as_json(error.status, {"error": str(error)})

    def _set_up(self, received: Received) -> Answer:
        body = bodies.body_of(received.body)
        params = body.get("params") or {} if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(body.get("state"), str) or not isinstance(params, dict):
            raise NotServedError(400, 'A state change is {"state": name, "params": {…}, "action": "setup" or "teardown"}.')
        if body.get("action") != "teardown":
            with self._lock:
                self._store.keep_post(self._participant.set_up(body["state"], params))
        return as_json(200, {})

    def _hear(self, received: Received) -> Answer:
        headers = {name.lower(): value for name, value in received.headers.items()}
        query = tuple(parse_qsl(received.query, keep_blank_values=True))
        heard = Heard(received.method, received.path, query, headers, received.body)
        with self._lock:
            said = self._participant.hear(heard)
            if said.row is not None and self._participant.book.holds(said.row):
                self._store.keep(said.row)
        if said.accepted and said.row is not None:
            self._later(self._participant.rules[said.row.step].work_s, said.row)
        return self._answer(said)

    def _answer(self, said: Said) -> Answer:
        if said.delivery.pause_s:
            self._over.wait(said.delivery.pause_s)
        return Answer(said.status, list(said.headers.items()), said.body, said.delivery.pace_s)

    def _later(self, seconds: float, row: Row) -> None:
        worker = threading.Thread(target=self._work, args=(seconds, row), name="work", daemon=True)
        self._workers.add(worker)
        worker.start()

    def _work(self, seconds: float, row: Row) -> None:
        self._work_on(seconds, row)
        self._workers.discard(threading.current_thread())

    def _work_on(self, seconds: float | None, row: Row) -> None:
        """Do what there is to do, and tell of it, until nothing is left."""
        while seconds is not None:
            if self._over.wait(seconds):
                return
            with self._lock:
                if self._over.is_set():
                    return
                outgoing, seconds = self._participant.work(row)
                self._store.keep(row)
            if outgoing is not None:
                self._tell(row, outgoing)

    def _tell(self, row: Row, outgoing: Outgoing) -> None:
        """Send a callback until it is taken."""
        callback = self._participant.rules[row.step].step.callback
        declared = callback.backoff if callback is not None else None
        backoff = self._backoff if declared is None else replace(Backoff.declared(declared), chance=self._backoff.chance)
        for number in range(1, MOST_TELLINGS + 1):
            if self._sent(outgoing):
                with self._lock:
                    row.tells = None
                    self._store.keep(row)
                return
            if self._over.wait(backoff.pause_s(number)):
                return

    def _sent(self, outgoing: Outgoing) -> bool:
        request = self._http.build_request(
            outgoing.method,
            outgoing.url,
            params=outgoing.query or None,
            headers=[(name.encode(), value.encode()) for name, value in outgoing.headers.items()],
            content=outgoing.content,
        )
        answer = sender.send(self._http, request, CALLBACK_TIMEOUT_S)
        reply = as_received(answer)
        success: Any = isinstance(answer, sender.Reply) and answer.is_success
        return reply is not None and (success or replies.fits(outgoing.taken, reply) is None)
