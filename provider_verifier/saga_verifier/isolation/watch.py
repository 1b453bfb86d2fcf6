"""Ends what other threads have started, when the whole command is asked to end."""

import threading

from saga_verifier.isolation.interface import Running


class Watch:
    """The programs of several threads.

    Attributes:
        give_up: Is set when all is to end; starts that are under way are given up then.
    """

    def __init__(self) -> None:
        self.give_up = threading.Event()
        self._running: list[Running] = []
        self._lock = threading.Lock()

    def started(self, running: Running) -> None:
        """Take note of a program."""
        with self._lock:
            self._running.append(running)

    def end(self) -> None:
        """End every program; who verifies one finds it gone, and ends too."""
        self.give_up.set()
        with self._lock:
            running = list(self._running)
        for one in running:
            one.stop()
