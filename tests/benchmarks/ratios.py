"""What benchmarks are judged by: a ratio of two figures that one run has taken, so that the machine does not count."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much one thing costs as another."""

    name: str
    ratio: float


def ratio_table(title: str, found: Sequence[Ratio], limit: float) -> str:
    """Write ratios in lines; those above the limit are marked."""
    width = max((len(one.name) for one in found), default=0)
    lines = [f"{one.name.ljust(width)} {one.ratio:8.2f}{'  above the limit' if one.ratio > limit else ''}" for one in found]
    return "\n".join([title, *lines, ""])


def exit_status(found: Sequence[Ratio], limit: float) -> int:
    """Give 1 when a ratio is above the limit, and 0 otherwise."""
    return int(any(one.ratio > limit for one in found))
