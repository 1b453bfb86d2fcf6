"""A server that says bytes, HTTP or not, at once or letter by letter."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Speak = Callable[[socket.socket], None]


@contextmanager
def speaking(speak: Speak, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> Iterator[int]:
    """A server that says what a function says after a request, whether it is HTTP or not; gives its port."""
    with socket.create_server((address, 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), tls.wrap_socket(connection, server_side=True) if tls else connection as secured:
                        _take_request(secured)
                        speak(secured)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def dribbling(text: bytes, pause_s: float = 0.02) -> Speak:
    """Say a text letter by letter, with a pause after each."""

    def speak(connection: socket.socket) -> None:
        for letter in text:
            connection.sendall(bytes([letter]))
            threading.Event().wait(pause_s)

    return speak


def _take_request(connection: socket.socket) -> None:
    """Read a whole request: what is left unread when a connection is closed would take the answer away."""
    length = 0
    with connection.makefile("rb") as stream:
        while (line := stream.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        stream.read(length)
