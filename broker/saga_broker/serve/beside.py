"""A worker beside a broker, for a small team: a process of its own, started again when it dies, gone when the broker is."""

import logging
import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from saga_broker.client.transport import TOKEN_VARIABLE
from saga_broker.http.logs import FIELDS
from saga_broker.settings import Settings

_PAUSE_S = 1.0
_END_WITHIN_S = 60.0
LOG = logging.getLogger("saga_broker.serve.beside")


class Beside:
    """The worker of a broker.

    Args:
        address: Where the worker reaches the broker.
        settings: The broker's; name the work database.
        token: What the broker knows the worker by; None: it asks nobody.
    """

    def __init__(self, address: str, settings: Settings, token: str | None = None) -> None:
        from saga_broker.work.engine import work_database_url  # noqa: PLC0415  (loads DBOS)

        shown = {} if token is None else {TOKEN_VARIABLE: token}
        self._environment = {**os.environ, **shown, "SAGAPACT_WORK_DATABASE_URL": work_database_url(settings)}
        command = [sys.executable, "-m", "saga_contracts", "worker", "--broker-url", address]
        self._command = [*command, "--end-with", str(os.getpid())]
        self._ends = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="sagapact-worker-beside", daemon=True)

    def __enter__(self) -> Self:
        """Start the worker; it waits until the broker answers."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the worker, which finishes or gives back what it has."""
        self._ends.set()
        process = self._process
        if process is not None:
            process.terminate()
        self._thread.join(_END_WITHIN_S)

    def _keep(self) -> None:
        while not self._ends.is_set():
            self._process = subprocess.Popen(self._command, env=self._environment)
            if self._ends.is_set():
                self._process.terminate()
            status = self._process.wait()
            if not self._ends.is_set():
                LOG.warning("the worker ended and is started again", extra={FIELDS: {"status": status}})
                self._ends.wait(_PAUSE_S)
