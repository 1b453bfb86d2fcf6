"""Measures whether a landscape in containers starts side by side: all its services together against one of them alone.

    python -m tests.benchmarks.containers [--limit 1]

Seconds until all are healthy. Ends with status 1 when starting them together takes longer than starting that many one after the
other would; needs a Docker engine, and builds the images when they are not there.
"""

import argparse
import sys
import time

from tests.benchmarks.ratios import Ratio, exit_status, ratio_table

from saga_e2e.stage.broker_program import broker_spec
from saga_e2e.stage.containers import container_isolation
from saga_e2e.stage.images import Images
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.topology import Topology
from saga_verifier.isolation.engine import Engine

LAND = reference_landscape()
ONE = "billing"


def together_s() -> tuple[float, int]:
    """Give the seconds until all services and a broker are healthy, and how many they are."""
    saga = LAND.saga()
    with container_isolation(LAND.services(saga), broker=True) as isolation:
        began = time.monotonic()
        with Topology(LAND, saga, isolation=isolation, beside=[broker_spec()]) as started:
            return time.monotonic() - began, len(started.all_names)


def alone_s() -> float:
    """Give the seconds until one service is healthy on a network of its own."""
    service = LAND.services(LAND.saga())[ONE]
    with container_isolation({ONE: service}) as isolation:
        began = time.monotonic()
        with isolation.start(service.spec()):
            return time.monotonic() - began


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.containers")
    parser.add_argument("--limit", type=float, default=1.0, help="largest ratio that is allowed; default 1")
    given = parser.parse_args()
    with Engine() as engine:
        images = Images(engine)
        for build in (images.base, images.postgres, *(lambda name=name: images.image(name) for name in ("landscape", "broker"))):
            build()
    (together, count), alone = together_s(), alone_s()
    sys.stdout.write(f"{count} services together: {together:.1f} s; {ONE} alone: {alone:.1f} s\n")
    found = [Ratio("together", round(together / (count * alone), 2))]
    sys.stdout.write(ratio_table("in units of one after the other", found, given.limit))
    return exit_status(found, given.limit)


if __name__ == "__main__":
    sys.exit(main())
