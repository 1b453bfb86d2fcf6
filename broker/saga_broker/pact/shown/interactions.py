"""The interactions of a pact as people read them: HTTP, messages, those of plugins, of every specification. Pure."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from saga_broker.pact.content import with_ids
from saga_broker.pact.shown.rules import Rule, generators, matching_rules
from saga_contracts.wire import exact

HTTP, MESSAGE, ANSWERED = "HTTP", "message", "message with answer"
_KINDS = {"Synchronous/HTTP": HTTP, "Asynchronous/Messages": MESSAGE, "Synchronous/Messages": ANSWERED}
_OF_CONTENT = {"content", "contentType", "encoded", "contentTypeHint"}
MOST_TEXT = 20_000
"""Characters of one content that are shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """A request, a response, or a message.

    Attributes:
        title: What it is.
        line: The first line: method, path and query, or status; empty for a message.
        fields: Headers or metadata, as name and value.
        content: What it carries, as text; None when nothing is said about it, "" when it is empty.
        content_type: Of the content, as far as it is told.
        note: What is to be known about the content: that it was cut, or is no text.
        rules: What must hold; everything else must be as shown.
        made: What is made anew for each replay.
    """

    title: str
    line: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    content: str | None = None
    content_type: str = ""
    note: str = ""
    rules: tuple[Rule, ...] = ()
    made: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction.

    Attributes:
        id: The id that brokers give to it.
        kind: `HTTP`, `message`, `message with answer`, or what the pact calls it.
        states: The names of its provider states, with their parameters as text.
        parts: Request and response, or message and answers.
        comments: What its author wrote about it, as name and text.
        pending: It does not break the provider's build yet.
        plugin: What a plugin keeps with it, as JSON; empty when there is nothing.
    """

    id: str
    kind: str
    description: str
    states: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    comments: tuple[tuple[str, str], ...] = ()
    pending: bool = False
    plugin: str = ""


def interactions(pact: Any) -> list[Interaction] | None:
    """Read the interactions of a pact.

    Args:
        pact: The pact as parsed JSON.

    Returns:
        The interactions in the order of the pact; None when it has none that could be read.
    """
    document = with_ids(pact)
    if not isinstance(document, dict):
        return None
    lists = [(key, document[key]) for key in ("interactions", "messages") if isinstance(document.get(key), list)]
    if not lists:
        return None
    kinds = {"interactions": HTTP, "messages": MESSAGE}
    return [_interaction(one, kinds[key]) for key, found in lists for one in found if isinstance(one, dict)]


def plugins(pact: Any) -> list[str]:
    """Name the plugins that a pact needs, with their versions."""
    metadata = pact.get("metadata") if isinstance(pact, dict) else None
    found = metadata.get("plugins") if isinstance(metadata, dict) else None
    return [_words(one.get("name"), one.get("version")) for one in found or [] if isinstance(one, dict)]


def _interaction(item: Mapping[str, Any], usual: str) -> Interaction:
    named = item.get("type")
    kind = _KINDS.get(str(named), str(named)) if named else usual
    plugin = item.get("pluginConfiguration")
    return Interaction(
        id=str(item.get("_id", "")),
        kind=kind,
        description=_text(item.get("description")),
        states=tuple(_states(item)),
        parts=tuple(_parts(item, kind)),
        comments=tuple(_comments(item)),
        pending=item.get("pending") is True,
        plugin=pretty(plugin) if plugin else "",
    )


def _states(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("providerStates", "providerState", "provider_state"):
        value = item.get(key)
        if isinstance(value, str):
            yield value, ""
        for state in value if isinstance(value, list) else ():
            if isinstance(state, dict):
                params = state.get("params")
                yield _text(state.get("name")), exact.dumps(params, ensure_ascii=False) if params else ""
        if value:
            return


def _parts(item: Mapping[str, Any], kind: str) -> Iterator[Part]:
    if kind == MESSAGE:
        yield _message("Message", item)
        return
    request, response = item.get("request"), item.get("response")
    if kind == ANSWERED:
        yield _message("Message", request if isinstance(request, dict) else {})
        for answer in response if isinstance(response, list) else [response]:
            if isinstance(answer, dict):
                yield _message("Answer", answer)
        return
    if isinstance(request, dict):
        yield _http("Request", request, _request_line(request))
    if isinstance(response, dict):
        yield _http("Response", response, f"Status {_text(response.get('status', 200))}")


def _request_line(request: Mapping[str, Any]) -> str:
    query = request.get("query")
    if isinstance(query, dict):
        pairs = [(name, value) for name, values in query.items() for value in _listed(values)]
        query = "&".join(f"{name}={_text(value)}" if value is not None else str(name) for name, value in pairs)
    elif isinstance(query, str):
        query = unquote_plus(query)
    path = _text(request.get("path", "/"))
    return f"{_text(request.get('method', 'GET')).upper()} {path}" + (f"?{query}" if query else "")


def _http(title: str, section: Mapping[str, Any], line: str) -> Part:
    fields = _fields(section.get("headers"))
    content, content_type, note = _content(section, "body")
    return Part(title, line, fields, content, content_type or _type_in(fields), note, *_rules(section))


def _message(title: str, section: Mapping[str, Any]) -> Part:
    fields = _fields(section.get("metadata", section.get("metaData")))
    content, content_type, note = _content(section, "contents")
    return Part(title, "", fields, content, content_type or _type_in(fields), note, *_rules(section))


def _rules(section: Mapping[str, Any]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    return tuple(matching_rules(section)), tuple(generators(section))


def _fields(found: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, dict):
        return ()
    return tuple((str(name), ", ".join(map(_text, _listed(value)))) for name, value in found.items())


def _type_in(fields: tuple[tuple[str, str], ...]) -> str:
    return next((value for name, value in fields if name.lower().replace("-", "") == "contenttype"), "")


def _content(section: Mapping[str, Any], key: str) -> tuple[str | None, str, str]:
    """Give a content as text, its type, and what is to be known about it."""
    if key not in section:
        return None, "", ""
    value = section[key]
    if not isinstance(value, dict) or "content" not in value or not value.keys() <= _OF_CONTENT:
        return _cut(value, "")
    content, content_type = value["content"], _text(value.get("contentType"))
    if value.get("encoded") and isinstance(content, str):
        return _decoded(content, content_type)
    return _cut(content, content_type)


def _cut(value: Any, content_type: str) -> tuple[str, str, str]:
    text = value if isinstance(value, str) else pretty(value)
    if len(text) <= MOST_TEXT:
        return text, content_type, ""
    return text[:MOST_TEXT], content_type, f"Only the first {MOST_TEXT:,} of {len(text):,} characters are shown."


def _decoded(content: str, content_type: str) -> tuple[str, str, str]:
    """Read a content that is written in base 64; what is no text is told by its size."""
    try:
        raw = base64.b64decode(content, validate=True)
    except binascii.Error:
        return _cut(content, content_type)
    text = raw.decode(errors="replace")
    if all(character.isprintable() or character in "\r\n\t" for character in text.replace("\ufffd", "\0")):
        return _cut(text, content_type)
    return "", content_type, f"{len(raw):,} bytes that are no text."


def _comments(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = item.get("comments")
    if isinstance(found, dict):
        for name, value in found.items():
            for one in _listed(value):
                if one not in (None, "", [], {}):
                    yield "" if name == "text" else str(name), one if isinstance(one, str) else pretty(one)
    markup = item.get("interactionMarkup")
    if isinstance(markup, dict) and markup.get("markup"):
        yield "", _text(markup["markup"])


def pretty(value: Any) -> str:
    """Write JSON on several lines, numbers as they were read."""
    return exact.dumps(value, indent=2, ensure_ascii=False)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else exact.dumps(value, ensure_ascii=False)


def _words(*parts: Any) -> str:
    return " ".join(_text(part) for part in parts if part)
