"""Is a program ready? Asked from outside, over HTTP, without proxies."""

import http.client
import socket

from saga_verifier.isolation.ports import HOST


def trouble(port: int, path: str | None, timeout_s: float) -> str | None:
    """Ask once.

    Args:
        port: Where the program listens on the loopback address.
        path: Path that answers 2xx when ready; None: an accepted connection is enough.
        timeout_s: How long to wait for the answer.

    Returns:
        None when ready, else what was seen instead, in words.
    """
    try:
        if path is None:
            socket.create_connection((HOST, port), timeout_s).close()
            return None
        return _asked(port, path, timeout_s)
    except TimeoutError:
        return f"it did not answer within {timeout_s:g} s"
    except ConnectionRefusedError:
        return f"nothing listens on port {port}"
    except (OSError, http.client.HTTPException) as error:
        return f"the answer could not be read ({type(error).__name__})"


def _asked(port: int, path: str, timeout_s: float) -> str | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        status = connection.getresponse().status
    finally:
        connection.close()
    ready = http.client.OK <= status < http.client.MULTIPLE_CHOICES
    return None if ready else f"it answered with status {status}"
