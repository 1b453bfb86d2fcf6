"""Writes the figures as a table and as JSON, and compares the two sizes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from tests.benchmarks.broker.measuring import Figure
from tests.benchmarks.ratios import Ratio

_COLUMNS = (
    ("per_second", "1/s"),
    ("p50_ms", "p50 ms"),
    ("p95_ms", "p95 ms"),
    ("cpu_ms", "CPU ms"),
    ("database_ms", "db ms"),
    ("sender_ms", "sender ms"),
    ("memory_mib", "MiB"),
    ("peak_mib", "peak MiB"),
    ("load", "load"),
    ("kib", "KiB"),
)


def table(title: str, figures: Sequence[Figure]) -> str:
    """Write figures in lines."""
    width = max((len(figure.name) for figure in figures), default=0)
    lines = [title, "".ljust(width) + "".join(heading.rjust(11) for _, heading in _COLUMNS)]
    for figure in figures:
        values = asdict(figure)
        lines.append(figure.name.ljust(width) + "".join(f"{values[name]:g}".rjust(11) for name, _ in _COLUMNS))
    return "\n".join([*lines, ""])


def ratios(short: Sequence[Figure], long: Sequence[Figure]) -> list[Ratio]:
    """Compare what requests of a kind cost on a short and on a long history: processor time of broker and database together.

    A list without pages grows with what it lists: there, the cost of a byte is compared.
    """
    before = {figure.name: figure for figure in short}
    return [
        Ratio(after.name, round(_cost(after) / _cost(before[after.name]) / _grown(before[after.name], after), 2))
        for after in long
        if after.name in before and after.is_judged
    ]


def document(database: str, sizes: Mapping[str, Sequence[Figure]], found: Sequence[Ratio]) -> str:
    """Write everything as JSON."""
    whole = {
        "database": database,
        "sizes": {name: [asdict(figure) for figure in figures] for name, figures in sizes.items()},
        "ratios": [asdict(one) for one in found],
    }
    return json.dumps(whole, indent=2)


def _cost(figure: Figure) -> float:
    return max(figure.cpu_ms + figure.database_ms, 0.01)


def _grown(before: Figure, after: Figure) -> float:
    return max(1.0, after.kib / before.kib) if before.kib else 1.0
