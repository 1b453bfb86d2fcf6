"""The reference sagas' own contract tests pass, and no obligation that contracts can hold is missing from their pacts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import ROOT, Sagapact
from saga_contracts.sagafile import load_saga

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
EVERY = sorted(path.parent for path in (ROOT / "contracts/sagas").glob("*/saga.yaml"))
SAGAS = [folder for folder in EVERY if load_saga(folder / "saga.yaml").steps]


def test_there_are_three_reference_sagas_with_steps_and_two_with_events() -> None:
    assert [folder.name for folder in SAGAS] == ["shop_order", "user_registration", "vas_purchase"]
    assert [folder.name for folder in EVERY if folder not in SAGAS] == ["food_delivery", "user_registration_by_events"]


@pytest.mark.parametrize("folder", SAGAS, ids=lambda folder: str(folder.name))
def test_a_reference_saga_is_covered_by_its_contract_tests(folder: Path, sagapact: Sagapact, tmp_path: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--import-mode=importlib", "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", *options, "--pacts", str(tmp_path / "pacts"), str(folder)]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    covered = sagapact(
        "contracts", "coverage", folder / "saga.yaml", "--pacts", tmp_path / "pacts", "--threshold", "100", "--json"
    )

    assert done.returncode == 0, done.stdout
    assert covered.status == 0, covered.text
    cells = json.loads(covered.out)["cells"]
    assert cells
    assert [cell for cell in cells if cell["state"] == "missing"] == []
