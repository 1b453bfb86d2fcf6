"""Tells the callbacks of an outbox: which and when say `outbox` and `places`, how says the client library's helper.

One thread takes what is due, a few others tell it, so that an address where nobody answers keeps nobody else waiting.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import httpx

from participants.common.database import NO_ANSWER, Database, in_one_line
from participants.common.declared import DeclaredStep
from participants.common.outbox import SEND_TIMEOUT_S, Callback, Outbox
from participants.common.places import AT_ONCE, Places
from participants.common.worker import IDLE_S, Worker
from saga_contracts.client import SagapactError
from saga_contracts.client.participant import Delivery, attempt_callback
from saga_contracts.rim.sender import bounded_client

Tell = Callable[[Callback, httpx.Client], Delivery]

logger = logging.getLogger("uvicorn.error")


def as_declared(declared: DeclaredStep) -> Tell:
    """Give what tells a callback as the saga file declares it. Only the call's own address is called, no redirect is followed."""

    def tell(callback: Callback, http: httpx.Client) -> Delivery:
        step, call = declared.step.step, callback.call
        more = {"values": callback.values, "correlation": callback.correlation, "timeout_s": SEND_TIMEOUT_S}
        return attempt_callback(declared.saga, step, call, callback.outcome, http, **more)  # type: ignore[arg-type]

    return tell


class Courier:
    """Tells what is due in one outbox.

    Args:
        database: Where the outbox is.
        outbox: The callbacks.
        tell: Tells one.
    """

    def __init__(self, database: Database, outbox: Outbox, tell: Tell) -> None:
        self._database, self._outbox, self._tell = database, outbox, tell
        self._places, self._lock = Places(), Lock()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="callback")
        self._worker = Worker("callback courier", self._hand_out)
        self._http = bounded_client(keep_alive=False)

    def wake(self) -> None:
        """Say that there is something to tell."""
        self._worker.wake()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Tell callbacks until the block ends, then wait for those under way."""
        try:
            with self._worker.running():
                yield
        finally:
            self._threads.shutdown(cancel_futures=True)
            self._http.close()

    def _hand_out(self) -> float:
        """Hand one callback to a thread; tell how many seconds there is nothing to hand out."""
        with self._lock:
            full, nearly = self._places.is_full, self._places.is_nearly_full
            without = self._places.not_now(time.monotonic())
        if full:
            return IDLE_S  # whoever ends wakes
        callback = self._outbox.take_due(self._database, without, first_tries_only=nearly)
        if callback is None:
            return IDLE_S if nearly else self._outbox.seconds_to_next(self._database, IDLE_S, without)
        with self._lock:
            self._places.begin(callback.place)
        self._threads.submit(self._deliver, callback)
        return 0

    def _deliver(self, callback: Callback) -> None:
        delivery = Delivery(taken=False, reached=True, text="could not be told")
        try:
            delivery = self._told(callback)
            (self._outbox.taken if delivery.taken else self._outbox.not_taken)(self._database, callback)
        except NO_ANSWER as failure:  # it stays in the outbox, and is told again
            logger.error("Callback for %s: the database did not answer: %s", callback.key, in_one_line(failure))  # noqa: TRY400  (expected)
        except Exception:  # it stays in the outbox, and is told again
            logger.exception("Callback for %s failed, it will be told again", callback.key)
        finally:
            with self._lock:
                self._places.end(callback.place, time.monotonic(), reached=delivery.reached)
            self._worker.wake()

    def _told(self, callback: Callback) -> Delivery:
        try:
            delivery = self._tell(callback, self._http)
        except SagapactError as failure:  # such as an address that is none
            delivery = Delivery(taken=False, reached=False, text=str(failure))
        if not delivery.taken:
            logger.warning("Callback for %s, try %d: it %s", callback.key, callback.tries, delivery.text)
        return delivery
