"""JSON whose numbers come back as they were written: `1563454500.123456789` and `1E+400` stay what they are (pure).

Bytes may begin with a byte order mark, or be UTF-16, as .NET and PowerShell write them.
"""

import json
import re
from typing import Any

_MARKED = re.compile(r'"\\u0000([-+.0-9eE]+)\\u0000"')


class Exact(float):
    """A number that Python would write in another way than it was read."""

    def __init__(self, text: str) -> None:
        self.text = text


def loads(text: str | bytes) -> Any:
    """Read JSON.

    Raises:
        ValueError: when it is none; `NaN` and `Infinity` are none, though Python reads them.
    """
    try:
        return json.loads(text, parse_float=_number, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


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


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")


def _marked(value: Any) -> Any:
    if isinstance(value, Exact):
        return f"\0{value.text}\0"
    if isinstance(value, dict):
        return {name: _marked(one) for name, one in value.items()}
    return [_marked(one) for one in value] if isinstance(value, list) else value
