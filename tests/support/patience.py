"""How tests wait: for a condition, and far longer than it takes, so that a busy machine fails nothing.

A bound here is there against hanging, and never a fact: what is to be quick is measured in `tests/benchmarks`.
"""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE_S = 60.0
"""What is waited for comes within a second or two on a quiet machine; with other work beside it, still long before this."""

_LOOK_AGAIN_S = 0.01


def wait_until(holds: Callable[[], Found | None], seconds: float = PATIENCE_S) -> Found:
    """Wait until a condition holds and give what it said; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain for {seconds:g} s"
        time.sleep(_LOOK_AGAIN_S)
    return found


def unless(holds: Callable[[], object], seconds: float) -> bool:
    """Let a time pass, unless a condition holds before; says whether it does."""
    deadline = time.monotonic() + seconds
    while not (found := bool(holds())) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_S)
    return found
