"""Sending one callback over HTTP. When to send, and what to do when it is not taken, is left to `outbox` and `workers`."""

import json
import logging
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from participants.vas_packages.outbox import SEND_TIMEOUT_S
from participants.vas_packages.tables import Callback

logger = logging.getLogger("uvicorn.error")


def send(callback: Callback) -> bool:
    """Post the callback; was it taken (answered 2xx)? Redirects are not followed: only the order's own address is called."""
    try:
        status = _post(callback)
    except (OSError, HTTPException, ValueError) as failure:
        logger.warning("Callback for %s, try %d, was not delivered: %s", callback.key, callback.tries, failure)
        return False
    if status // 100 != 2:  # noqa: PLR2004  (2xx)
        logger.warning("Callback for %s, try %d, was answered %d", callback.key, callback.tries, status)
        return False
    return True


def _post(callback: Callback) -> int:
    url = urlsplit(callback.url)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=SEND_TIMEOUT_S)
    try:
        target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        headers = {"Content-Type": "application/json", **callback.headers}
        connection.request("POST", target, json.dumps(callback.body).encode(), headers)
        return connection.getresponse().status
    finally:
        connection.close()
