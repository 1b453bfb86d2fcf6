"""The health checker: asks each participant for its health, and lets calls to one that is down wait instead of being sent.

A call waits no longer than its own time-out: then it is a try without an answer, as if it had been sent. So what runs goes on
waiting or is undone, with as many tries as it declares and without a storm of calls.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import httpx

_log = logging.getLogger("saga_service")
ALL = "*"


@dataclass(slots=True)
class Liveness:
    """How one participant is.

    Attributes:
        url: Where it is asked.
        failures: How many answers in turn were bad.
        since: When it became so, in seconds since 1970; 0: it has been so from the start.
        trouble: What the last bad answer was.
        is_known: Was it ever asked?
    """

    url: str
    failures: int = 0
    since: float = 0.0
    trouble: str = ""
    is_known: bool = False
    is_up: asyncio.Event = field(default_factory=asyncio.Event)


class Health:
    """Knows which participants are healthy; all are until they have failed.

    Args:
        participants: Base URL of each participant.
        paths: Where each tells its health, by name; `*` stands for all that are not named.
        http: Asks them; not what calls are sent with, which wait for those that are down.
        timeout_s: How long an answer may take.
        failures: After so many bad answers in turn a participant is down; the first answer of all decides alone.
    """

    def __init__(
        self,
        participants: Mapping[str, str],
        paths: Mapping[str, str],
        http: httpx.AsyncClient,
        *,
        timeout_s: float,
        failures: int,
    ) -> None:
        self._http, self._timeout_s, self._failures = http, timeout_s, failures
        asked = {name: paths.get(name, paths.get(ALL, "")) for name in participants}
        self.known = {name: Liveness(f"{participants[name].rstrip('/')}{path}") for name, path in asked.items() if path}
        for one in self.known.values():
            one.is_up.set()

    def down(self, names: Iterable[str]) -> list[str]:
        """Give those of the participants that are down."""
        return sorted(name for name in names if name in self.known and not self.known[name].is_up.is_set())

    async def ask(self) -> None:
        """Ask every participant once."""
        await asyncio.gather(*(self._ask(name) for name in self.known))

    async def _ask(self, name: str) -> None:
        one, trouble = self.known[name], await self._trouble(self.known[name].url)
        one.failures, one.trouble = (one.failures + 1, trouble) if trouble else (0, "")
        was_up, most = one.is_up.is_set(), self._failures if one.is_known else 1
        one.is_known = True
        if was_up and one.failures >= most:
            one.is_up.clear()
            _log.warning("%s is down (%s); new sagas that need it wait", name, trouble)
        elif not was_up and not trouble:
            one.is_up.set()
            _log.warning("%s is healthy again", name)
        if was_up != one.is_up.is_set():
            one.since = time.time()

    async def _trouble(self, url: str) -> str:
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._http.stream("GET", url) as answer:  # what it says beside the status is not read
                    return "" if answer.is_success else f"it answers {answer.status_code}"
        except TimeoutError:
            return "it does not answer in time"
        except httpx.TransportError as error:
            return f"it cannot be reached: {type(error).__name__}"


class Waiting(httpx.AsyncBaseTransport):
    """Sends requests, those to a participant that is down once it is healthy again; the caller bounds how long that may take.

    Args:
        below: What sends them.
        health: Knows who is down.
        participants: Base URL of each participant.
    """

    def __init__(self, below: httpx.AsyncBaseTransport, health: Health, participants: Mapping[str, str]) -> None:
        self._below, self._health = below, health
        self._names: dict[tuple[str, int | None], set[str]] = {}
        for name, url in participants.items():
            with contextlib.suppress(httpx.InvalidURL):
                self._names.setdefault(_place(httpx.URL(url)), set()).add(name)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        for name in self._health.down(self._at(request.url)):
            await self._health.known[name].is_up.wait()
        return await self._below.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what sends."""
        await self._below.aclose()

    def _at(self, url: httpx.URL) -> Collection[str]:
        """Give the participant at an address; when several share it, nobody knows which one is called."""
        names = self._names.get(_place(url), set())
        return names if len(names) == 1 else ()


def _place(url: httpx.URL) -> tuple[str, int | None]:
    return url.host, url.port
