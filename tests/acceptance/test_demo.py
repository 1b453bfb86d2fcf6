"""The demo tells its story to the end, and leaves nothing behind when it is killed."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from command_line import ROOT
from patience import PATIENCE_S, unless
from repetitions import times

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KILLS = times(2)
LONGEST_RUN_S = 20.0
DEMO = [sys.executable, "-m", "saga_contracts", "demo", "--out"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = tmp_path_factory.mktemp("demo") / "out"
    done = subprocess.run([*DEMO, str(out)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=400)
    return done, out


@pytest.mark.xdist_group("demo")
def test_the_demo_ends_as_told(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = demo

    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything ended as told" in done.stdout
    assert done.stderr == ""


@pytest.mark.xdist_group("demo")
def test_billing_breaks_exactly_its_null_compensation(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    report = json.loads((demo[1] / "report.json").read_text())
    billing = {one["version"]: one for one in report["providers"] if one["provider"] == "billing"}

    assert {version: one["verdict"] for version, one in billing.items()} == {"1.0.0": "kept", "1.1.0": "broken", "1.1.1": "kept"}
    (pact,) = billing["1.1.0"]["pacts"]
    (deck,) = pact["decks"]
    # Nothing is remembered of what was answered 404, so the forward call that follows it has its effect (O9).
    assert [name for name, verdict in deck["obligations"].items() if verdict == "broken"] == ["O8", "O9"]
    broken = [one["word"] for one in deck["histories"] if one["verdict"] == "broken"]
    assert broken == [one["word"] for one in deck["histories"] if one["word"].startswith("C") and "two sagas" not in one["word"]]


@pytest.mark.xdist_group("demo")
def test_both_gates_say_yes_then_no_with_saga_step_obligation_version_and_mend_then_yes(
    demo: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    first, second, third = json.loads((demo[1] / "report.json").read_text())["gates"]

    assert [gate["can_run"]["canRun"] for gate in (first, second, third)] == [True, False, True]
    assert [gate["can_i_deploy"][0]["deployable"] for gate in (first, second, third)] == [True, False, True]
    (reason,) = [one for one in second["can_run"]["reasons"] if one["obligation"] == "O8"]
    assert (reason["step"], reason["participant"], reason["version"]) == ("reserve_money", "billing", "1.1.0")
    assert "vas_purchase" in reason["text"]
    assert reason["mend"]


@pytest.mark.xdist_group("demo")
def test_every_scenario_of_the_demo_is_kept(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    scenarios = json.loads((demo[1] / "report.json").read_text())["scenarios"]

    assert {one["verdict"] for one in scenarios} == {"kept"}
    assert {one["outcome"] for one in scenarios} == {"committed", "compensated", "escalated"}


@pytest.mark.xdist_group("demo")
def test_the_output_has_no_colours_when_it_is_no_terminal(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    assert "\x1b[" not in demo[0].stdout


@pytest.mark.parametrize("seed", range(KILLS))
def test_killing_the_top_process_leaves_no_process_and_no_port(seed: int, tmp_path: Path) -> None:
    command = f"exec {' '.join(DEMO)} {tmp_path / 'out'}"
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"demo:\n\t@{command}\n")
    part_s = LONGEST_RUN_S / KILLS
    moment_s = 0.5 + (seed + random.Random(seed).random()) * part_s
    top = subprocess.Popen(
        ["make", "-f", str(makefile), "demo"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    unless(lambda: top.poll() is not None, moment_s)

    top.send_signal(signal.SIGKILL)
    top.wait()

    assert unless(lambda: not belonging_to(tmp_path), PATIENCE_S), [one.cmdline() for one in belonging_to(tmp_path)]


def belonging_to(folder: Path) -> list[psutil.Process]:
    """Every process that runs in the folder, was started with it in its command line, or has it in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [process.cwd(), *process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(folder) in text for text in told) and process.pid != os.getpid():
            found.append(process)
    return found
