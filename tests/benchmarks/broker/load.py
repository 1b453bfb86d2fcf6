"""Sends requests as fast as they are answered, and measures. Requests are bytes made beforehand: sending them costs little.

The sender shares the machine with the broker: its own processor time is measured too, and shows whether it stands in the way.
"""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

ACCEPT = "application/hal+json, application/json"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of many requests: how long each took, in seconds, how long all, and the sender's own processor time."""

    took: list[float]
    lasted_s: float
    own_cpu_s: float


def request(method: str, path: str, body: bytes | None = None, accept: str = ACCEPT) -> bytes:
    """Write a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: broker", f"Accept: {accept}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def send(port: int, requests: Sequence[bytes], clients: int) -> Sent:
    """Send all requests, each once, over one kept connection for each client.

    Raises:
        RuntimeError: An answer is an error.
    """
    shares = [_Client(port, requests[place::clients]) for place in range(clients)]
    begun, begun_cpu = time.perf_counter(), time.process_time()
    for one in shares:
        one.start()
    for one in shares:
        one.join()
    lasted, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    for one in shares:
        if one.fault is not None:
            raise RuntimeError(one.fault)
    return Sent([took for one in shares for took in one.took], lasted, cpu)


def ask(port: int, message: bytes) -> bytes:
    """Send one request and give the body of its answer."""
    with Connection(port) as connection:
        status, body = connection.exchange(message)
    if status >= 400:
        msg = f"{message.splitlines()[0].decode()}: {status} {body[:500].decode(errors='replace')}"
        raise RuntimeError(msg)
    return body


class Connection:
    """A connection to the broker that is kept open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=600)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def exchange(self, message: bytes) -> tuple[int, bytes]:
        """Send a request; give the answer's status and body."""
        self._socket.sendall(message)
        held = b""
        while b"\r\n\r\n" not in held:
            held += self._received()
        head, _, body = held.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        parts = [body]
        missing = length - len(body)
        while missing > 0:
            parts.append(self._received())
            missing -= len(parts[-1])
        return int(head[9:12]), b"".join(parts)

    def _received(self) -> bytes:
        received = self._socket.recv(1 << 18)
        if not received:
            msg = "the broker closed the connection"
            raise ConnectionError(msg)
        return received


@dataclass
class _Client:
    """One client in a thread of its own."""

    port: int
    requests: Sequence[bytes]
    took: list[float] = field(default_factory=list)
    fault: str | None = None

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        try:
            with Connection(self.port) as connection:
                for message in self.requests:
                    begun = time.perf_counter()
                    status, body = connection.exchange(message)
                    self.took.append(time.perf_counter() - begun)
                    if status >= 400:
                        self.fault = f"{message.splitlines()[0].decode()}: {status} {body[:500].decode(errors='replace')}"
                        return
        except OSError as error:
            self.fault = str(error)
