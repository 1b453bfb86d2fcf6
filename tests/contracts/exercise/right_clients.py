"""Right clients in the styles in which teams write them: each sends the same calls, by another library and with another encoding.

A style sends one call and gives status and body; without an answer it raises an error of its library. All read alike.
"""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import httpx
from yarl import URL

from saga_contracts.testing import Given

FORWARD = {"made": "done", "none_left": "refused", "undone": "suspended", "key_reused": "misused", "pending": "in_progress"}
STATUS = {"made": "applied", "refused": "refused", "undone": "compensated", "pending": "in_progress"}
SILENT = (OSError, http.client.HTTPException, httpx.TransportError, aiohttp.ClientError)
"""What the libraries raise when no answer comes."""


@dataclass(frozen=True)
class Asked:
    """One call, nothing of it encoded."""

    url: str
    method: str
    segments: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    timeout_s: float

    def target(self, encode: Callable[[str], str] = lambda text: quote(text, safe="")) -> str:
        return "/" + "/".join(encode(segment) for segment in self.segments)

    @property
    def content(self) -> bytes | None:
        return None if self.body is None else json.dumps(self.body).encode()

    @property
    def typed(self) -> dict[str, str]:
        return self.headers | ({} if self.body is None else {"Content-Type": "application/json"})


Answered = tuple[int, bytes]
Style = Callable[[Asked], Answered | Awaitable[Answered]]


def by_httpx(asked: Asked) -> Answered:
    with httpx.Client(trust_env=False, base_url=asked.url, timeout=asked.timeout_s) as client:
        headers = [(name.encode(), value.encode()) for name, value in asked.headers.items()]
        reply = client.request(asked.method, asked.target(), params=asked.query, headers=headers, json=asked.body)
    return reply.status_code, reply.content


async def by_httpx_async(asked: Asked) -> Answered:
    async with httpx.AsyncClient(trust_env=False, timeout=asked.timeout_s) as client:
        headers = [(name.encode(), value.encode("latin-1")) for name, value in asked.typed.items()]
        url = f"{asked.url}{asked.target(lambda text: quote(text, safe='~:@'))}"
        reply = await client.request(asked.method, url, params=asked.query, headers=headers, content=asked.content)
    return reply.status_code, reply.content


async def by_aiohttp(asked: Asked) -> Answered:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=asked.timeout_s)) as session:
        url = URL(asked.url + asked.target(), encoded=True).update_query(asked.query)
        async with session.request(asked.method, url, headers=asked.headers, json=asked.body) as reply:
            return reply.status, await reply.read()


def by_urllib(asked: Asked) -> Answered:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = f"{asked.url}{asked.target()}?{urlencode(asked.query)}"
    request = urllib.request.Request(url, asked.content, asked.typed, method=asked.method)  # noqa: S310  (our own server)
    try:
        with opener.open(request, timeout=asked.timeout_s) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def by_http_client_in_chunks(asked: Asked) -> Answered:
    connection = http.client.HTTPConnection(urlsplit(asked.url).netloc, timeout=asked.timeout_s)
    try:
        body = iter([asked.content[:5], asked.content[5:]]) if asked.content else None
        target = f"{asked.target(in_lower_case)}?{urlencode(asked.query, quote_via=quote)}"
        connection.request(asked.method, target, body, asked.typed, encode_chunked=True)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def by_http_client_with_all_encoded(asked: Asked) -> Answered:
    """As clients do that encode every character that is no letter or digit, and send names of headers in lower case."""
    connection = http.client.HTTPConnection(urlsplit(asked.url).netloc, timeout=asked.timeout_s)
    try:
        headers = {name.lower(): value for name, value in asked.typed.items()}
        query = "&".join(f"{name}={every_byte(value)}" for name, value in asked.query.items())
        connection.request(asked.method, f"{asked.target(every_byte)}?{query}", asked.content, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def in_lower_case(text: str) -> str:
    return "".join(one.lower() if one.startswith("%") else one for one in _parts(quote(text, safe="!$&'()*+,;=:@")))


def every_byte(text: str) -> str:
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in text.encode())


def _parts(text: str) -> Iterator[str]:
    head, *tail = text.split("%")
    yield head
    for one in tail:
        yield f"%{one[:2]}"
        yield one[2:]


STYLES: dict[str, Style] = {
    "httpx": by_httpx,
    "httpx with async": by_httpx_async,
    "aiohttp": by_aiohttp,
    "urllib": by_urllib,
    "http.client in chunks": by_http_client_in_chunks,
    "http.client with all encoded": by_http_client_with_all_encoded,
}


def client(style: Style) -> Callable[[Given], str]:
    """Give a client in one style."""

    def call(given: Given) -> str:
        if given.message is not None:
            return {"done": "done", "refused": "refused"}.get(str(given.message.get("outcome")), "unknown")
        outcome = "retryable"
        for _ in range(given.tries):
            try:
                answered = style(_asked(given))
                outcome = _read(given, asyncio.run(_awaited(answered)) if isinstance(answered, Awaitable) else answered)
            except SILENT:
                outcome = "retryable"
            if outcome != "retryable":
                return outcome
        return outcome

    return call


async def _awaited(answered: Awaitable[Answered]) -> Answered:
    return await answered


def _asked(given: Given) -> Asked:
    order = given.payload["order_id"]
    told = {"callback": given.callback_url} if given.step.callback is not None else {}
    headers = {"Idempotency-Key": given.key, "Saga-Id": given.saga_id, "Saga-Step": given.step.step, "X-Order": order}
    segments = {"forward": ("a",), "compensate": ("a", "undo"), "status": ("a", "status")}[given.role]
    return Asked(
        given.url,
        "GET" if given.role == "status" else "POST",
        (order, given.key, *segments),
        {"q": order},
        headers,
        {"order": order, **told} if given.role == "forward" else None,
        given.timeout_s,
    )


def _read(given: Given, answered: Answered) -> str:
    status, content = answered
    if status >= 500:
        return "retryable"
    body = json.loads(content) if content else {}
    word = str(body.get("state") or body.get("error"))
    if given.role == "status" and status == 404:
        return "absent"
    if given.role == "status":
        return STATUS.get(word, "unknown") if status == 200 else "unknown"
    if given.role == "compensate":
        return "done" if status == 200 else "unknown"
    return FORWARD.get(word, "unknown") if status in (200, 201, 202, 409, 422) else "unknown"
