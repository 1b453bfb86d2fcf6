"""The benchmark itself: it runs, it tells what it measured, and it judges by a ratio of one run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_measures_the_verifier_beside_the_plain_one(tmp_path: Path) -> None:
    sizes = ("--interactions", "40", "--steps", "1", "--faults", "0", "--limit", "100")
    command = [sys.executable, "-m", "tests.benchmarks.verifier", *sizes, "--json", str(tmp_path / "out.json")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    figures = {one["name"]: one["seconds"] for one in document["figures"]}
    assert {"plain verifier", "interactions", "deck", "deck again", "callbacks"} <= set(figures)
    assert len(document["ratios"]) == 4
    assert figures["deck again"] < figures["deck"]  # nobody is started
