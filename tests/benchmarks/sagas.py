"""Measures how the work on a saga file grows with its steps: each kind of work on n steps and on 2n.

    python -m tests.benchmarks.sagas [--steps 60] [--limit 5]

Processor time of one process, the least of several runs. Ends with status 1 when twice the steps cost more than --limit times as
much. What is made may grow with the square of the steps (4), since each step's slice names the outputs of all before it; a cube
would be 8.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from tests.benchmarks.ratios import Ratio, exit_status, ratio_table

from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases, decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_contracts.show.draw import saga_svg

FILE = Path(__file__).parents[2] / "contracts/sagas/vas_purchase/saga.yaml"
RUNS = 3


def text_of(steps: int) -> str:
    """Give a saga file with so many steps: copies of the reference saga's first, each after the two before it."""
    whole = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    names = [f"step_{number}" for number in range(steps)]
    whole["steps"] = [
        {**whole["steps"][0], "step": name, "after": names[max(0, place - 2) : place]} for place, name in enumerate(names)
    ]
    return json.dumps(whole)


WORK: dict[str, Callable[[Saga], Any]] = {
    "decks": lambda saga: [decks.derive(step_slice(saga, step.step)) for step in saga.steps],
    "decks for three faults": lambda saga: [decks.derive(step_slice(saga, step.step), 3) for step in saga.steps],
    "contract cases": cases.derive,
    "drawing": saga_svg,
}
"""What is done with a saga that has been read."""


def measured(steps: int) -> dict[str, float]:
    """Give the seconds of each kind of work; each begins with a saga that remembers nothing."""
    text = text_of(steps)
    found = {"reading and checking": _least(lambda: None, lambda _: parse_saga(text, "long.json"))}
    return found | {name: _least(lambda: parse_saga(text, "long.json"), work) for name, work in WORK.items()}


def ratios(short: Mapping[str, float], long: Mapping[str, float]) -> list[Ratio]:
    """Compare the two sizes."""
    return [Ratio(name, round(long[name] / max(short[name], 1e-4), 2)) for name in short]


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sagas")
    parser.add_argument("--steps", type=int, default=60, help="the smaller saga's steps; default 60")
    parser.add_argument("--limit", type=float, default=5.0, help="largest ratio that is allowed; default 5")
    given = parser.parse_args()
    short, long = measured(given.steps), measured(2 * given.steps)
    for name, seconds in long.items():
        sys.stdout.write(f"{name}: {seconds:.3f} s for {2 * given.steps} steps\n")
    found = ratios(short, long)
    sys.stdout.write(ratio_table(f"cost of {2 * given.steps} steps in units of {given.steps}", found, given.limit))
    return exit_status(found, given.limit)


def _least(prepare: Callable[[], Any], work: Callable[[Any], Any]) -> float:
    return min(_seconds(prepare(), work) for _ in range(RUNS))


def _seconds(prepared: Any, work: Callable[[Any], Any]) -> float:
    began = time.process_time()
    work(prepared)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
