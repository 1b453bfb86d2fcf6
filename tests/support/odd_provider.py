"""A provider that behaves oddly, for tests: `python odd_provider.py PORT WHERE WHAT…`.

WHERE is `calls` or `states`: there it does WHAT, and elsewhere it answers as it should. `start late` is not ready for a minute.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
OK = HEAD + b'Content-Length: 8\r\nConnection: close\r\n\r\n{"a": 1}'
LEAKED = ("sleep", "4242.4242")


def garbage(caller: socket.socket) -> None:
    """Answer with what is no HTTP."""
    caller.sendall(b"\x00\xff\xfe garbage\r\n\r\n\x01")


def closes(_: socket.socket) -> None:
    """Answer nothing."""


def fails(caller: socket.socket) -> None:
    """Answer with an error."""
    caller.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom")


def stops_short(caller: socket.socket) -> None:
    """Answer with less than was announced."""
    caller.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"a":')


def no_json(caller: socket.socket) -> None:
    """Answer with what is called JSON and is none."""
    caller.sendall(HEAD + b'Content-Length: 5\r\n\r\n{"a":')


def hangs(_: socket.socket) -> None:
    """Never answer."""
    time.sleep(3600)


def never_ends(caller: socket.socket) -> None:
    """Answer with a body without an end."""
    caller.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        caller.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def leaks(caller: socket.socket) -> None:
    """Start a program that outlives its session, and answer."""
    subprocess.Popen(LEAKED, start_new_session=True)
    caller.sendall(OK)


def floods(caller: socket.socket) -> None:
    """Write 50 MB to the log, and answer."""
    for _ in range(50):
        sys.stdout.write("x" * 1_000_000 + "\n")
    sys.stdout.flush()
    caller.sendall(OK)


DOES: dict[str, Callable[[socket.socket], object]] = {
    one.__name__.replace("_", " "): one
    for one in (garbage, closes, fails, stops_short, no_json, hangs, never_ends, leaks, floods)
}


def serve(caller: socket.socket, where: str, what: str) -> None:
    """Take one request, whose body does not matter."""
    head = b""
    while b"\r\n\r\n" not in head and (some := caller.recv(65536)):
        head += some
    path = head.split(b" ")[1].decode() if head else "/health"
    place = "states" if path == "/_states" else "calls"
    with suppress(OSError), caller:
        DOES[what](caller) if place == where and path != "/health" else caller.sendall(OK)


def main() -> None:
    """Serve in the foreground."""
    port, where, what = int(sys.argv[1]), sys.argv[2], " ".join(sys.argv[3:])
    if where == "start":
        time.sleep(60)
    server = socket.create_server(("127.0.0.1", port))
    while True:
        caller, _ = server.accept()
        threading.Thread(target=serve, args=(caller, where, what), daemon=True).start()


if __name__ == "__main__":
    main()
