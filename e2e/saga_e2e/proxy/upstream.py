"""Passing one call on to its target, unchanged, and reading the whole answer; bodies are bounded.

Which calls are passed on, and what becomes of their answers, is left to `passing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

MAX_BODY_BYTES = 1024 * 1024
TIMEOUT_S = 60.0
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"host", "content-length"}
)
_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target answered; headers without those that concern one connection only."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call as it is passed on.

    Attributes:
        target: Whom it is for.
        place: Path and query as they came, percent-encoded.
        headers: As they came.
        body: As it came; empty for none.
    """

    target: str
    method: str
    place: str
    headers: Mapping[str, str]
    body: bytes


def new_session() -> aiohttp.ClientSession:
    """Make a session that opens a new connection for every call.

    A kept connection that its server closes at the wrong moment would look like a fault that nobody injected.
    """
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False, trust_env=False)


async def send(session: aiohttp.ClientSession, base_url: str, call: Outgoing) -> Answer | None:
    """Pass a call on to its target, whose address is given; its path is not encoded again.

    Returns:
        None when no whole answer came, or one that is too long.
    """
    passed = [(name, value) for name, value in call.headers.items() if name.lower() not in _HOP_BY_HOP]
    try:
        async with session.request(
            call.method,
            URL(base_url + call.place, encoded=True),
            data=call.body or None,
            headers=passed,
            allow_redirects=False,
            skip_auto_headers=_AUTOMATIC,
        ) as reply:
            content = await read(reply.content)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
    kept = tuple((name, value) for name, value in reply.headers.items() if name.lower() not in _HOP_BY_HOP)
    return None if content is None else Answer(reply.status, kept, content)


async def read(stream: aiohttp.StreamReader) -> bytes | None:
    """Read a body; None when it is longer than allowed."""
    content = bytearray()
    async for chunk in stream.iter_any():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            return None
    return bytes(content)
