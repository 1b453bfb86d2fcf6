"""A background thread that does a piece of work again and again. What is to be done stands in the database.

So nothing is lost when the process dies: the next one finds the same work waiting.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from participants.common.database import NO_ANSWER, in_one_line

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
