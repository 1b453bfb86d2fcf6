"""Killing a participant in the very moment that its reply is whole, before anybody else does anything.

The calls of one event go through a small server of the harness, which passes each on by a connection of its own. As soon as the
last byte of the reply is there, the participant gets its SIGKILL; only then the reply is given to who called. So what it does
after an acknowledgement, be it a few milliseconds later, does not happen any more. What is not whole acknowledges nothing.
"""

import http.client
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from saga_contracts.derive.expectations import CALLBACKS
from saga_contracts.rim.server import Answer, LoopbackServer, NoAnswer, Received
from saga_verifier.play.driver import Driver
from saga_verifier.trials.ground import Ground
from saga_verifier.trials.held import Held

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})


class Striking:
    """A context manager: the calls of the event that a history is held after are answered, and the participant is killed.

    Attributes:
        driver: Calls the participant through it.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._server = LoopbackServer(self._pass_on)
        self._held: Held | None = None
        self._struck = False
        self._over = False
        self.driver: Driver = ground.driver.at(self._at)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.__exit__(kind, error, trace)

    def watches(self, held: Held) -> None:
        """Strike in the reply to the event after which this history is held."""
        self._held = held

    def over(self) -> None:
        """The participant was started again: strike no more."""
        self._over = True

    def _at(self) -> str:
        """Give the participant's address, and the harness's own for the calls of the event."""
        if self._struck and not self._over:  # that was a try which is repeated
            self._ground.running.kill()
            self._ground.running.start()
            self._struck = False
        base_url = self._server.base_url if self._is_armed() else self._ground.running.base_url
        return self._ground.provider.calls_url(base_url)

    def _is_armed(self) -> bool:
        """Is the event a call, and under way? The end of work is no call: there the kill comes as soon as it was told."""
        held = self._held
        if held is None or held.came or held.trial.at != held.playing.reached + 1:
            return False
        return held.trial.history.plays[held.playing.reached].letter not in CALLBACKS

    def _pass_on(self, received: Received) -> Answer | NoAnswer:
        target = urlsplit(self._ground.running.base_url)
        timeout_s = self._ground.driver.slice.step.timeout_ms / 1000
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=timeout_s)
        try:
            _send(connection, received, target.netloc)
            reply = connection.getresponse()
            body = reply.read()
            self._strike(received)
        except (OSError, http.client.HTTPException):
            return NoAnswer.CLOSE
        finally:
            connection.close()
        headers = [(name, value) for name, value in reply.getheaders() if name.lower() not in _FRAMING]
        return Answer(reply.status, headers, body)

    def _strike(self, received: Received) -> None:
        """Kill; not in the reply to a look-up, which comes before an undoing."""
        lookup = self._ground.driver.slice.step.lookup
        if lookup is not None and lookup.request.method == received.method:
            return
        self._ground.running.strike()
        self._struck = True


def _send(connection: http.client.HTTPConnection, received: Received, host: str) -> None:
    """Send a request on as it came."""
    path = f"{received.path}?{received.query}" if received.query else received.path
    connection.putrequest(received.method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    for name, value in received.headers.multi_items():
        if name.lower() not in ("host", *_FRAMING):
            connection.putheader(name, value)
    if received.body or "content-length" in received.headers:
        connection.putheader("Content-Length", str(len(received.body)))
    connection.putheader("Connection", "close")
    connection.endheaders(received.body or None)
