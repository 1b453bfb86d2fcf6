"""Comparing the targets of calls: what a path and a query say, however they are legally encoded (pure).

A path is a list of segments of bytes. `%3A` and `:`, `%7E` and `~`, `%c3` and `%C3` say the same; `/` parts segments and `%2F`
does not; `+` is a plus sign. A query is a list of names and values, encoded as forms are: there `+` is a blank, `%2B` a plus
sign. Of different names the order does not matter, of one name it does.
"""

import re
from urllib.parse import parse_qsl, quote, unquote_to_bytes

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RAW_IN_PATH = re.compile(r'[^\x21-\x7e]|["#<>\\^`{}]')
_RAW_IN_QUERY = re.compile(r'[^\x21-\x7e]|["#<>]')
ASCII = "".join(map(chr, range(0x21, 0x7F)))


def same_path(one: str, other: str) -> bool:
    """Do two paths address the same resource?

    >>> same_path("/a/x%3ay", "/a/x:y"), same_path("/a/x%2Fy", "/a/x/y"), same_path("/a+b", "/a%20b")
    (True, False, False)
    """
    return _segments(one) == _segments(other)


def same_fields(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> bool:
    """Are these the same names and values?

    >>> same_fields(fields("a=x+y&b=1"), fields("b=1&a=x%20y")), same_fields(fields("a=1&a=2"), fields("a=2&a=1"))
    (True, False)
    """
    return sorted(one, key=_name) == sorted(other, key=_name)


def fields(query: str) -> list[tuple[str, str]]:
    """Give names and values of a query, in their order."""
    return parse_qsl(query, keep_blank_values=True)


def unencoded(path: str, query: str = "") -> str | None:
    """Tell what has to be percent-encoded in a target and is not: one sentence, or None.

    >>> unencoded("/a/100%")
    'A `%` in its path is not followed by two hexadecimal digits: send it as %25.'
    """
    for where, text, raw in (("path", path, _RAW_IN_PATH), ("query", query, _RAW_IN_QUERY)):
        if _BROKEN_ESCAPE.search(text):
            return f"A `%` in its {where} is not followed by two hexadecimal digits: send it as %25."
        found = raw.search(text)
        if found:
            return f"The character {found[0]!r} stands in its {where} as it is: send it percent-encoded."
    return None


def encoded(text: str) -> str:
    """Percent-encode what cannot stand in a target, and leave everything else as it is."""
    return quote(text, safe=ASCII)


def dot_segment(path: str) -> str | None:
    """Give the first segment that means "this folder" or "the folder above", encoded or not."""
    return next((segment for segment in path.split("/") if unquote_to_bytes(segment) in (b".", b"..")), None)


def _segments(path: str) -> list[bytes]:
    return [unquote_to_bytes(segment) for segment in path.split("/")]


def _name(pair: tuple[str, str]) -> str:
    return pair[0]
