"""The wheel that `make wheel` leaves, installed into an environment of its own, as a user does it who has no checkout.

What the wheel asks for is installed once, into `build/`, and kept while it asks for the same; the wheel itself is installed anew
when anything in it has changed. All tests of a run, and all its workers, share one environment for each extra.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from command_line import ROOT, Done

BUILD = ROOT / "build"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python"]
INSTALL = ["install", "--quiet", "--no-compile"]
TIMEOUT_S = 400


@dataclass(frozen=True)
class Environment:
    """A virtual environment with nothing in it but the wheel and what it asks for."""

    folder: Path

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.folder / "bin"

    @property
    def variables(self) -> dict[str, str]:
        """Give the environment variables of somebody who has activated it; nothing of the test run or of a CI is left."""
        ours = ("PYTEST_", "SAGAPACT_", "PYTHON", "GITHUB_", "CI_", "GIT_", "COV_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}

    def run(self, *words: str | Path, cwd: Path) -> Done:
        """Run a program of the environment, or of the machine, in a folder."""
        command = [shutil.which(words[0], path=self.variables["PATH"]) or str(words[0]), *map(str, words[1:])]
        done = subprocess.run(
            command, cwd=cwd, env=self.variables, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def sagapact(self, *words: str | Path, cwd: Path) -> Done:
        """Run `sagapact …` in a folder."""
        return self.run("sagapact", *words, cwd=cwd)


@cache
def installed(extra: str = "[all]") -> Environment:
    """Give an environment with the wheel of this checkout, one of its extras, and nothing else."""
    BUILD.mkdir(exist_ok=True)
    with _alone(), tempfile.TemporaryDirectory() as out:
        wheel = _built(Path(out))
        pins, wanted = _pins(), _asked_for(wheel)
        name = f"environment-{extra.strip('[]') or 'base'}"
        folder = BUILD / f"{name}-{hashlib.sha256(f'{sys.version}{pins}{wanted}'.encode()).hexdigest()[:16]}"
        if not (folder / "complete").exists():
            for old in BUILD.glob(f"{name}-*"):
                shutil.rmtree(old)
            _make(folder, pins, f"{wheel}{extra}")
        _bring_up_to_date(folder, wheel)
    return Environment(folder)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep the other workers, and other runs in this checkout, out."""
    with (BUILD / "environments.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _built(out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return wheel


def _make(folder: Path, pins: str, wanted: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (folder / "pins.txt").write_text(pins, encoding="utf-8")
    subprocess.run([*PIP, str(folder), *INSTALL, "-c", str(folder / "pins.txt"), wanted], check=True, capture_output=True)
    (folder / "complete").touch()


def _bring_up_to_date(folder: Path, wheel: Path) -> None:
    """Install the wheel anew, unless this very one is there: other workers may be using it."""
    sha, mark = hashlib.sha256(wheel.read_bytes()).hexdigest(), folder / "wheel.sha256"
    if mark.exists() and mark.read_text(encoding="utf-8") == sha:
        return
    command = [*PIP, str(folder), *INSTALL, "--no-deps", "--force-reinstall", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    mark.write_text(sha, encoding="utf-8")


def _pins() -> str:
    found = re.findall(r"^([a-zA-Z0-9._-]+==[^ \\]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return "\n".join(found)


def _asked_for(wheel: Path) -> list[str]:
    """Give what the wheel asks for, in the words of its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    return [line for line in lines if line.startswith(("Requires-", "Provides-Extra"))]
