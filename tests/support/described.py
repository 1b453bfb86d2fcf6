"""Holds answers against the broker's own description: a status, media type, header or body that it does not name is a fault.

`Watch` stands around the application and looks at every answer that leaves it, whichever client asked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Document = dict[str, Any]
_EXTENSIONS = (".json", ".csv", ".svg", ".yaml")
_OUTSIDE = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    414: "NameTooLong",
    422: "StrangePath",
    429: "TooMany",
    500: "ServerError",
}
MOST = 5


class Interface:
    """The description, asked about single answers."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._validators: dict[int, Draft202012Validator] = {}

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        ordered = sorted(self.document["paths"], key=lambda path: [part.startswith("{") for part in path.split("/")])
        return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in ordered]

    def operations(self, method: str, path: str) -> Iterator[tuple[str, Document]]:
        """Give the operations that a raw path can mean, the most literal first."""
        for pattern, template in self._templates:
            operation = self.document["paths"][template].get(method.lower())
            if operation is not None and pattern.fullmatch(path):
                yield template, operation

    def faults(self, method: str, raw_path: str, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        """Say in what an answer differs from the description; header names are in lower case."""
        path = self._as_routed(raw_path)
        if method == "OPTIONS":
            return [] if status in (200, 404) else [f"OPTIONS is answered {status}"]
        if status == 405:
            return [] if body == b"" else ["405 has a body"]
        is_head = method == "HEAD"
        found = None
        for template, operation in self.operations("GET" if is_head else method, path):
            found = self._answer_faults(operation["responses"], status, headers, body, is_head=is_head)
            if not found:
                return []
            found = [f"{method} {template}: {fault}" for fault in found]
        if status in _OUTSIDE and (found is None or "//" in raw_path):
            response = self.document["components"]["responses"][_OUTSIDE[status]]
            return self._response_faults(response, headers, body, is_head=is_head)
        return [f"{method} {raw_path}: {status} without a description"] if found is None else found

    def _answer_faults(
        self, responses: Document, status: int, headers: Mapping[str, str], body: bytes, *, is_head: bool
    ) -> list[str]:
        response = responses.get(str(status))
        if response is None:
            return [f"{status} is not described, the body is {body[:500]!r}"]
        found = self._response_faults(self._resolved(response), headers, body, is_head=is_head)
        return [f"{status}: {fault}" for fault in found]

    def _response_faults(self, response: Document, headers: Mapping[str, str], body: bytes, *, is_head: bool) -> list[str]:
        missing = [f"the header {name} is missing" for name in response["headers"] if name.lower() not in headers]
        content = response.get("content")
        if content is None:
            return missing + (["there is a body"] if body else [])
        media_type = headers.get("content-type", "").partition(";")[0]
        if media_type not in content:
            return [*missing, f"the media type {media_type!r} is not described"]
        if is_head or not media_type.endswith("json"):
            return missing
        return missing + self._body_faults(content[media_type]["schema"], body)

    def _body_faults(self, schema: Document, body: bytes) -> list[str]:
        try:
            document = json.loads(body) if body else ""  # as the description says where a body is missing
        except ValueError:
            return [f"the body is no JSON: {body[:200]!r}"]
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = Draft202012Validator({**schema, "components": self.document["components"]})
            self._validators[id(schema)] = validator
        if validator.is_valid(document):
            return []
        return [f"{error.json_path}: {error.message[:500]}" for error in validator.iter_errors(document)]

    def _as_routed(self, raw_path: str) -> str:
        """Leave out what the broker leaves out before it looks for the route."""
        path = raw_path if raw_path == "/" else raw_path.rstrip("/")
        path = path.replace("/pact/provider/", "/pacts/provider/", 1)
        bare, dot, extension = path.rpartition(".")
        forms = [pattern for pattern, template in self._templates if not template.endswith("}")]
        is_form = any(form.fullmatch(bare) for form in forms) or (extension == "csv" and bare.startswith("/groups/"))
        return bare if dot + extension in _EXTENSIONS and not bare.endswith("/") and is_form else path or "/"

    def _resolved(self, response: Document) -> Document:
        name = response.get("$ref")
        found: Document = self.document["components"]["responses"][name.rpartition("/")[2]] if name else response
        return found


class Watch:
    """ASGI middleware that holds every answer against the description.

    Attributes:
        faults: What was found, at most `MOST`.
    """

    def __init__(self, app: ASGIApp, interface: Interface, prefixes: tuple[str, ...] = ()) -> None:
        self._app = app
        self._interface = interface
        self._prefixes = prefixes
        self.faults: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and look at its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, watched)
        self._look_at(scope, start, bytes(body))

    def _look_at(self, scope: Scope, start: Message, body: bytes) -> None:
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        prefix = next((one for one in self._prefixes if path == one or path.startswith(one + "/")), "")
        path = path[len(prefix) :] or "/"
        if not start or path == "/openapi.json" or len(self.faults) >= MOST:
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
        if (
            path.startswith(("/ui/", "/login", "/logout"))
            or start["status"] == 303
            or headers.get("content-type", "").startswith("text/html")
        ):
            return  # for people
        self.faults += self._interface.faults(scope["method"], path, start["status"], headers, body)
