"""The one HTTP server of the harness: takes whatever participants and clients under test send, and answers as a function says.

    with LoopbackServer(lambda received: Answer(204)) as server:
        httpx.post(server.base_url + "/callbacks")

HTTP itself is read and written by h11, in `connection`, with bounds of body, headers and time; here stand the listening, the
threads and their end. What an answer means is its caller's.
"""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from saga_contracts.rim.connection import Answer, Connection, Handle, NoAnswer, Received, Refused, as_json, shut

__all__ = ["HOST", "MAX_BODY_BYTES", "Answer", "Handle", "LoopbackServer", "NoAnswer", "Received", "Refused", "as_json"]

HOST = "127.0.0.1"
MAX_BODY_BYTES = 5_000_000
MAX_CONNECTIONS = 256
REQUEST_TIMEOUT_S = 30.0
"""How long one whole request may take to come, and an idle connection may stay."""
_END_S = 2.0


class LoopbackServer:
    """A context manager: while it is open, a thread of its own takes connections at a free port.

    Attributes:
        base_url: Where it answers, once entered.
        port: Its port, once entered.

    Args:
        handle: Answers a request; what it raises is answered with 500.
        host: The address of this machine to listen at.
        port: The port; 0: a free one.
        max_body: A longer body is answered with 413, in bytes.
        request_timeout_s: How long one whole request may take to come; then 408.
        refused: Is told of what is refused, because it is no HTTP, too long or too late.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        host: str = HOST,
        port: int = 0,
        max_body: int = MAX_BODY_BYTES,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
        refused: Refused = lambda *_: None,
    ) -> None:
        self.base_url, self.port = "", port
        self._handle, self._refused, self._host = handle, refused, host
        self._max_body, self._timeout_s = max_body, request_timeout_s
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._over = False

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            OSError: when the port is taken.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._listener = socket.create_server((self._host, self.port), family=family, backlog=MAX_CONNECTIONS)
        self.port = int(self._listener.getsockname()[1])
        self.base_url = f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, name="loopback", daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop to listen, and close every connection."""
        self._over = True
        with suppress(OSError), socket.create_connection((self._host, self.port), _END_S):
            self._acceptor.join()  # the connection wakes it
        self._listener.close()
        with self._lock:
            for connection in self._open:
                shut(connection)
            threads = list(self._open.values())
        until = time.monotonic() + _END_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _accept(self) -> None:
        while not self._over:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._over or len(self._open) >= MAX_CONNECTIONS:
                    connection.close()
                    continue
                thread = threading.Thread(target=self._serve, args=(connection,), name="loopback connection", daemon=True)
                self._open[connection] = thread
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Connection(connection, self._handle, self._refused, self._max_body, self._timeout_s).serve()
        finally:
            with self._lock:
                self._open.pop(connection, None)
                connection.close()
