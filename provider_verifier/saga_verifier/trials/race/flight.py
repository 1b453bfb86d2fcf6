"""Calls that are under way at once: each is sent but for its last byte, then the last bytes go out together, or apart.

A call is made as ever; only its connection keeps the last byte of the request back. So both requests are known to be at the
participant, read and parsed but for that byte, before either can be answered.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

import httpcore

from saga_contracts.errors import SagapactError
from saga_contracts.rim.sender import bounded_client
from saga_verifier.play.called import Called
from saga_verifier.play.driver import Driver
from saga_verifier.trials.race.barrier import Barrier

LONGEST_WAIT_S = 30.0
"""Nothing is waited for longer than this, whatever happens."""

Call = Callable[[Driver], Called]


@dataclass(frozen=True, slots=True)
class Flight:
    """Calls that were let go, and what was measured.

    Attributes:
        calls: What came back, in the order in which they were let go.
        together: Was every one answered, and the last one at the participant before the answer to any began?
        waited: How many waited at the barrier.
        quickest_s: The shortest time from a last byte to the beginning of its answer; None: there was no answer.
    """

    calls: tuple[Called, ...]
    together: bool
    waited: int
    quickest_s: float | None


def fly(driver: Driver, calls: Sequence[Call], offset_s: float, barrier: Barrier, pause_s: float) -> Flight:
    """Make calls so that they overlap.

    Args:
        driver: Calls the participant.
        calls: The calls, in the order in which they are let go.
        offset_s: How long after one the next is let go, or sooner: once all before it wait at the barrier, or are over.
        barrier: What they wait at inside the participant, until all have come or the time is up.
        pause_s: How long the barrier is held then at most.

    Raises:
        SagapactError: when one cannot be made, or the barrier cannot be put up.
    """
    held = [_HeldCall(driver, call) for call in calls]

    def over() -> int:
        return sum(one.is_over for one in held)

    try:
        with barrier.held() as hold:
            for one in held:
                one.begin()
            for number, one in enumerate(held):
                if number and offset_s:
                    hold.wait(number, over, offset_s)
                one.let_go()
            waited = hold.wait(len(held), over, pause_s)
    finally:
        for one in held:
            one.let_go()
    answered = tuple(one.answer() for one in held)
    return Flight(answered, _together(held, answered), waited, min((one.took_s for one in held if one.took_s), default=None))


def _together(held: "Sequence[_HeldCall]", answered: Sequence[Called]) -> bool:
    if len(held) < 2 or any(one.status is None for one in answered):  # noqa: PLR2004  (one alone overlaps with nothing)
        return False
    return max(one.sent_s for one in held) < min(one.answered_s for one in held)


class _HeldCall:
    """One call in a thread of its own, held before the last byte of its request."""

    def __init__(self, driver: Driver, call: Call) -> None:
        self.sent_s = self.answered_s = 0.0
        self._driver, self._call = driver, call
        self._called: Called | None = None
        self._error: SagapactError | None = None
        self._is_held, self._may_go = threading.Event(), threading.Event()
        self._stream: _HeldStream | None = None
        self._thread = threading.Thread(target=self._run, name="overlapping call", daemon=True)

    def begin(self) -> None:
        """Send all but the last byte; returns when that is done, or the call is over without."""
        self._thread.start()
        self._is_held.wait(LONGEST_WAIT_S)

    def let_go(self) -> None:
        """Send the last byte; a second time does nothing."""
        if self._may_go.is_set():
            return
        if self._stream is not None:
            self._stream.send_last()
            self.sent_s = time.monotonic()
        self._may_go.set()

    @property
    def is_over(self) -> bool:
        """Was it answered, or given up?"""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def took_s(self) -> float:
        """From its last byte to the beginning of its answer; 0 when there was none."""
        return max(0.0, self.answered_s - self.sent_s) if self.sent_s else 0.0

    def answer(self) -> Called:
        """Give what came back.

        Raises:
            SagapactError: when it could not be made.
        """
        self._thread.join(LONGEST_WAIT_S + self._driver.slice.step.timeout_ms / 1000)
        if self._error is not None:
            raise self._error
        if self._called is None:
            raise SagapactError("A call of a race did not end. Report this as a defect of sagapact.")
        return self._called

    def _run(self) -> None:
        try:
            with bounded_client(keep_alive=False, around=self._around) as http:
                self._called = self._call(self._driver.through(http))
        except SagapactError as error:
            self._error = error
        finally:
            self._is_held.set()

    def _around(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        return _HeldStream(stream, self._at_the_last_byte, self._answering)

    def _at_the_last_byte(self, stream: "_HeldStream") -> None:
        self._stream = stream
        self._is_held.set()
        if not self._may_go.wait(LONGEST_WAIT_S):
            stream.send_last()

    def _answering(self) -> None:
        self.answered_s = self.answered_s or time.monotonic()


class _HeldStream(httpcore.NetworkStream):
    """A connection that keeps the last byte of what is written until somebody sends it; who reads before waits for that."""

    def __init__(
        self, stream: httpcore.NetworkStream, at_the_last_byte: Callable[["_HeldStream"], None], answering: Callable[[], None]
    ) -> None:
        self._stream, self._kept = stream, b""
        self._at_the_last_byte, self._answering = at_the_last_byte, answering

    def send_last(self) -> None:
        """Send what was kept back; whether the connection still stands is seen by who reads."""
        kept, self._kept = self._kept, b""
        try:
            self._stream.write(kept, timeout=LONGEST_WAIT_S)
        except (httpcore.NetworkError, httpcore.TimeoutException):
            return

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._kept:
            self._at_the_last_byte(self)
        found = self._stream.read(max_bytes, timeout)
        if found:
            self._answering()
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        whole = self._kept + buffer
        self._kept = whole[-1:]
        self._stream.write(whole[:-1], timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _HeldStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._at_the_last_byte, self._answering)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
