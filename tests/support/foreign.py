"""Foreign systems for tests: small services in other styles and languages, each declared as it is (`tests/foreign/NAME`).

A test writes the pacts of the system's saga by the step client library, and has `sagapact verify` start the service and judge it.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import Sagapact
from saga_contracts.derive import cases, client_cases
from saga_contracts.derive.cases import Case
from saga_contracts.derive.client_cases import ClientCase
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga

FOREIGN = Path(__file__).parents[1] / "foreign"
_OBLIGATION = re.compile(r"^ +(broken|waived|unproven): (O\d+) ", re.MULTILINE)


@dataclass(frozen=True)
class Judged:
    """What `sagapact verify` said of a system.

    Attributes:
        status: The exit status.
        text: All that it said.
        obligations: The verdict of each obligation that is not kept.
    """

    status: int
    text: str
    obligations: dict[str, str]

    @property
    def broken(self) -> set[str]:
        """The obligations that are not kept."""
        return {name for name, verdict in self.obligations.items() if verdict == "broken"}


def need(program: str) -> None:
    """Skip a test, aloud, where a program is missing that its system is run by."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed, so the systems written for it are not run")


def compile_go(folder: Path, cache: Path) -> None:
    """Compile a system that is written in Go before its start is timed: the first time takes as long as all of Go's library."""
    command = ["go", "build", "-o", os.devnull, "."]
    subprocess.run(command, cwd=folder, env={**os.environ, "GOCACHE": str(cache)}, check=True)


def write_pacts(system: str, folder: Path, leave_out: str = "") -> Path:
    """Run every contract test of a system's saga with the step client library; give the folder of the pacts.

    Args:
        system: Its folder's name.
        folder: Where to write.
        leave_out: What of the saga file is left out, as a regular expression.
    """
    text = re.sub(leave_out, "", (FOREIGN / system / "saga.yaml").read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    saga, recording = parse_saga(text, f"{system}/saga.yaml"), Recording(folder / "recording")
    derived: list[Case | ClientCase] = [*cases.derive(saga), *client_cases.derive(saga)]
    for case in derived:
        exercise(saga, case, library_client, recording, source="library")
    recording.finish(folder / "pacts")
    return folder / "pacts"


def verify(system: str, pacts: Path, folder: Path, mutant: str = "") -> Judged:
    """Have the real command start and judge a system."""
    done = Sagapact(folder)("verify", FOREIGN / system / "provider.yaml", "--pact", pacts, "--no-publish", MUTANT=mutant)
    return Judged(done.status, done.text, {name: verdict for verdict, name in _OBLIGATION.findall(done.text)})
