"""Reads recorded traffic (HTTP Archive 1.2, as browsers and proxies save it): each request with its answer.

Headers of the client, cookies and whatever is called like a secret stay in the recording.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, Field, ValidationError

from saga_contracts.declare.templates import LIKE
from saga_contracts.errors import UsageError
from saga_contracts.rim.redact import is_secret_name
from saga_contracts.start.choosing import METHODS
from saga_contracts.start.formats.exchanges import Exchange
from saga_contracts.start.told import Answer, literals, small
from saga_contracts.wire import bodies

_TELLING = ("state", "status", "error", "code", "result", "outcome", "phase", "type")
"""Fields by which replies are told apart, by custom: their value is taken as it was."""
_LONGEST = 60
_MOST_NESTED = 8


class _Pair(BaseModel):
    name: str
    value: str | None = ""


class _Posted(BaseModel):
    kind: str = Field(default="", alias="mimeType")
    text: str | None = None
    params: list[_Pair] | None = None


class _Content(BaseModel):
    kind: str = Field(default="", alias="mimeType")
    text: str | None = None
    encoding: str | None = None


class _Request(BaseModel):
    method: str
    url: str
    headers: list[_Pair] = []
    query: list[_Pair] = Field(default=[], alias="queryString")
    posted: _Posted | None = Field(default=None, alias="postData")


class _Response(BaseModel):
    status: int
    content: _Content | None = None


class _Entry(BaseModel):
    request: _Request
    response: _Response


class _Log(BaseModel):
    entries: list[_Entry]


class _Archive(BaseModel):
    log: _Log


def exchanges(content: dict[str, Any], source: str) -> list[Exchange]:
    """Give the exchanges that were answered, in their order.

    Raises:
        UsageError: when it is no recording.
    """
    try:
        archive = _Archive.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{source} is no recording (HAR): {where}: {first['msg']}. Save the traffic as HAR.") from None
    return list(_of(archive))


def _of(archive: _Archive) -> Iterator[Exchange]:
    for entry in archive.log.entries:
        try:
            url = urlsplit(entry.request.url)
            host = f"{url.hostname or 'service'}{f':{url.port}' if url.port else ''}"
        except ValueError:
            continue
        if entry.request.method.upper() not in METHODS or entry.response.status == 0:
            continue
        asked, left = _body(entry.request.posted)
        content = entry.response.content
        plain = _json(_text(content)) if content is not None and bodies.is_json(content.kind or "text/plain") else None
        answer = Answer(entry.response.status, _declared(plain))
        sent = [(one.name, one.value or "") for one in entry.request.query] or parse_qsl(url.query, keep_blank_values=True)
        query = {name: value for name, value in sent if not is_secret_name(name)}
        headers = {one.name: one.value or "" for one in entry.request.headers}
        yield Exchange(
            host.lower(),
            entry.request.method.upper(),
            unquote(url.path) or "/",
            query,
            headers,
            asked,
            answer,
            plain,
            left=left,
        )


def _body(posted: _Posted | None) -> tuple[Any, list[str]]:
    if posted is None or not (posted.text or posted.params):
        return None, []
    if bodies.media_type(posted.kind) == bodies.FORM:
        pairs = [(one.name, one.value or "") for one in posted.params or ()] or parse_qsl(
            posted.text or "", keep_blank_values=True
        )
        return dict(pairs), []
    found = _json(posted.text or "") if bodies.is_json(posted.kind) else None
    return found, [] if found is not None else [f"A body of the kind {posted.kind[:_LONGEST]} is not read"]


def _text(content: _Content) -> str:
    if content.encoding != "base64":
        return content.text or ""
    try:
        return base64.b64decode(content.text or "", validate=False).decode("utf-8", "replace")
    except ValueError:
        return ""


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _declared(body: Any) -> Any:
    """Give a body as a reply declares it; what is called like a secret is left out."""
    if not isinstance(body, dict):
        return None if body is None else {LIKE: []} if isinstance(body, list) else {LIKE: literals(body)}
    found = {}
    for name, value in body.items():
        if is_secret_name(name) or name.startswith("$"):
            continue
        is_word = name.lower() in _TELLING and isinstance(value, str) and len(value) <= _LONGEST
        found[name] = literals(value) if is_word else {LIKE: _without_secrets(literals(small(value, _MOST_NESTED)))}
    return found or None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(one) for name, one in value.items() if not is_secret_name(name)}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value
