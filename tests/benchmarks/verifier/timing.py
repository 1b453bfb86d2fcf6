"""Times whole commands: the verifier's, and Pact's plain verifier against a provider that runs already."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.verifier.subjects import Subject

from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import load_provider_file

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Figure:
    """How long one command took.

    Attributes:
        load: The machine's load average at its end.
    """

    name: str
    seconds: float
    load: float


def plain(subject: Subject) -> Figure:
    """Time Pact's own verifier, as its users run it.

    Raises:
        RuntimeError: when it does not keep the pact.
    """
    spec = load_provider_file(subject.provider).spec()
    with ProcessIsolation().start(spec) as running:
        return _timed("plain verifier", ["-m", "tests.benchmarks.verifier.plain", running.base_url, str(subject.pact)])


def verified(name: str, subject: Subject, *words: str) -> Figure:
    """Time `sagapact verify`.

    Raises:
        RuntimeError: when the provider is not kept.
    """
    command = ["-m", "saga_contracts", "verify", str(subject.provider), "--pact", str(subject.pact), *words]
    return _timed(name, command)


def _timed(name: str, words: list[str]) -> Figure:
    began = time.perf_counter()
    env = {**os.environ, "PACT_DO_NOT_TRACK": "true"}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    took = time.perf_counter() - began
    if done.returncode != 0:
        msg = f"{name} ended with status {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return Figure(name, round(took, 3), round(os.getloadavg()[0], 2))
