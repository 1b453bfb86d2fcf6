"""Camunda 7 takes the same diagram and runs it as it is meant, compensations included."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from repetitions import NIGHTLY

CAMUNDA = Path(__file__).with_name("camunda")
DIAGRAM = Path(__file__).with_name("vas_purchase.bpmn")
BEGUN = "reserve_money apply_vas+create_packages"
PURCHASES = {
    "none=odd": f"{BEGUN} notify -> committed",
    "reserve_money=insufficient_funds": "reserve_money -> never_begun",
    "reserve_money=unclear": "reserve_money cancel_reservation -> compensated",
    "apply_vas=user_blocked": f"{BEGUN} remove_packages cancel_reservation -> compensated",
    "create_packages=unclear": f"{BEGUN} remove_packages withdraw_services cancel_reservation -> compensated",
    "create_packages=unclear,remove_packages=stuck": (
        f"{BEGUN} remove_packages withdraw_services cancel_reservation tell_owner -> escalated"
    ),
    "notify=user_not_told": f"{BEGUN} notify tell_owner -> escalated",
}

pytestmark = [
    pytest.mark.skipif(not NIGHTLY, reason="Camunda's engine is fetched for it: make nightly"),
    pytest.mark.skipif(
        shutil.which("mvn") is None or shutil.which("java") is None,
        reason="Maven or Java was not found, so Camunda does not run the diagram; install them (Debian: apt-get install maven).",
    ),
]


@pytest.mark.timeout(600)
def test_camunda_hands_out_the_tasks_of_the_diagram_and_those_that_undo_them_in_their_order(tmp_path: Path) -> None:
    listed = tmp_path / "classpath"
    words = ["mvn", "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={listed}"]
    subprocess.run(words, cwd=CAMUNDA, check=True)
    command = ["java", "-cp", listed.read_text(encoding="utf-8"), str(CAMUNDA / "Played.java"), str(DIAGRAM), *PURCHASES]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert dict(line.split(": ", 1) for line in done.stdout.splitlines()) == PURCHASES, done.stderr
