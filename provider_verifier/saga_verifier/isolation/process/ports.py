"""Free ports on the loopback address, kept from others until the program has taken its own.

On Linux the reservation is a bound socket that does not listen: a server that sets SO_REUSEADDR (nearly all do) can bind
the port beside it, and the system gives the port to nobody else meanwhile. A server without that option fails with
"address already in use" and is started again without a reservation.
"""

import socket
import sys
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"


class PortTakenError(OSError):
    """A port that was asked for is in use by another program."""


class Reservation:
    """A port that is kept until released."""

    def __init__(self, port: int | None = None, *, hold: bool = True) -> None:
        self._socket: socket.socket | None = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, port or 0))
        except OSError as error:
            self.release()
            raise PortTakenError(error.errno, f"Port {port} cannot be used: {error.strerror}") from None
        self.port: int = self._socket.getsockname()[1]
        if not hold or sys.platform != "linux":
            self.release()

    def release(self) -> None:
        """Give the port free; again does nothing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
