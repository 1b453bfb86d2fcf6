"""The worker's end of the nursery: has a job's process made, hears how it fares, and ends it."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from saga_contracts.errors import SagapactError

_NURSERY = "saga_verifier.worker.nursery"
_END_WITHIN_S = 15.0
INHERITED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV"),
    *("PACT_PLUGIN_DIR", "SSL_CERT_FILE", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_CONTEXT"),
    *("DOCKER_CONFIG", "XDG_RUNTIME_DIR", "SAGAPACT_POSTGRES_IMAGE", "SAGAPACT_BASE_IMAGE"),
)
"""All that jobs inherit of a worker's environment, beside what it is told to pass on."""


class Nursery:
    """Makes the processes of jobs, one at a time. Is made by the thread that outlives them, best the main one.

    Args:
        env: What provider files may ask for.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._turn = threading.Lock()
        self._process = self._started()

    def close(self) -> None:
        """End the nursery, and what it has made."""
        self._process.terminate()
        self._forget()

    @contextlib.contextmanager
    def job(self, folder: Path) -> Iterator["Job"]:
        """Have the process of a job made; at the end of the block it is over.

        Raises:
            SagapactError: It cannot be made.
        """
        with self._turn:
            if self._process.poll() is not None:
                self._forget()
                self._process = self._started()
            job = Job(self._process, folder)
            try:
                yield job
            finally:
                job.end()

    def _started(self) -> "subprocess.Popen[bytes]":
        known = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", _NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what was read ahead would not be seen by `select`
            env={**known, **self._env},
            start_new_session=True,
        )

    def _forget(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


class Job:
    """The process of one job."""

    def __init__(self, nursery: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._nursery = nursery
        self.status: int | None = None
        with contextlib.suppress(OSError, ValueError):  # its pipes may be closed already
            self._send(str(folder))
        begun = self._read(None)
        if begun is None:
            raise SagapactError("A job's process could not be made: the one that makes them has ended. Try again.")
        self._pid = int(begun.split()[1])

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; say whether it has ended."""
        if self.status is None:
            told = self._read(timeout_s)
            if told is not None:
                self.status = int(told.split()[1])
            elif self._nursery.poll() is not None:
                self.status = -1  # the nursery is gone, and all that it made goes with it
        return self.status is not None

    def end(self) -> None:
        """End it with all that it started, if it has not ended: politely, so that it removes its containers, then for good."""
        for number, grace_s in ((signal.SIGTERM, _END_WITHIN_S), (signal.SIGKILL, _END_WITHIN_S)):
            if self.wait(0):
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)
            until = time.monotonic() + grace_s
            while not self.wait(max(0.0, min(0.1, until - time.monotonic()))) and time.monotonic() < until:
                pass
        with contextlib.suppress(OSError, ValueError):
            self._send("heard")

    def _send(self, line: str) -> None:
        assert self._nursery.stdin is not None  # noqa: S101  (opened as a pipe)
        self._nursery.stdin.write(line.encode() + b"\n")
        self._nursery.stdin.flush()

    def _read(self, timeout_s: float | None) -> str | None:
        """Read a line; None when there is none in time, or the nursery has ended."""
        assert self._nursery.stdout is not None  # noqa: S101  (opened as a pipe)
        try:
            if timeout_s is not None and not select.select([self._nursery.stdout], [], [], timeout_s)[0]:
                return None
            return self._nursery.stdout.readline().decode().strip() or None
        except (OSError, ValueError):  # another thread has closed the pipe, since the worker ends
            return None
