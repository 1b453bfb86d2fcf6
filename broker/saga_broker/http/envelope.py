"""What holds for all resources alike: paths, headers, sizes, HEAD, OPTIONS, and the last net for errors that nobody foresaw."""

import logging
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_broker.http.addresses import Addresses, under
from saga_broker.http.hal import dump
from saga_broker.http.media import CSV, HAL, JSON, PROBLEM, wants_problems
from saga_broker.http.segments import EXTENSIONS

COMPATIBLE_WITH = "2.120.0"
LOG = logging.getLogger("saga_broker")
_FORMS = dict(zip(EXTENSIONS, (HAL, CSV, "image/svg+xml", "application/yaml"), strict=True))
MAX_SEGMENT = 255
OPENAPI = "/openapi.json"
AS_JSON = b"as=json"
"""In a query: how a browser, which asks for pages, is given the JSON of the same address."""
BASE = "sagapact.base"
"""Where a request's scope holds what links begin with."""
_METHODS_WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}


class _TooLargeError(Exception):
    """The body is larger than the broker takes."""


class Envelope:
    """ASGI middleware around all resources."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, base_urls: Sequence[str] = (), proxies: Sequence[str] = ()) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._addresses = Addresses(base_urls, proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            await self._answer(scope, receive, answer)
        except _TooLargeError:
            text = f"The request body is larger than {self._max_body_bytes} bytes."
            kind = f"{self._located(scope)[BASE]}/problem/content-too-large"
            await answer.fault({"error": text}, _problem(413, "Content Too Large", kind, text))
        except Exception:
            reference = secrets.token_urlsafe(7)[:10]
            LOG.exception("error reference %s: %s %s", reference, scope["method"], scope["path"])
            text = f"An error has occurred. The details have been logged with the reference {reference}"
            kind = f"{self._located(scope)[BASE]}/problems/server-error"
            await answer.fault({"error": {"message": text, "reference": reference}}, _problem(500, "Server error", kind, text))

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        fault = _path_fault(raw)
        if fault is not None:
            await answer.json(*fault, media_type=PROBLEM, charset=False)
            return
        scope = _rewritten(self._located({**scope, "path": raw}))
        if scope["method"] == "OPTIONS":
            await answer.options(methods_of(scope))
            return
        await self._app(scope, self._bounded(scope, receive), answer.send)

    def _located(self, scope: Scope) -> Scope:
        """Settle the address for links, and put the path under its context path, also when a proxy took that off."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        host, port = scope.get("server") or ("localhost", None)
        client = (scope.get("client") or ("",))[0]
        address = self._addresses.of(scope["scheme"], headers, scope["path"], f"{host}:{port}" if port else host, client)
        path, root = scope["path"], address.root
        if root:
            rest = path[len(root) :] if under(path, root) else path
            scope = {**scope, "path": root + (rest or "/"), "root_path": root}
        return {**scope, BASE: address.base}

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Stop reading a body that grows beyond the limit."""
        if scope["method"] not in _METHODS_WITH_BODY:
            return receive
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            raise _TooLargeError
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._max_body_bytes:
                raise _TooLargeError
            return message

        return bounded


class _Answer:
    """Sends the answer with the headers that all answers have."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._is_head = scope["method"] == "HEAD"
        self._accept = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
        self._send = send
        self._started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            names = {name.lower() for name, _ in message["headers"]}
            extra = [(b"x-pact-broker-version", COMPATIBLE_WITH.encode()), (b"vary", b"Accept"), (b"cache-control", b"no-cache")]
            message["headers"] = [*message["headers"], *(pair for pair in extra if pair[0] not in names)]
        elif self._is_head:
            message = {**message, "body": b""}
        await self._send(message)

    async def json(self, status: int, document: object, media_type: str = JSON, *, charset: bool = True) -> None:
        if self._started:
            return
        kind = f"{media_type};charset=utf-8" if charset else media_type
        await self._whole(status, dump(document), [(b"content-type", kind.encode())])

    async def fault(self, plain: object, problem: dict[str, Any]) -> None:
        """Send an error in the form that the client asked for."""
        if wants_problems(self._accept):
            await self.json(problem["status"], problem, PROBLEM)
        else:
            await self.json(problem["status"], plain)

    async def options(self, methods: list[str]) -> None:
        if not methods:
            await self.json(404, {"error": "The requested document was not found on this server."})
            return
        await self._whole(200, b"", [(b"access-control-allow-methods", ", ".join(methods).encode())])

    async def _whole(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _path_fault(raw: str) -> tuple[int, dict[str, object]] | None:
    """Name what is wrong with a path, as problem details."""
    if "//" in raw:
        return 404, _problem(404, "Not found", "/problem/not-found", "Empty path component found")
    segments = [unquote(segment) for segment in raw.split("/")]
    if any(
        len(segment) > MAX_SEGMENT for before, segment in zip(["", *segments], segments, strict=False) if before != "metadata"
    ):
        text = f"A name in the path cannot be longer than {MAX_SEGMENT} characters."
        return 414, _problem(414, "URI Too Long", "/problem/invalid-request-parameter-value", text)
    try:
        decoded = unquote(raw, errors="strict")
    except UnicodeDecodeError:
        text = "URL path is not valid UTF-8."
        return 422, _problem(422, "Unprocessable", "/problem/invalid-request-parameter-value", text)
    for character, name in (("\n", "new line"), ("\t", "tab"), ("\0", "NUL")):
        if character in decoded:
            text = f"URL path cannot contain a {name} character."
            return 422, _problem(422, "Unprocessable", "/problem/invalid-request-parameter-value", text)
    return None


def _problem(status: int, title: str, kind: str, detail: str) -> dict[str, Any]:
    return {"title": title, "type": kind, "detail": detail, "status": status, "instance": "/"}


def _rewritten(scope: Scope) -> Scope:
    """Route on the encoded path; a known file extension at its end, and `as=json`, become the Accept header."""
    root = scope.get("root_path", "")
    path = scope["path"][len(root) :].rstrip("/")
    path = path.replace("/pact/provider/", "/pacts/provider/", 1)  # the name that the Pact Broker gave up long ago
    headers = scope["headers"]
    extension = next((one for one in EXTENSIONS if path.endswith(one) and not path.endswith("/" + one)), None)
    if extension is not None and _is_form(scope["app"].state.resources, path[: -len(extension)], extension):
        path = path[: -len(extension)]
        kept = [pair for pair in headers if pair[0] != b"accept"]
        headers = [*kept, (b"accept", _FORMS[extension].encode())]
    if AS_JSON in scope["query_string"].split(b"&"):
        headers = [*(pair for pair in headers if pair[0] != b"accept"), (b"accept", f"{HAL}, {JSON}, */*;q=0.1".encode())]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return {**scope, "path": root + (path or "/"), "headers": headers, "method": method}


def _is_form(resources: Sequence[BaseRoute], path: str, extension: str) -> bool:
    """Tell whether an extension asks for a form of a resource: behind a fixed word, and of a group, which is CSV only.

    Behind a name it belongs to the name: there are services that are called `report.csv`, and versions that are called `2.json`.
    """
    return any(
        isinstance(route, Route)
        and (not route.path.endswith("}") or (extension == ".csv" and route.path.startswith("/groups/")))
        and route.path_regex.match(path)
        for route in resources
    )


def methods_of(scope: Scope) -> list[str]:
    """List the methods that the resource under a path has."""
    found: set[str] = set()
    for route in scope["app"].state.resources:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []
