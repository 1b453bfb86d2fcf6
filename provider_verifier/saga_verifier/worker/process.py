"""A worker as a process: says that it lives, takes jobs until it is told to end, and then finishes or gives back what it has."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from saga_broker.client.jobs import JobsClient, Orders, is_refusal
from saga_contracts.errors import SagapactError
from saga_verifier.worker.engine import Engine
from saga_verifier.worker.nursing import Nursery
from saga_verifier.worker.order import Bounds
from saga_verifier.worker.running import Runner

_BEATS = 5
"""So many beats fit into a lease."""
_FIRST_BEAT_S = 1.0
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker is.

    Attributes:
        broker: Whose jobs it does.
        work_database_url: Where it takes them from.
        labels: What it has.
        bounds: What a job may do.
        grace_s: How long a job may go on when the worker is to end.
        say: Told what happens, for people.
    """

    broker: JobsClient
    work_database_url: str
    labels: tuple[str, ...]
    bounds: Bounds
    grace_s: int
    say: Callable[[str], None]

    def run(self) -> None:
        """Work until a signal says to end.

        Raises:
            SagapactError: The broker refuses this worker, or the work database cannot be used.
        """
        hide_memory()
        name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        nursery = Nursery(self.bounds.env)
        runner = Runner(self.broker, name, self.bounds, self.say, nursery)
        engine = Engine(self.work_database_url, name, self.labels, runner.verify)
        with _told_to_end() as told:
            heart = _Heart(self.broker, runner, self.labels)
            heart.begin(told)
            try:
                if not told.is_set():
                    engine.start(told.wait, self.say)
                    self.say(f"worker {name} ready: takes jobs of {self.broker.url}")
                    told.wait()
                    self.say("worker ends: what it has is finished or given back")
                    runner.closes.set()
                    engine.stop(self.grace_s if runner.at_work else 0)
            finally:
                runner.stop_all()
                runner.settle()
                heart.end()
                nursery.close()


class _Heart:
    """Says that a worker lives, and hears which jobs it has lost."""

    def __init__(self, broker: JobsClient, runner: Runner, labels: tuple[str, ...]) -> None:
        self._broker, self._runner, self._labels = broker, runner, labels
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="sagapact-heart", daemon=True)
        self._pause_s = _FIRST_BEAT_S

    def begin(self, told: threading.Event) -> None:
        """Enter this worker; returns once the broker knows it, or the worker is told to end.

        Raises:
            SagapactError: The broker refuses it.
        """
        while not told.is_set():
            try:
                self._once()
            except SagapactError as error:
                if is_refusal(error):
                    raise
                told.wait(_FIRST_BEAT_S)
            else:
                break
        self._thread.start()

    def end(self) -> None:
        """Leave: what the worker still has is offered to others at once."""
        self._ends.set()
        self._thread.join()
        with contextlib.suppress(SagapactError):  # then others take it when the lease is over
            self._broker.leave(self._runner.name)

    def _beat(self) -> None:
        while not self._ends.wait(self._pause_s):
            with contextlib.suppress(SagapactError):  # the next one may be heard
                for job in self._once().stop:
                    self._runner.stop(job)

    def _once(self) -> Orders:
        orders = self._broker.beat(self._runner.name, self._labels, self._runner.at_work)
        self._pause_s = orders.lease_s / _BEATS
        return orders


@contextlib.contextmanager
def _told_to_end() -> Iterator[threading.Event]:
    told = threading.Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def hide_memory() -> None:
    """Keep other programs of the same user from reading this process's memory and environment, where its token is."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
