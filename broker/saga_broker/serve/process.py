"""A broker as a process: takes its port, says when it serves, and stops in an orderly way when it is told to.

SIGTERM or SIGINT: no new connection is taken, running requests are finished, the process ends with status 0. Requests that take
longer than `STOP_WITHIN_S` are given up; their transactions are rolled back, so that nothing half is stored.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import click
import uvicorn
from fastapi import FastAPI

from saga_broker.http.logs import FIELDS
from saga_contracts.errors import SagapactError

STOP_WITHIN_S = 10
END_WITHIN_S = STOP_WITHIN_S + 5
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOG = logging.getLogger("saga_broker.serve.process")


def listening_on(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises:
        SagapactError: It cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        reason = error.strerror or str(error)
        msg = f"Cannot serve on {host}:{port}: {reason}. Stop what uses the port, or choose another one with --port."
        raise SagapactError(msg) from error
    return taken


def own_address(taken: socket.socket, host: str) -> str:
    """Give the address at which this machine reaches a port that was taken."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (every address; one of them is this machine's)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{taken.getsockname()[1]}"


def run(app: FastAPI, taken: socket.socket, host: str, tell: Callable[[], None] | None = None) -> None:
    """Serve an application until a signal ends it.

    Args:
        app: The application.
        taken: The port.
        host: As the operator named it, for the address that is shown.
        tell: Called once it serves; None: it is shown on standard output.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who may name the address is settled in `addresses`
        ws="none",
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    address = shown_address(taken, host)
    _Server(config, address, tell or (lambda: show_ready(address))).run(sockets=[taken])


def shown_address(taken: socket.socket, host: str) -> str:
    """Give the address of a port with the host as the operator named it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{taken.getsockname()[1]}"


def show_ready(address: str) -> None:
    """Say for people and scripts that the broker serves."""
    click.echo(f"broker ready at {address}")
    sys.stdout.flush()


class _Server(uvicorn.Server):
    """Says when it serves, and stops without a traceback."""

    def __init__(self, config: uvicorn.Config, address: str, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._address, self._tell = address, tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve and say so: for people and scripts on standard output, for operators in the log."""
        await super().startup(sockets)
        if self.started:
            LOG.info("serving", extra={FIELDS: {"address": self._address, "pid": os.getpid()}})
            self._tell()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals as the request to stop; unlike uvicorn's own, the process does not die of the signal afterwards."""
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        LOG.info("stopped")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second SIGINT ends at once."""
        if not self.should_exit:
            LOG.info("stopping", extra={FIELDS: {"signal": signal.Signals(sig).name}})
            last = threading.Timer(END_WITHIN_S, _end)
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)


def _end() -> None:
    """End a process whose last requests hang in the database; what they did is rolled back there."""
    LOG.error("stopped although requests were still running")
    os._exit(1)
