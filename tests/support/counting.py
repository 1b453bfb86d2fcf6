"""A measure of work that no load of the machine changes: how many functions it calls."""

import sys
from collections.abc import Callable
from types import FrameType


class TooManyCallsError(Exception):
    """A work went on for longer than it may."""


def calls_of(work: Callable[[], object], most: int | None = None) -> int:
    """Count the functions that a work calls.

    Raises:
        TooManyCallsError: when there are more than `most`.
    """
    count = 0

    def called(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")
        if most is not None and count > most:
            sys.setprofile(before)
            raise TooManyCallsError(f"more than {most} calls")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
