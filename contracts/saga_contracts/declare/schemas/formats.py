"""The words that may stand under `format` in a payload's schema, and what each asks of a text (pure).

They are those of JSON Schema that have one meaning, and OpenAPI's. Each is checked in time that grows with the text's length at
most; a word that nothing here checks is no format, so that no schema promises what nobody looks at.
"""

import ipaddress
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from saga_contracts.declare.schemas.patterns import compiled

_MAX_LENGTH = 10_000
_ZONE = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_TIME = f"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?{_ZONE}"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_AMOUNT = "[0-9]+"
_CLOCK = f"T({_AMOUNT}H({_AMOUNT}M({_AMOUNT}S)?)?|{_AMOUNT}M({_AMOUNT}S)?|{_AMOUNT}S)"
_DATES = f"({_AMOUNT}Y({_AMOUNT}M({_AMOUNT}D)?)?|{_AMOUNT}M({_AMOUNT}D)?|{_AMOUNT}D)"
_URI = "[A-Za-z0-9._~:/?#@!$&'()*+,;=%\\[\\]-]"
_PATTERNS: Mapping[str, str] = {
    "time": _TIME,
    "duration": f"P({_AMOUNT}W|{_DATES}({_CLOCK})?|{_CLOCK})",
    "email": '[^@ \t\r\n"(),:;<>\\[\\\\]+@[^@ \t\r\n]+',
    "idn-email": "[^@ \t\r\n]+@[^@ \t\r\n]+",
    "idn-hostname": "[^ @/:\t\r\n]+",
    "uri-template": '[^ <>"\\\\^`|\\x00-\\x20]*',
    "hostname": f"{_LABEL}([.]{_LABEL})*",
    "uri": f"[A-Za-z][A-Za-z0-9+.-]*:{_URI}*",
    "uri-reference": f"{_URI}*",
    "iri": '[A-Za-z][A-Za-z0-9+.-]*:[^ <>"{}|\\\\^`\\x00-\\x20]*',
    "iri-reference": '[^ <>"{}|\\\\^`\\x00-\\x20]*',
    "uuid": "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "json-pointer": "(/([^~/]|~[01])*)*",
    "relative-json-pointer": "(0|[1-9][0-9]*)(#|(/([^~/]|~[01])*)*)",
    "byte": "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
}


def known() -> tuple[str, ...]:
    """Give every word that may stand under `format`."""
    return tuple(sorted({*_PATTERNS, *_TEXTS, *_NUMBERS, *_ANY}))


def holds(word: str, value: Any) -> bool:
    """Is a value as the format asks? A value of a type that the format does not speak of is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return word not in _NUMBERS or -_NUMBERS[word] <= value < _NUMBERS[word]
    if not isinstance(value, str) or word in _NUMBERS or word in _ANY:
        return True
    if len(value) > _MAX_LENGTH:
        return False
    if word in _PATTERNS:
        return compiled(f"^({_PATTERNS[word]})$").found_in(value)
    return _TEXTS[word](value)


def _is_date(text: str) -> bool:
    if not compiled(f"^{_DAY}$").found_in(text):
        return False
    return _made(date.fromisoformat, text)


def _is_date_time(text: str) -> bool:
    return text[10:11] in ("T", "t") and _is_date(text[:10]) and holds("time", text[11:])


def _is_pattern(text: str) -> bool:
    return _made(compiled, text)


def _made(make: Callable[[str], object], text: str) -> bool:
    try:
        make(text)
    except ValueError:
        return False
    return True


_TEXTS: Mapping[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_date_time,
    "ipv4": lambda text: _made(ipaddress.IPv4Address, text),
    "ipv6": lambda text: "%" not in text and _made(ipaddress.IPv6Address, text),
    "regex": _is_pattern,
}
_NUMBERS: Mapping[str, int] = {"int32": 2**31, "int64": 2**63}
_ANY = frozenset({"float", "double", "password", "binary"})
"""OpenAPI's words that ask nothing of a JSON value."""
