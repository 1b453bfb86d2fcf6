"""What a JSON value may be here, whoever sent it: so deep, so many values, numbers that every system reads (pure).

A value that passes can be walked, compared and written out without an overflow, whatever else it holds.
"""

import math
import sys
from typing import Any

from saga_contracts.declare.problems import Path, Problem

MAX_DEPTH = 50
"""Lists and objects within one another."""
MAX_VALUES = 100_000
"""Values of one document."""
_LARGEST = int(sys.float_info.max)


def fault_of(value: Any, most: int = MAX_VALUES) -> Problem | None:
    """Give the first thing that makes a value none that can be worked with, if there is one.

    Args:
        value: Any Python value that is to be a JSON value.
        most: How many values it may hold.
    """
    todo: list[tuple[Path, Any]] = [((), value)]
    count = 0
    while todo:
        path, current = todo.pop()
        count += 1
        fault = _own_fault(current) or (("too many values", f"at most {most}") if count > most else None)
        fault = fault or (("nested too deep", f"at most {MAX_DEPTH} levels") if len(path) > MAX_DEPTH else None)
        if fault:
            return Problem(path, f"This is {fault[0]} ({fault[1]}).", "Write it simpler.")
        todo += _members(path, current)
    return None


def is_number(value: float) -> bool:
    """Is it a number that every system reads: finite, and not beyond what a 64-bit float holds?"""
    return math.isfinite(value) if isinstance(value, float) else -_LARGEST <= value <= _LARGEST


def is_text(value: str) -> bool:
    """Is it made of whole characters?"""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def shortened(text: str, most: int = 200) -> str:
    """Give a text that may be quoted."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


def _members(path: Path, value: Any) -> list[tuple[Path, Any]]:
    if isinstance(value, dict):
        return [((*path, name), member) for name, member in value.items()]
    return [((*path, index), member) for index, member in enumerate(value)] if isinstance(value, list) else []


def _own_fault(value: Any) -> tuple[str, str] | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return None if is_number(value) else ("no number that every system reads", "finite, at most 1.8e308; or quote it")
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    if not all(isinstance(text, str) and is_text(text) for text in texts):
        return "no text", "keys are texts, and texts are of whole characters"
    return (
        None
        if isinstance(value, str | list | dict)
        else ("no JSON value", "an object, a list, a text, a number, true, false or null")
    )
