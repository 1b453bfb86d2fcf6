"""The two background threads: one makes packages, one sends callbacks. What is to be done stands in the database.

So nothing is lost when the process dies: the next one finds the same orders and callbacks waiting.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from participants.common.database import NO_ANSWER, in_one_line
from participants.vas_packages.courier import send
from participants.vas_packages.outbox import Outbox
from participants.vas_packages.store import PackageStore

BATCH = 10
IDLE_S = 0.5  # how long a thread rests at most; another instance may have left work behind
LONGEST_GOODBYE_S = 4.0

logger = logging.getLogger("uvicorn.error")


class Worker:
    """A thread that does a piece of work again and again.

    Args:
        name: The thread's name.
        work: Does a piece of work and tells how many seconds to rest; 0 when there may be more to do.
    """

    def __init__(self, name: str, work: Callable[[], float]) -> None:
        self._work = work
        self._awake = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def wake(self) -> None:
        """End the rest: there is something to do."""
        self._awake.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Work until the block ends, then wait until the piece of work at hand is done."""
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._awake.set()
            self._thread.join(LONGEST_GOODBYE_S)

    def busy_for(self, seconds: float) -> bool:
        """Let time pass as if working; False when the thread is to stop."""
        return not self._stopping.wait(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                rest_s = self._work()
            except NO_ANSWER as failure:  # the database may be back in a moment
                logger.error("%s: the database did not answer: %s", self._thread.name, in_one_line(failure))  # noqa: TRY400  (expected)
                rest_s = IDLE_S
            except Exception:  # a thread that died would not notice that it can go on
                logger.exception("%s: this piece of work failed, it will be tried again", self._thread.name)
                rest_s = IDLE_S
            if rest_s > 0 and not self._stopping.is_set():
                self._awake.wait(rest_s)


class Workers:
    """Both threads, and who wakes whom: an order wakes the maker, an outcome wakes the courier.

    Args:
        store: Where orders wait.
        work_ms: How long the making of one package takes.
    """

    def __init__(self, store: PackageStore, work_ms: int) -> None:
        self._store = store
        self._work_s = work_ms / 1000
        self._maker = Worker("package maker", self._make)
        self._courier = Worker("callback courier", lambda: deliver(store.outbox))

    def order_taken(self) -> None:
        """Say that an order is waiting."""
        self._maker.wake()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let both work until the block ends."""
        with self._courier.running(), self._maker.running():
            yield

    def _make(self) -> float:
        keys = self._store.waiting_orders(BATCH)
        for key in keys:
            if self._maker.busy_for(self._work_s):
                self._store.make(key)
                self._courier.wake()
        return 0 if keys else IDLE_S


def deliver(outbox: Outbox) -> float:
    """Send one callback that is due; tell how many seconds nothing is due."""
    callback = outbox.take_due()
    if callback is None:
        return outbox.seconds_to_next(IDLE_S)
    if send(callback):
        outbox.taken(callback)
    else:
        outbox.not_taken(callback)
    return 0
