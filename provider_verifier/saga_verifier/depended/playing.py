"""Plays the services that a participant depends on, over HTTP, one address each; one chosen call fails in a chosen way."""

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Any, Self

from saga_contracts.errors import SagapactError
from saga_contracts.read import positions
from saga_contracts.rim.server import HOST, Answer, LoopbackServer, NoAnswer, Received, as_json
from saga_verifier.depended.contract import Answers, declared, of_pact
from saga_verifier.depended.ledger import Ledger
from saga_verifier.provider_file import ProviderFile
from saga_verifier.provider_file.depends import Depended, DependedReply

_IDLE_S = 30.0
_MOST_STRAYS = 20


class Mode(StrEnum):
    """How a call fails."""

    CLOSED = "closed"  # the connection ends before anything was read
    ERROR = "500"
    SILENT = "silent"  # nothing comes, and nothing was done
    LOST = "lost"  # it was done, and the reply is lost
    KILL = "kill"  # it was done, and the participant is killed before it learns it


@dataclass(frozen=True, slots=True)
class Failing:
    """Which call fails, and how.

    Attributes:
        number: Of the call, from 1, since the ledger was opened.
        silent_s: How long a silent service keeps a caller waiting, in seconds.
        strike: Kills the participant.
    """

    number: int
    mode: Mode
    silent_s: float = 1.0
    strike: Callable[[], None] = lambda: None


class Services:
    """A context manager: while it is open, every service answers at an address of its own.

    Attributes:
        env: Addresses, by the variables that tell the participant.
        ledger: What came of the calls since `open`.
        failed: Has the chosen call come?
        strays: Calls that no contract has, since it listens.
    """

    def __init__(self, provider: ProviderFile) -> None:
        self.env: dict[str, str] = {}
        self.ledger = Ledger()
        self.failed = threading.Event()
        self.strays: list[str] = []
        self._provider = provider
        self._failing: Failing | None = None
        self._changed = threading.Condition()
        self._at_work = 0
        self._servers = ExitStack()

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            SagapactError: when a pact cannot be read.
        """
        for service in self._provider.depends or ():
            answers = self._answers(service)
            server = LoopbackServer(partial(self._answer, answers), host=HOST)
            self.env[service.env] = self._servers.enter_context(server).base_url
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._servers.close()

    def open(self, failing: Failing | None = None) -> None:
        """Begin a new ledger, and let one of the calls that come fail."""
        with self._changed:
            self.ledger, self._failing = Ledger(), failing
            self.failed.clear()

    def let_fail(self, failing: Failing) -> None:
        """Let a call fail, counted from now on."""
        with self._changed:
            self._failing = Failing(self.ledger.calls + failing.number, failing.mode, failing.silent_s, failing.strike)

    def idle(self) -> None:
        """Wait until no call is at work."""
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work, _IDLE_S)

    def _answers(self, service: Depended) -> Answers:
        if service.pact is None:
            return declared(service)
        place = self._provider.folder / service.pact
        try:
            return of_pact(service, positions.read_file(place).data)
        except (OSError, ValueError) as error:
            raise SagapactError(f"The pact of {service.name}, {place}, cannot be read: {error}. Name a pact file.") from None

    def _answer(self, answers: Answers, received: Received) -> Answer | NoAnswer:
        with self._changed:
            self.ledger.calls += 1
            failing = self._failing
            fails = failing is not None and failing.number == self.ledger.calls
            reply = self._chosen(answers, received)
            if reply is not None and (failing is None or not fails or failing.mode in (Mode.LOST, Mode.KILL)):
                self.ledger.take(reply, received)
            self._at_work += 1
        try:
            return self._fail(failing) if failing is not None and fails else _written(answers, reply)
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def _fail(self, failing: Failing) -> Answer | NoAnswer:
        self.failed.set()  # first: who calls a participant that is killed hears of its end at once
        if failing.mode == Mode.KILL:
            failing.strike()
        if failing.mode == Mode.SILENT:
            threading.Event().wait(failing.silent_s)
        return as_json(500, {"error": "planted by the harness"}) if failing.mode == Mode.ERROR else NoAnswer.CLOSE

    def _chosen(self, answers: Answers, received: Received) -> DependedReply | None:
        net = self.ledger.net
        for reply in answers.of(received.method, received.path):
            if reply.after is None or net.get(reply.after, 0) > 0:
                return reply
        stray = f"{answers.name} {received.method} {received.path}"
        self.ledger.strays.append(stray)
        self.strays[_MOST_STRAYS - 1 :] = []
        self.strays.append(stray)
        return None


def _written(answers: Answers, reply: DependedReply | None) -> Answer:
    if reply is None:
        return as_json(404, {"error": f"The contract of {answers.name} has no such call."})
    headers = list(reply.headers.items())
    body: Any = reply.body
    if body is None:
        return Answer(reply.status, headers)
    if all(name.lower() != "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(reply.status, headers, body.encode() if isinstance(body, str) else json.dumps(body).encode())


def names(services: Sequence[Depended]) -> str:
    """Give the names of services, in words."""
    return " and ".join(one.name for one in services)
