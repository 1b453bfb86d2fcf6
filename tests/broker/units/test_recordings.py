"""That conformance tests are left out is never silent."""

import os
import subprocess
import sys

import pytest

from recordings import REPOSITORY, VARIABLE


def collect(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *words]
    known = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    return subprocess.run(command, cwd=REPOSITORY, env=known | env, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_any_run_without_the_recordings_says_so(workers: list[str]) -> None:
    done = collect(*workers, "tests/broker/units/test_content.py", **{VARIABLE: "/nowhere/at/all"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformance tests are left out, no recordings at /nowhere/at/all" in done.stdout


@pytest.mark.slow
def test_on_a_build_server_missing_recordings_fail_the_runs_that_should_have_them() -> None:
    for named, status in (("tests/broker", 4), ("tests/broker/conformance", 4), ("tests/broker/units/test_content.py", 0)):
        done = collect(named, **{VARIABLE: "/nowhere/at/all", "CI": "true"})
        assert done.returncode == status, done.stdout + done.stderr
        assert ("the recordings of the Pact Broker are missing" in done.stdout + done.stderr) == (status == 4)
