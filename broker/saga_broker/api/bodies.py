"""Reads JSON bodies: bounded depth, real UTF-8, an object or a list; everything else is answered 400."""

import json
import re
from typing import Any

from saga_broker.http.errors import RefusedError

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def parse_json(raw: bytes, max_depth: int) -> Any:
    """Read a JSON document.

    Args:
        raw: The bytes as sent.
        max_depth: Documents nested deeper are refused.

    Returns:
        A dict or a list.

    Raises:
        RefusedError: With status 400 and the reason.
    """
    document = parse_any(decode(raw, "Request body"), max_depth)
    if not isinstance(document, dict | list):
        raise RefusedError(400, "Expected JSON Hash or Array in the request body.")
    return document


def parse_any(text: str, max_depth: int) -> Any:
    """Read any JSON value; the rules of `parse_json` otherwise."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise _too_deep(max_depth) from error
    except ValueError as error:
        raise RefusedError(400, f"JSON::ParserError - {error}") from error
    _check(document, max_depth)
    return document


def decode(raw: bytes, what: str) -> str:
    """Read bytes as UTF-8.

    Args:
        raw: The bytes.
        what: Names them.

    Raises:
        RefusedError: With status 400, and the place of the first byte that is no UTF-8.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[max(0, error.start - 100) : error.start].decode(errors="replace")
        place = len(raw[: error.start].decode(errors="replace")) + 1
        text = (
            f"{what} has a non UTF-8 character at char {place} and cannot be "
            f"parsed as JSON. Fragment preceding invalid character is: '{before}'"
        )
        raise RefusedError(400, text) from error


def _check(document: Any, max_depth: int) -> None:
    """Walk without recursion: a hostile document must not exhaust the stack."""
    level = [document]
    depth = 0
    while level:
        containers = [item for item in level if isinstance(item, dict | list)]
        depth += bool(containers)
        if depth > max_depth:
            raise _too_deep(max_depth)
        texts = [item for item in level if isinstance(item, str)]
        texts.extend(key for item in containers if isinstance(item, dict) for key in item)
        if any(_HALF_CHARACTER.search(text) for text in texts):
            raise RefusedError(400, "JSON::ParserError - the document has half of a surrogate pair, which is no character.")
        level = [member for item in containers for member in (item.values() if isinstance(item, dict) else item)]


def _too_deep(max_depth: int) -> RefusedError:
    return RefusedError(400, f"JSON::NestingError - nesting of more than {max_depth} is too deep")


def _no_constant(name: str) -> Any:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
