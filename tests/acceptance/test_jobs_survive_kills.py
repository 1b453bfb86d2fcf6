"""Workers and the broker are killed at random, and each job has its result exactly once."""

import random
import sqlite3
from collections import Counter
from pathlib import Path

import psutil
import pytest

from fleet import Fleet, fleet
from patience import unless, wait_until
from repetitions import NIGHTLY

PROVIDERS, CONSUMERS = (10, 20) if NIGHTLY else (4, 3)
KILLS = 40 if NIGHTLY else 4
LEASE_S = 2.0
PATIENCE_S = 3000.0 if NIGHTLY else 300.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(int(PATIENCE_S) + 60)]


def test_each_job_has_its_result_exactly_once_whoever_is_killed(tmp_path: Path) -> None:
    dice = random.Random(2026)
    with fleet(tmp_path, lease_s=LEASE_S) as made:
        broker = made.broker()
        workers = {number: made.worker(number) for number in range(3)}
        for provider in range(PROVIDERS):
            made.announce(f"provider-{provider}")
        for provider in range(PROVIDERS):
            for consumer in range(CONSUMERS):
                made.publish(f"consumer-{consumer}", f"provider-{provider}", "/" if consumer else "/wrong")
        wait_until(lambda: len(made.jobs()) == PROVIDERS * CONSUMERS)
        for kill in range(KILLS):
            _let_some_end(made, dice.uniform(0.5, 2.5))
            if kill % 4 == 3:
                made.kill(broker)
                broker = made.broker()
            else:
                number = dice.randrange(3)
                made.kill(workers[number])
                workers[number] = made.worker(number)
        wait_until(lambda: all(one.state in {"done", "failed"} for one in made.jobs()), PATIENCE_S)
        jobs = made.jobs()
    expected = {"done kept": PROVIDERS * (CONSUMERS - 1), "done broken": PROVIDERS}
    assert Counter(f"{one.state} {one.verdict}" for one in jobs) == expected, [one for one in jobs if one.state == "failed"]
    assert _results(tmp_path) == {1: PROVIDERS * CONSUMERS}
    assert _providers_left(tmp_path) == []


def _let_some_end(made: Fleet, seconds: float) -> None:
    unless(lambda: all(one.state in {"done", "failed"} for one in made.jobs()), seconds)


def _results(folder: Path) -> Counter[int]:
    """Tell how many results there are how often, by contract and provider version."""
    connection = sqlite3.connect(folder / "broker.sqlite")
    try:
        query = "SELECT count(*) FROM verifications GROUP BY content_id, provider_version_id"
        return Counter(count for (count,) in connection.execute(query))
    finally:
        connection.close()


def _providers_left(folder: Path) -> list[str]:
    """Name programs of providers that are still there, once they had time to go."""

    def left() -> list[str]:
        every = psutil.process_iter(["cmdline", "cwd"])
        return [str(one.info["cmdline"]) for one in every if str(one.info["cwd"]).startswith(str(folder))]

    unless(lambda: not left(), 30)
    return left()
