"""From a call that the saga file does not declare to its record, with the texts by which it is seen whose it is (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from saga_e2e.proxy.shapes import Incoming
from saga_e2e.proxy.trace import Stray

LONGEST_NAME = 300
MOST_NAMES = 500


def stray_of(call: Incoming, differs: str, at_ms: float, status: int | None) -> Stray:
    """Record a call.

    Args:
        call: As it came.
        differs: What it comes nearest to, and where it differs.
        at_ms: When it came.
        status: What it was answered; None when there was no answer.
    """
    names = (name for name, _ in zip(_texts(call), range(MOST_NAMES), strict=False) if 0 < len(name) <= LONGEST_NAME)
    return Stray(at_ms, call.target, call.line, differs, status, frozenset(names))


def _texts(call: Incoming) -> Iterator[str]:
    yield from (unquote(part) for part in call.path.split("/"))
    yield from call.headers.values()
    yield from (value for _, value in call.query)
    yield from _in_body(call.body)


def _in_body(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _in_body(member)
    elif isinstance(value, list):
        for member in value:
            yield from _in_body(member)
