"""JSON whose numbers come back as they were written: `1563454500.123456789` and `1E+400` stay what they are (pure).

Bytes may begin with a byte order mark, or be UTF-16, as .NET and PowerShell write them.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

_MOST_DIGITS = 4000  # Python reads no integers that are much longer
_MINUS_ZERO = re.compile(r"-0(?![.\d])")
_MARKED = re.compile(r'"\\u0000([-+.0-9eE]+)\\u0000"')


class Exact(float):
    """A number that Python would write in another way than it was read; equal to what has the same value, to the last digit."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Exact):
            return self._value == other._value
        is_number = isinstance(other, int | float) and not isinstance(other, bool) and isfinite(other)
        return is_number and self._value == Decimal(repr(other))

    __hash__ = float.__hash__

    @property
    def is_lossless(self) -> bool:
        """Is a floating-point number exactly what was read, so that only its spelling differs?"""
        return self == float(self)

    @property
    def _value(self) -> Decimal | str:
        try:
            return Decimal(self.text)
        except InvalidOperation:  # an exponent of many digits
            return self.text


def loads(text: str | bytes) -> Any:
    """Read JSON.

    Raises:
        ValueError: when it is none; `NaN` and `Infinity` are none, though Python reads them.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass").removeprefix("\ufeff")
    if "-0" in text and _MINUS_ZERO.search(text):
        return _read(text, _integer)
    try:
        return _read(text, int)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of thousands of digits
        return _read(text, _integer)


def dumps(value: Any, **form: Any) -> str:
    """Write JSON that `loads` has read; its form as for `json.dumps`.

    >>> dumps(loads('[1563454500.123456789, 1E+400, 0.5]'))
    '[1563454500.123456789, 1E+400, 0.5]'
    """
    return _MARKED.sub(r"\1", json.dumps(_marked(value), **form))


def as_utf8(content: bytes) -> bytes:
    """Give the bytes of a JSON text as UTF-8 without a byte order mark.

    Raises:
        ValueError: when they are no text.
    """
    return content.decode(json.detect_encoding(content)).encode()


def _number(text: str) -> float:
    number = float(text)
    return number if repr(number) == text else Exact(text)


def _read(text: str, integer: Callable[[str], float]) -> Any:
    try:
        return json.loads(text, parse_float=_number, parse_int=integer, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _integer(text: str) -> float:
    return Exact(text) if text == "-0" or len(text) > _MOST_DIGITS else int(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")


def _marked(value: Any) -> Any:
    if isinstance(value, Exact):
        return f"\0{value.text}\0"
    if isinstance(value, dict):
        return {name: _marked(one) for name, one in value.items()}
    return [_marked(one) for one in value] if isinstance(value, list) else value
