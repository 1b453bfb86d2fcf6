"""Several broker processes on one port, which behave as one: the first process looks after them and answers no requests itself.

They share one listening socket, so the system gives each connection to one that is free. One that dies is started again; a signal
to the first ends all, and so does its death: each holds a pipe whose other end only the first has.
"""

import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from saga_broker.http.logs import FIELDS
from saga_broker.serve.process import END_WITHIN_S, LOG, SIGNALS
from saga_contracts.errors import SagapactError

_LOOK_EVERY_S = 0.2
_PAUSE_S = 1.0
Work = Callable[[Callable[[], None]], None]
"""What a process does until it is told to end; it calls what it is given once it serves."""


class Several:
    """Processes that do the same work.

    Args:
        count: How many.
        work: What each does.
    """

    def __init__(self, count: int, work: Work) -> None:
        self._work = work
        self._alive, self._held = os.pipe()
        self._told, self._telling = os.pipe()
        self._ends = threading.Event()
        self._before = {number: signal.signal(number, self._end) for number in SIGNALS}
        self._pids = [self._started() for _ in range(count)]

    def await_ready(self) -> None:
        """Wait until all of them serve.

        Raises:
            SagapactError: One ended before.
        """
        ready = 0
        while ready < len(self._pids) and not self._ends.is_set():
            if select.select([self._told], [], [], _LOOK_EVERY_S)[0]:
                ready += len(os.read(self._told, len(self._pids)))
            if any(_status_of(pid) is not None for pid in self._pids):
                self.stop()
                msg = "A broker process ended before it served; its log, above, says why."
                raise SagapactError(msg)

    def watch(self) -> None:
        """Start those again that die, until a signal ends all."""
        while not self._ends.wait(_LOOK_EVERY_S):
            for place, pid in enumerate(self._pids):
                status = _status_of(pid)
                if status is not None:
                    LOG.error("a broker process died and is started again", extra={FIELDS: {"pid": pid, "status": status}})
                    self._ends.wait(_PAUSE_S)  # one that cannot serve is not started a hundred times a second
                    self._pids[place] = self._started()
        self.stop()

    def stop(self) -> None:
        """End all, and wait for their end."""
        for pid in self._pids:
            _tell_to_end(pid)
        last = time.monotonic() + END_WITHIN_S
        while any(_status_of(pid) is None for pid in self._pids) and time.monotonic() < last:
            time.sleep(_LOOK_EVERY_S / 10)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, sig: int, _frame: FrameType | None) -> None:
        LOG.info("stopping", extra={FIELDS: {"signal": signal.Signals(sig).name}})
        self._ends.set()

    def _started(self) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os._exit(self._worked())
        return pid

    def _worked(self) -> int:
        """Do the work in the new process; give its exit status."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.close(self._held)
        threading.Thread(target=self._end_with_first, daemon=True).start()
        try:
            self._work(lambda: _told(self._telling))
        except BaseException:
            logging.getLogger("saga_broker").exception("a broker process ended")
            return 1
        return 0

    def _end_with_first(self) -> None:
        os.read(self._alive, 1)  # nobody writes: it returns when the first process is gone
        os.kill(os.getpid(), signal.SIGTERM)


def _told(pipe: int) -> None:
    os.write(pipe, b".")


def _tell_to_end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def _status_of(pid: int) -> int | None:
    """Give the exit status of a process that has ended, None while it runs."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return os.waitstatus_to_exitcode(status) if ended else None
