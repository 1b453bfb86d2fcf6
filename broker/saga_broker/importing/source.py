"""The broker that is copied from: asked over HTTP, several requests at once, patient with short failures.

Addresses are made from names and never taken from the answers, so that credentials go to this broker only.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Self, TypeVar

import httpx

from saga_broker.client.transport import ACCEPT, NO_RIGHT, read_address
from saga_contracts.errors import SagapactError
from saga_contracts.rim.sender import why_not
from saga_contracts.rim.transport import BoundedTransport
from saga_contracts.wire import exact

TRIES, FIRST_PAUSE_S = 4, 0.25
AT_ONCE = 8
PAGE = 500
T = TypeVar("T")
K = TypeVar("K")


class SourceError(SagapactError):
    """The broker that is copied from cannot be read."""


class Source:
    """Reads one broker. Usable as a context manager.

    Args:
        url: Its address; a user and a password in it are used and never shown.
        token: A bearer token.
        username: For basic authentication.
        password: For basic authentication.
        timeout_s: Seconds that one answer may take.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        address = read_address(url, "--from")
        self.url = address.url
        username, password = username or address.username, password or address.password
        headers = {"Accept": ACCEPT} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._timeout_s = timeout_s
        self._http = httpx.Client(
            headers=headers,
            auth=httpx.BasicAuth(username, password) if username and not token else None,
            timeout=timeout_s,
            transport=BoundedTransport(proxies=True),
            follow_redirects=True,
        )
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._pool.shutdown(cancel_futures=True)
        self._http.close()

    def read(self, path: str, parse: Callable[[Any], T], body: Any = None) -> T:
        """Read a document; a question with a body is posted, and changes nothing either.

        Raises:
            SourceError: It cannot be had, or is not what a Pact Broker answers.
        """
        found = self.find(path, parse, body)
        if found is None:
            msg = f"Cannot import: {self.url} answered 404 to GET {path}. Check that --from is the address of a Pact Broker."
            raise SourceError(msg)
        return found

    def find(self, path: str, parse: Callable[[Any], T], body: Any = None) -> T | None:
        """Read a document; None when there is none."""
        reply = self._ask(path, body)
        if reply.status_code == httpx.codes.NOT_FOUND:
            return None
        if reply.status_code in NO_RIGHT:
            msg = (
                f"Cannot import: {self.url} asks for other credentials (status {reply.status_code} to GET {path}). Set "
                "SAGAPACT_IMPORT_TOKEN, or SAGAPACT_IMPORT_USERNAME and SAGAPACT_IMPORT_PASSWORD."
            )
            raise SourceError(msg)
        if not reply.is_success:
            told = reply.text.strip()[:300]
            msg = f"Cannot import: {self.url} answered {reply.status_code} to GET {path}: {told} {_AGAIN}"
            raise SourceError(msg)
        try:
            return parse(exact.loads(reply.content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            why = f"{type(error).__name__}: {str(error)[:200]}"
            msg = (
                f"Cannot import: what {self.url} answers to GET {path} is not what a Pact Broker answers ({why}). "
                "Check that --from is the address of a Pact Broker."
            )
            raise SourceError(msg) from error

    def each(self, paths: Iterable[K], read: Callable[[K], T]) -> Iterator[T]:
        """Read many documents, several at once, and give them in their order."""
        waiting = iter(paths)
        while batch := list(islice(waiting, AT_ONCE * 8)):
            yield from self._pool.map(read, batch)

    def pages(self, path: str, name: str, parse: Callable[[Any], T]) -> Iterator[T]:
        """Give the members of a list, part by part; older brokers give all at once, or do not have the list."""
        number, more = 1, True
        while more:
            part = self.find(f"{path}?page={number}&size={PAGE}", lambda document: _part(document, name, parse))
            listed, more = part if part is not None else ([], False)
            yield from listed
            number += 1

    def _ask(self, path: str, body: Any) -> httpx.Response:
        pause_s = FIRST_PAUSE_S
        for last in (*(False for _ in range(TRIES - 1)), True):
            try:
                reply = self._http.get(self.url + path) if body is None else self._http.post(self.url + path, json=body)
            except httpx.HTTPError as error:
                if last or isinstance(error, httpx.TooManyRedirects | httpx.UnsupportedProtocol):
                    msg = (
                        f"Cannot import: {self.url} does not answer GET {path}: it {why_not(error, self._timeout_s)[1]}. {_AGAIN}"
                    )
                    raise SourceError(msg) from error
            else:
                if last or reply.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return reply
            time.sleep(pause_s)
            pause_s *= 2
        raise AssertionError


_AGAIN = "Check the address and the other broker's log; importing again continues where this ended."


def listed(document: Any, name: str, parse: Callable[[Any], T]) -> list[T]:
    """Read the members of a list's document."""
    return [parse(member) for member in document["_embedded"][name]]


def _part(document: Any, name: str, parse: Callable[[Any], T]) -> tuple[list[T], bool]:
    found, page = listed(document, name, parse), document.get("page")
    return found, bool(found) and page is not None and int(page["number"]) < int(page["totalPages"])
