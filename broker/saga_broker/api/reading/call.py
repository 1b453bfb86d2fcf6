"""What a handler is given: the request's body, query and addresses, and the database.

Handlers are plain functions that run in a thread (`dispatch`); only the reading of the body is asynchronous. Media types are
settled before the handler runs: 415 for a body of the wrong type, 406 for an Accept that the resource does not offer.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated, Any, cast
from urllib.parse import unquote

from fastapi import Depends, Request, Response
from sqlalchemy import Connection
from starlette.convertors import Convertor, register_url_convertor

from saga_broker.access.principal import AT_COMMIT, PRINCIPAL, may
from saga_broker.access.rights import Right
from saga_broker.api.reading.bodies import parse_json, unmarked
from saga_broker.api.reading.spelling import Spelling
from saga_broker.http import media
from saga_broker.http.envelope import BASE
from saga_broker.http.errors import EmptyError, InvalidError, RefusedError
from saga_broker.http.hal import Links, dump
from saga_broker.http.rack import Params, parse_query
from saga_broker.settings import Settings
from saga_broker.store.database.engine import Database


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        request: Starlette's request.
        media_type: The negotiated type of the answer.
        raw: The body's bytes.
        links: Writes addresses as this client reaches the broker.
        spelling: Names as they are stored, where capital letters make no difference.
    """

    request: Request
    media_type: str
    raw: bytes
    links: Links
    spelling: Spelling | None = None

    @property
    def settings(self) -> Settings:
        """Give the broker's settings."""
        return cast("Settings", self.request.app.state.settings)

    @property
    def now(self) -> datetime:
        """Give the moment of the question, in UTC."""
        return cast("datetime", self.request.app.state.clock()).astimezone(UTC)

    @property
    def today(self) -> date:
        """Give the day of the question, in UTC."""
        return self.now.date()

    @property
    def database(self) -> Database:
        """Give the database, for what opens it more than once."""
        return cast("Database", self.request.app.state.database)

    def read(self) -> AbstractContextManager[Connection]:
        """Open the database for reading."""
        return self.database.read()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the database for writing, with what the request's state holds for the commit.

        Afterwards, what does the broker's own work looks at what happened.
        """
        with self.database.write() as connection:
            yield connection
            note = getattr(self.request.state, AT_COMMIT, None)
            if note is not None:
                note(connection)
        relay = self.request.app.state.relay
        if relay is not None:
            relay.wake()

    def may(self, right: Right) -> bool:
        """Tell whether whoever asks holds a right."""
        return may(getattr(self.request.state, PRINCIPAL, None), right)

    @cached_property
    def query(self) -> Params:
        """Give the query parameters."""
        found = parse_query(self.request.url.query)
        return found if self.spelling is None else cast("Params", self.spelling.in_query(found))

    def text(self, name: str) -> str | None:
        """Give a query parameter that must be one string, None when it is absent.

        Raises:
            RefusedError: It is a list or an object.
        """
        value = self.query.get(name)
        if value is not None and not isinstance(value, str):
            raise RefusedError(400, f"The query parameter '{name}' must be given once.")
        return value

    def unmarked(self) -> "Call":
        """Give the same request with its body as UTF-8 without a byte order mark: pacts are written by many tools."""
        return replace(self, raw=unmarked(self.raw))

    def json(self) -> Any:
        """Give the body as JSON.

        Raises:
            RefusedError: It is no JSON object or list.
        """
        found = parse_json(self.raw, self.settings.max_json_depth)
        return found if self.spelling is None else self.spelling.in_body(found)

    def stored(self, name: str) -> str:
        """Give the name of a pacticipant as it is stored, or would be."""
        return name if self.spelling is None else self.spelling.of(name)

    def object_or_nothing(self) -> dict[str, Any]:
        """Give the body as a JSON object, empty when there is no body: for what is put by its address alone.

        Raises:
            InvalidError: It is something else.
        """
        return self.object() if self.raw.strip() else {}

    def object(self) -> dict[str, Any]:
        """Give the body as a JSON object.

        Raises:
            InvalidError: It is something else.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise InvalidError({"": ["must be a hash"]})
        return document


def respond(
    document: Any,
    status: int = 200,
    *,
    location: str | None = None,
    media_type: str = media.HAL,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Write a JSON document as the answer."""
    extra = dict(headers or {})
    if location is not None:
        extra["Location"] = location
    return Response(dump(document), status, extra, media_type=f"{media_type};charset=utf-8")


def text(content: str, media_type: str = media.TEXT, status: int = 200) -> Response:
    """Write plain text as the answer."""
    return Response(content.encode(), status, media_type=f"{media_type};charset=utf-8")


def no_content() -> Response:
    """Answer 204."""
    return Response(status_code=204)


@dataclass(frozen=True, slots=True)
class Calling:
    """Makes the `Call` of a request; the description of the interface reads its media types.

    Attributes:
        offers: Media types of the answer, the preferred first.
        takes: Media types of the body; empty when the body is not looked at.
        reads: A request with a body that only asks: it waits for no writer.
    """

    offers: tuple[str, ...]
    takes: tuple[str, ...]
    reads: bool = False

    async def __call__(self, request: Request) -> Call:
        """Settle the media types and read the body.

        Raises:
            EmptyError: 415 or 406.
        """
        if self.takes and media.base_type(request.headers.get("content-type")) not in self.takes:
            raise EmptyError(415)
        chosen = media.choose(request.headers.get("accept"), self.offers)
        if chosen is None:
            raise EmptyError(406)
        return Call(request, chosen, await request.body(), links_of(request))


def calling(offers: Sequence[str] = (media.HAL,), takes: Sequence[str] = (), *, reads: bool = False) -> Any:
    """Make the dependency that gives a `Call`; the arguments are those of `Calling`."""
    return Depends(Calling(tuple(offers), tuple(takes), reads))


def links_of(request: Request) -> Links:
    """Give the links with the address under which the client reaches the broker."""
    return Links(request.scope[BASE])


class _Segment(Convertor[str]):
    """One path segment, decoded after routing, so that it may hold a slash."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("seg", _Segment())

Hal = Annotated[Call, calling()]
HalJson = Annotated[Call, calling(takes=(media.JSON,))]
HalPatch = Annotated[Call, calling(takes=(media.MERGE_PATCH,))]
Anything = Annotated[Call, calling(offers=(media.HAL, media.JSON, media.TEXT, "text/html", "image/svg+xml", media.CSV))]
