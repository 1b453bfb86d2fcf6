"""Finds the handler of a request and runs it: an asynchronous one in the event loop, any other in a thread, after a bounded wait.

FastAPI keeps the routes and describes them. What it does for each request beside that costs more than a cheap question does: it
tries the routes one after another, twice, and works out the same dependencies each time. Here routes stand by their number of
segments and their first word, and a handler gets its `Call` and the names in its path, nothing else. A route that needs more, or
that is of another kind, is left to FastAPI.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import iscoroutinefunction
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from saga_broker.api.reading.call import Call, Calling
from saga_broker.api.reading.spelling import Spelling
from saga_broker.http.lanes import Lane, Lanes
from saga_broker.http.media import accept_of, wants_page
from saga_broker.http.patience import GoneError
from saga_broker.store.pacticipants import every_name

ErrorAnswer = Callable[[Request, Exception], Response]
_READING = {"GET", "HEAD"}
_OF_PAGES = {"GET", "POST"}  # a page is asked for, or sent a form
_SEGMENT = "[^/]+"
_TEXTS = (str, str | None)


class Dispatch:
    """ASGI middleware around FastAPI's own routing.

    Args:
        app: Answers what is left to FastAPI.
        routes: A fixed path stands before one with a variable in its place.
        pages: Routes at the same addresses that answer whoever asks for HTML first.
        lanes: The threads.
        errors: Answers an exception, and raises one that it does not know.
    """

    def __init__(
        self, app: ASGIApp, routes: Sequence[BaseRoute], pages: Sequence[BaseRoute], lanes: Lanes, errors: ErrorAnswer
    ) -> None:
        self._app, self._lanes, self._errors = app, lanes, errors
        self._routes, self._pages = _Table(routes), _Table(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = self._found(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        handler, names = found
        scope.update(path_params=names, route=handler.route, endpoint=handler.route.endpoint)
        request = Request(scope, receive, send)
        try:
            answer = await self._answered(handler, request, names)
        except (GoneError, ClientDisconnect):
            return
        except Exception as error:  # noqa: BLE001  (what is not known is raised again)
            answer = self._errors(request, error)
        await answer(scope, receive, send)

    async def _answered(self, handler: "_Handler", request: Request, names: dict[str, str]) -> Response:
        call = await handler.calling(request)
        work = partial(handler.route.endpoint, **names, **{handler.name: call})
        if call.settings.case_insensitive_names and not handler.is_async:
            work = partial(_spelt, handler, names, call)
        if handler.is_async:
            return await work()  # type: ignore[no-any-return]
        return await self._lanes.run(self._lane(handler, request), request.receive, work)

    def _lane(self, handler: "_Handler", request: Request) -> Lane:
        reads = request.method in _READING or handler.calling.reads
        return self._lanes.reads if reads else self._lanes.writes

    def _found(self, scope: Scope) -> "tuple[_Handler, dict[str, str]] | None":
        if scope["method"] in _OF_PAGES and wants_page(accept_of(scope)):
            found = self._pages.found(scope)
            if found is not None or scope["method"] == "GET":
                return found  # what is no page is left to FastAPI, which looks at resources then
        return self._routes.found(scope)


class _Table:
    """Routes by the shape of their paths."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        entries = [_entry(route) for route in routes]
        shapes = {one.shape for one in entries if one.shape is not None}
        self._elsewhere = [one for one in entries if one.shape is None]
        self._by_shape = {shape: [one for one in entries if one.shape in {shape, None}] for shape in shapes}

    def found(self, scope: Scope) -> "tuple[_Handler, dict[str, str]] | None":
        """Find the handler of a request, and the names in its path; None: it is left to FastAPI."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        for entry in self._by_shape.get(_shape_of(path), self._elsewhere):
            if entry.handler is None:
                if entry.route.matches(scope)[0] is Match.FULL:
                    return None
            elif scope["method"] in entry.handler.methods:
                match = entry.handler.pattern.match(path)
                if match is not None:
                    return entry.handler, {name: unquote(match[name]) for name in entry.handler.names}
        return None


@dataclass(frozen=True, slots=True)
class _Handler:
    """A handler, how its `Call` is made and named, and the names in the path that it takes."""

    route: APIRoute
    methods: frozenset[str]
    pattern: re.Pattern[str]
    calling: Calling
    name: str
    names: tuple[str, ...]
    is_async: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """A route; without a handler it is left to FastAPI, without a shape its paths are of any."""

    route: BaseRoute
    shape: tuple[int, str] | None
    handler: _Handler | None


def is_found(route: BaseRoute) -> bool:
    """Tell whether requests for a route are answered here."""
    return _entry(route).handler is not None


def _entry(route: BaseRoute) -> _Entry:
    path = getattr(route, "path", "")
    shape = _shape_of(path)
    is_fixed = "{" not in shape[1] and all(one.regex == _SEGMENT for one in compile_path(path)[2].values())
    return _Entry(route, shape, _handler(route)) if is_fixed else _Entry(route, None, None)


def _spelt(handler: "_Handler", names: dict[str, str], call: Call) -> Response:
    """Run a handler with the names of pacticipants as they are stored."""
    with call.read() as connection:
        spelling = Spelling(every_name(connection))
    spelt = {**spelling.of_path(handler.route.path_format, names), handler.name: replace(call, spelling=spelling)}
    return handler.route.endpoint(**spelt)  # type: ignore[no-any-return]


def _handler(route: BaseRoute) -> _Handler | None:
    if type(route) is not APIRoute:
        return None
    wanted = route.dependant
    names = tuple(one.name for one in wanted.path_params if one.field_info.annotation in _TEXTS)
    more = [
        *wanted.header_params,
        *wanted.cookie_params,
        *wanted.body_params,
        *(one for one in wanted.query_params if one.field_info.is_required()),
    ]
    if more or len(wanted.dependencies) != 1 or len(names) != len(wanted.path_params):
        return None
    own = wanted.dependencies[0]
    if not isinstance(own.call, Calling) or own.name is None or wanted.request_param_name or wanted.response_param_name:
        return None
    methods = frozenset(route.methods or ())
    return _Handler(route, methods, route.path_regex, own.call, own.name, names, iscoroutinefunction(route.endpoint))


def _shape_of(path: str) -> tuple[int, str]:
    """Give the number of a path's slashes, and its first word."""
    return path.count("/"), path.partition("/")[2].partition("/")[0]
