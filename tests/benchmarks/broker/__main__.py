"""Measures what the broker's requests cost, on a short and on a long history: see `--help`.

python -m tests.benchmarks.broker [--database sqlite|postgresql] [--sizes a,b] [--limit 3] [--json FILE]
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.broker import bulk, by_api, report
from tests.benchmarks.broker.history import SIZES, Size
from tests.benchmarks.broker.measuring import Figure, measure, measure_routes
from tests.benchmarks.broker.servers import broker, database
from tests.benchmarks.ratios import exit_status, ratio_table

HELP = """Sizes: (a) 10 consumers with 200 versions each, (b) 200 pacticipants with 50,000 versions and 1,000,000 results.
First every route that reads is asked, then what builds ask most and what they write.
Ends with status 1 when a request costs more than --limit times as much on (b) as on (a): the cost must not grow with history."""


def main() -> int:
    """Measure, print, judge."""
    given = _arguments()
    sizes = [SIZES[name] for name in given.sizes.split(",")]
    figures = {size.name: _measured(given, size) for size in sizes}
    found = report.ratios(figures["a"], figures["b"]) if {"a", "b"} <= figures.keys() else []
    if found:
        _say(ratio_table("cost on (b) in units of (a)", found, given.limit))
    if given.json is not None:
        given.json.write_text(report.document(given.database, figures, found), encoding="utf-8")
    return exit_status(found, given.limit)


def _measured(given: argparse.Namespace, size: Size) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="sagapact-benchmark-"))
    try:
        with database(given.database, folder) as (url, postmaster):
            _load(url, size, folder / "broker.log", over_http=given.over_http)
            with broker(url, folder / "broker.log", postmaster) as running:
                routes, unknown = measure_routes(running, size, given.only)
                figures = [*routes, *measure(running, size, given.requests, given.runs, given.only)]
    finally:
        shutil.rmtree(folder)
    for path in unknown:
        _say(f"not asked, since its variables are not known here: {path}")
    _say(report.table(f"{given.database}, size {size.name}; load average {os.getloadavg()[0]:.2f}", figures))
    return figures


def _load(url: str, size: Size, log: Path, *, over_http: bool) -> None:
    begun = time.perf_counter()
    if over_http:
        with broker(url, log) as running:
            by_api.load(running.port, size)
        counted = "by requests"
    else:
        rows = bulk.load(url, size)
        counted = ", ".join(
            f"{rows[table]} {table}" for table in ("pacticipants", "versions", "publications", "contents", "verifications")
        )
    _say(f"size {size.name}: {counted} in {time.perf_counter() - begun:.1f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.broker", description=HELP)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--sizes", default="a,b", help=f"of {', '.join(SIZES)}; default a,b")
    parser.add_argument("--requests", type=int, default=500, help="requests in a run of the cheapest kind; default 500")
    parser.add_argument("--runs", type=int, default=3, help="runs of each kind, of which the best counts; default 3")
    parser.add_argument("--only", help="measure only the kinds whose name contains this")
    parser.add_argument("--limit", type=float, default=3.0, help="largest ratio (b)/(a) that is allowed; default 3")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--over-http", action="store_true", help="make the history by requests instead of straight in the tables")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
