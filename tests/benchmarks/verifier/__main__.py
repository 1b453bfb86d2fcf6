"""Measures what a verification costs, beside Pact's plain verifier in the same run: see `--help`.

python -m tests.benchmarks.verifier [--interactions 500] [--steps 10] [--faults 2] [--limit 0.2] [--json FILE]
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.ratios import Ratio, exit_status, ratio_table
from tests.benchmarks.verifier import subjects
from tests.benchmarks.verifier.timing import Figure, plain, verified

HELP = """Wall times of whole commands, start of the provider included. Ends with status 1 when the interactions take more than
--limit times as long as with Pact's plain verifier, which is given the same provider and the same pact; seconds are only told,
since they depend on the machine."""


def main() -> int:
    """Measure, print, judge."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="sagapact-benchmark-") as name:
        figures = list(_measured(given, Path(name)))
    for one in figures:
        sys.stdout.write(f"{one.name}: {one.seconds:.2f} s, load average {one.load:.1f}\n")
    by_name = {one.name: one.seconds for one in figures}
    judged = [_ratio("interactions, in units of the plain verifier", by_name, "interactions", "plain verifier")]
    told = [
        _ratio("deck, many histories at once, in units of one by one", by_name, "deck", "deck, one by one"),
        _ratio("deck again, unchanged, in units of the first run", by_name, "deck again", "deck"),
        _ratio("callbacks awaited at once, in units of one by one", by_name, "callbacks", "callbacks, one by one"),
    ]
    sys.stdout.write(ratio_table("judged", judged, given.limit))
    sys.stdout.write(ratio_table("told", told, float("inf")))
    if given.json is not None:
        document = {"figures": [asdict(one) for one in figures], "ratios": [asdict(one) for one in (*judged, *told)]}
        given.json.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return exit_status(judged, given.limit)


def _measured(given: argparse.Namespace, folder: Path) -> list[Figure]:
    """Measure in pairs, so that both of a pair meet the same machine."""
    items = subjects.items(folder / "items", given.interactions)
    steps, called_back = subjects.long_saga(folder / "steps", given.steps), subjects.called_back(folder / "callback")
    faults, kept = ("--faults", str(given.faults)), ("--reuse", str(folder / "results"))
    return [
        plain(items),
        verified("interactions", items),
        verified("deck, one by one", steps, *faults, "--jobs", "1"),
        verified("deck", steps, *faults, *kept),
        verified("deck again", steps, *faults, *kept),
        verified("callbacks, one by one", called_back, *faults, "--jobs", "1"),
        verified("callbacks", called_back, *faults),
    ]


def _ratio(name: str, by_name: dict[str, float], one: str, other: str) -> Ratio:
    return Ratio(name, round(by_name[one] / by_name[other], 3))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.verifier", description=HELP)
    parser.add_argument("--interactions", type=int, default=500, help="ordinary interactions; default 500")
    parser.add_argument("--steps", type=int, default=10, help="steps of the saga; default 10")
    parser.add_argument("--faults", type=int, default=2, help="faults in one history; default 2")
    parser.add_argument("--limit", type=float, default=0.2, help="largest judged ratio that is allowed; default 0.2")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.pop("SAGAPACT_CACHE", None)
    sys.exit(main())
