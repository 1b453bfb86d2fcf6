"""How long a request may wait and work, and whether anybody still waits for its answer.

One `Patience` goes with each request from the event loop into its thread. What waits or works for long asks it: the queue before
a worker thread, the turn of the writers, the database's statements. Work that no request asked for (imports, migrations,
cleaning) has none, and is not bounded.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

Stop = Callable[[], None]


class ImpatientError(Exception):
    """A request is given up before its work is done; nothing of it is stored."""


class GoneError(ImpatientError):
    """The client went away: nobody waits for the answer."""


class BusyError(ImpatientError):
    """The wait for a turn was too long."""


class SlowError(ImpatientError):
    """The work itself took too long."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things may take.

    Attributes:
        wait_s: Until a request's work begins: in the queue before a thread, and for other writers.
        work_s: From there on.
    """

    wait_s: float = 10.0
    work_s: float = 30.0


class Patience:
    """The patience of one request; the event loop and the request's thread share it."""

    __slots__ = ("_guard", "_stop", "is_gone", "wait_until", "work_s", "work_until")

    def __init__(self, bounds: Bounds) -> None:
        self.wait_until = time.monotonic() + bounds.wait_s
        self.work_s = bounds.work_s
        self.work_until = self.wait_until + bounds.work_s
        self.is_gone = False
        self._guard = threading.Lock()
        self._stop: Stop | None = None

    def begin(self) -> None:
        """Let the time for the work run from now on."""
        self.work_until = time.monotonic() + self.work_s

    def wait_s(self) -> float:
        """Give the seconds that are left for waiting."""
        return max(0.0, self.wait_until - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Tell whether work has to stop."""
        return self.is_gone or time.monotonic() > self.work_until

    def check(self) -> None:
        """Go on only when there is time left and somebody waits.

        Raises:
            GoneError: Nobody waits.
            SlowError: There is no time left.
        """
        if self.is_gone:
            raise GoneError
        if time.monotonic() > self.work_until:
            raise SlowError

    def give_up(self) -> None:
        """Stop what is being done for this request, from another thread; may block for a moment, and may be repeated."""
        with self._guard:
            self.is_gone = True
            if self._stop is not None:
                self._stop()

    @contextmanager
    def stopped_by(self, stop: Stop) -> Iterator[None]:
        """Say how the work inside is stopped; afterwards it is not touched any more."""
        with self._guard:
            self._stop = stop
        try:
            yield
        finally:
            with self._guard:
                self._stop = None


PATIENCE: ContextVar[Patience | None] = ContextVar("patience", default=None)
