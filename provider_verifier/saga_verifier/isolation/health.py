"""Is a program ready? Asked from outside, over HTTP, without proxies."""

import http.client
import socket

_DROPPED_WITHIN_S = 0.3


def trouble(address: tuple[str, int], path: str | None, timeout_s: float, *, forwarded: bool = False) -> str | None:
    """Ask once.

    Args:
        address: Host and port where the program is reached.
        path: Path that answers 2xx when ready; None: an accepted connection is enough.
        timeout_s: How long to wait for the answer.
        forwarded: A forwarder accepts connections, and drops them while the program does not.

    Returns:
        None when ready, else what was seen instead, in words.
    """
    try:
        return _connected(address, timeout_s, forwarded=forwarded) if path is None else _asked(address, path, timeout_s)
    except TimeoutError:
        return f"it did not answer within {timeout_s:g} s"
    except ConnectionRefusedError:
        return f"nothing listens on port {address[1]}"
    except (OSError, http.client.HTTPException) as error:
        return f"the answer could not be read ({type(error).__name__})"


def _connected(address: tuple[str, int], timeout_s: float, *, forwarded: bool) -> str | None:
    with socket.create_connection(address, timeout_s) as connection:
        if not forwarded:
            return None
        connection.settimeout(min(timeout_s, _DROPPED_WITHIN_S))
        try:
            return None if connection.recv(1) else "the connection was dropped"
        except TimeoutError:
            return None


def _asked(address: tuple[str, int], path: str, timeout_s: float) -> str | None:
    connection = http.client.HTTPConnection(*address, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        status = connection.getresponse().status
    finally:
        connection.close()
    ready = http.client.OK <= status < http.client.MULTIPLE_CHOICES
    return None if ready else f"it answered with status {status}"
