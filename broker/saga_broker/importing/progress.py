"""Shows how far an import is: on a terminal one line that is written over, elsewhere a line now and then."""

import sys
import time
from typing import TextIO

EVERY_S = 10.0


class ProgressLine:
    """Takes the steps of an import.

    Args:
        stream: Where the line goes to; default: standard error.
        every_s: Seconds between two lines where lines cannot be written over.
    """

    def __init__(self, stream: TextIO | None = None, every_s: float = EVERY_S) -> None:
        self._stream = stream or sys.stderr
        self._every_s = every_s
        self._last = time.monotonic()

    def __call__(self, phase: str, done: int, every: int) -> None:
        """Tell that some of a phase is done."""
        text = f"importing {phase}: {done} of {every}"
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{text}")
            if done + 1 >= every:
                self._stream.write("\r\x1b[K")
            self._stream.flush()
        elif time.monotonic() - self._last >= self._every_s:
            self._last = time.monotonic()
            self._stream.write(f"{text}\n")
            self._stream.flush()
