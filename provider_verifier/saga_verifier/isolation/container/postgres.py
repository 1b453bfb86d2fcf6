"""Is a PostgreSQL server ready? Asked over its own protocol, without a driver and without a process in its container."""

import socket
import struct

_PROTOCOL = 196_608  # version 3.0
_WORDS = b"user\0postgres\0database\0postgres\0\0"
_ASKS_FOR_A_PASSWORD = b"R"


def takes_connections(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Begin a connection as any client does, and hang up.

    A server that is still starting, or recovering, answers with an error instead of asking who is there.
    """
    hello = struct.pack("!ii", 8 + len(_WORDS), _PROTOCOL) + _WORDS
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            connection.sendall(hello)
            return connection.recv(1) == _ASKS_FOR_A_PASSWORD
    except OSError:
        return False
