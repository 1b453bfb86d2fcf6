"""The harness's end of a guard: sends the order, hears how the program fares, and has it ended.

One object per start. What the guard does is told in `guard`.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saga_verifier.isolation.errors import CannotStartError

_GUARD = str(Path(__file__).with_name("guard.py"))
_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "SYSTEMROOT")
_CHUNK = 65_536


class Guarded:
    """A program under its guard.

    Attributes:
        pid: The program's process id, once it was started.
        failed: Why it could not be started.
        exit_code: Its exit status, or the negative number of the signal that ended it.
        over: Nothing of it is left, and the guard has ended as well.
    """

    def __init__(self, order: Mapping[str, Any], complaints: Path) -> None:
        self.pid: int | None = None
        self.failed: str | None = None
        self.exit_code: int | None = None
        self.over = False
        self._unread = b""
        self._listening = threading.RLock()
        if os.name != "posix":
            raise CannotStartError("Isolation by processes needs a POSIX system. Use Linux, or macOS, or a container.")
        self._guard = _start_guard(complaints)
        self._send(json.dumps(dict(order)).encode() + b"\n")

    def wait(self, timeout_s: float) -> bool:
        """Wait for news of the program; say whether there were any."""
        with self._listening:
            return not self.over and self._wait(timeout_s)

    def stop(self, grace_s: float) -> None:
        """Have it ended politely; returns when nothing of it is left."""
        self._send(b"T")
        self._wait_until_over(grace_s)

    def kill(self) -> None:
        """Have it killed; returns when nothing of it is left."""
        self._send(b"K")
        self._wait_until_over(0)

    def _wait(self, timeout_s: float) -> bool:
        assert self._guard.stdout is not None  # noqa: S101  (opened as a pipe)
        poller = select.poll()
        poller.register(self._guard.stdout, select.POLLIN | select.POLLHUP)
        if not poller.poll(max(0.0, timeout_s) * 1000):
            return False
        chunk = os.read(self._guard.stdout.fileno(), _CHUNK)
        self._hear(chunk)
        if not chunk:
            self._end()
        return True

    def _wait_until_over(self, grace_s: float) -> None:
        limit = time.monotonic() + grace_s + 15
        while not self.over and time.monotonic() < limit:
            self.wait(limit - time.monotonic())
        if not self.over:  # a guard that does not answer any more takes the program with it
            self._guard.kill()
            with self._listening:
                self._end()

    def _end(self) -> None:
        self.over = True
        self._guard.wait()
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self.pid is not None and self.exit_code is None:  # the guard was killed from outside: the kernel has killed
            self.exit_code = -signal.SIGKILL  # the program, its group may be left
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _hear(self, chunk: bytes) -> None:
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            fact = json.loads(line)
            self.pid = fact.get("pid", self.pid)
            self.failed = fact.get("failed", self.failed)
            self.exit_code = fact.get("ended", self.exit_code)

    def _send(self, data: bytes) -> None:
        assert self._guard.stdin is not None  # noqa: S101  (opened as a pipe)
        with contextlib.suppress(BrokenPipeError, ValueError):  # it has ended already
            self._guard.stdin.write(data)


def _start_guard(complaints: Path) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _LIBRARIES if name in os.environ}
    with complaints.open("ab") as trouble:
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", _GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=trouble,
                bufsize=0,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStartError(f"Python cannot be started as a guard ({sys.executable}): {error.strerror}.") from None


def in_words(exit_code: int) -> str:
    """Say how a program ended."""
    if exit_code >= 0:
        return f"exit status {exit_code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-exit_code).name}"
    return f"signal {-exit_code}"
