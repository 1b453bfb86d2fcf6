"""Bodies of requests and replies by their media type: JSON, forms, plain text (pure).

JSON is what is meant when nothing is declared. A text under another media type is sent and read as it is.
"""

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from saga_contracts.declare import outputs

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
as_text = outputs.as_text
"""Writes a value the way JSON does, text without its quotes."""


def media_type(content_type: str) -> str:
    """Give the media type without its parameters, in lower case.

    >>> media_type("Text/XML; charset=utf-8")
    'text/xml'
    """
    return content_type.partition(";")[0].strip().lower()


def is_media_type(declared: str, found: str) -> bool:
    """Is it the declared media type, with at least its parameters, in whatever case and order?

    >>> is_media_type("text/xml", "Text/XML; charset=utf-8"), is_media_type("text/xml; charset=utf-8", 'text/xml;charset="UTF-8"')
    (True, True)
    >>> is_media_type("text/xml; charset=utf-8", "text/xml"), is_media_type("text/xml", "application/xml")
    (False, False)
    """
    return media_type(declared) == media_type(found) and _parameters(declared) <= _parameters(found)


def _parameters(content_type: str) -> set[tuple[str, str]]:
    found = [one.partition("=") for one in content_type.lower().split(";")[1:] if one.strip()]
    return {(name.strip(), value.strip().strip('"')) for name, _, value in found}


def is_json(content_type: str) -> bool:
    """Is this a media type of JSON? None at all counts as one."""
    kind = media_type(content_type)
    return kind in ("", JSON) or kind.endswith("+json")


def unwritable(body: Any, content_type: str) -> str | None:
    """Tell why a declared body cannot be written under a media type, or None when it can."""
    if body is None or is_json(content_type) or isinstance(body, str):
        return None
    if media_type(content_type) == FORM:
        plain = isinstance(body, Mapping) and not any(isinstance(value, Mapping | list | tuple) for value in body.values())
        return None if plain else "A form has plain fields only: a mapping of names to texts and numbers."
    return f"A body of fields cannot be written as {media_type(content_type)}."


def write(body: Any, content_type: str = "") -> bytes | None:
    """Give the bytes of a body whose templates are filled; None for no body.

    Raises:
        ValueError: when `unwritable` says why it cannot be written.
    """
    why = unwritable(body, content_type)
    if why is not None:
        raise ValueError(why)
    if body is None:
        return None
    if is_json(content_type):
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    if isinstance(body, str):
        return body.encode()
    return urlencode({name: as_text(value) for name, value in body.items()}).encode()


def body_of(content: bytes, content_type: str = "") -> Any:
    """Give the JSON value of a body; under another media type only fields and lists are one, and all else is a text.

    >>> body_of(b"41"), body_of(b"41", "text/plain"), body_of(b'{"n": 41}', "text/plain"), body_of(b"<a/>", "application/json")
    (41, '41', {'n': 41}, None)
    """
    try:
        value = read_json(content)
    except ValueError:
        value = None
    if is_json(content_type) or isinstance(value, dict | list):
        return value
    return content.decode("utf-8", "replace") if content else None


def read_json(content: bytes) -> Any:
    """Give the JSON value of a body.

    Raises:
        ValueError: It is no JSON; NaN, Infinity and what is too large for a number are none, though Python reads them.
    """
    try:
        return json.loads(content, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no JSON number.")
    return number
