"""How many jobs three workers do beside one, in one run on this machine.

    PYTHONPATH=tests/support python -m tests.benchmarks.jobs [--jobs 60] [--json FILE]

The provider is a small real HTTP server, so what is measured is the way of a job: taken, laid out, a process, a provider, told.
What fails is a ratio: three workers must do more than one, as far as this machine has cores for them.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from fleet import Fleet, fleet
from patience import wait_until
from saga_broker.client.jobs import JobRecord

PATIENCE_S = 3600.0
_LEAST = 0.8
"""Three workers on one core are no quicker than one; they must not be much slower."""


def measured(workers: int, jobs: int) -> float:
    """Give how many jobs a number of workers does in a second."""
    with tempfile.TemporaryDirectory() as name, fleet(Path(name)) as made:
        made.broker()
        providers = 5
        for provider in range(providers):
            made.announce(f"provider-{provider}")
        for number in range(jobs):
            made.publish(f"consumer-{number // providers}", f"provider-{number % providers}")
        began = time.monotonic()
        for number in range(workers):
            made.worker(number)
        ended = wait_until(lambda: _ended(made, jobs), PATIENCE_S)
        took_s = time.monotonic() - began
        assert {one.verdict for one in ended} == {"kept"}
    return jobs / took_s


def _ended(made: Fleet, count: int) -> list[JobRecord]:
    found = [one for one in made.jobs() if one.state in {"done", "failed"}]
    return found if len(found) == count else []


def main() -> int:
    """Measure and tell; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    one, three = measured(1, wanted.jobs), measured(3, wanted.jobs)
    cores = os.cpu_count() or 1
    told = f"{wanted.jobs} jobs on {cores} cores: 1 worker {one:.2f} a second, 3 workers {three:.2f}"
    sys.stdout.write(f"{told}, {three / one:.2f} times as many\n")
    if wanted.json:
        wanted.json.write_text(json.dumps({"jobs": wanted.jobs, "one": one, "three": three, "cores": cores}))
    least = _LEAST if cores < 2 else 1.0
    return 0 if three / one >= least else 1


if __name__ == "__main__":
    sys.exit(main())
