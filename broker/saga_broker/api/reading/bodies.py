"""Reads JSON bodies: bounded depth, real UTF-8, an object or a list; everything else is answered 400.

Numbers stay as they were sent. In a pact, a byte order mark, as .NET and PowerShell write it, is no fault: it is left out, and
UTF-16 becomes UTF-8.
"""

import codecs
import re
from typing import Any

from saga_broker.http.errors import RefusedError
from saga_contracts.wire import exact

MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def unmarked(raw: bytes) -> bytes:
    """Give a text that begins with a byte order mark as UTF-8 without it; anything else as it is."""
    if not raw.startswith(MARKS):
        return raw
    try:
        return exact.as_utf8(raw)
    except ValueError:
        return raw


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
        document = exact.loads(text)
    except ValueError as error:
        raise RefusedError(400, f"JSON::ParserError - {error}") from error
    _check_depth(document, max_depth)
    if _ESCAPED_HALF.search(text):  # only so can there be half a character: the text itself was UTF-8
        _check_texts(document)
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


def _check_depth(document: Any, max_depth: int) -> None:
    """Walk without recursion: a hostile document must not exhaust the stack."""
    level, depth = [document], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > max_depth:
            raise _too_deep(max_depth)
        level = _members(level)


def _check_texts(document: Any) -> None:
    level = [document]
    while level:
        texts = [item for item in level if isinstance(item, str)]
        texts.extend(key for item in level if isinstance(item, dict) for key in item)
        if any(_HALF_CHARACTER.search(text) for text in texts):
            raise RefusedError(400, "JSON::ParserError - the document has half of a surrogate pair, which is no character.")
        level = _members([item for item in level if isinstance(item, dict | list)])


def _members(containers: list[Any]) -> list[Any]:
    return [member for item in containers for member in (item.values() if isinstance(item, dict) else item)]


def _too_deep(max_depth: int) -> RefusedError:
    return RefusedError(400, f"JSON::NestingError - nesting of more than {max_depth} is too deep")
