"""The real command line, as its users run it, for tests."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from saga_contracts.cli import main

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 110


@dataclass(frozen=True)
class Done:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs."""
        return self.out + self.err


class Sagapact:
    """Runs `sagapact …` in a folder of its own; `timeout_s` is for what takes minutes."""

    def __init__(self, folder: Path, timeout_s: int = TIMEOUT_S) -> None:
        self.folder, self.timeout_s = folder, timeout_s

    def __call__(self, *words: str | Path, **env: str) -> Done:
        command = [sys.executable, "-m", "saga_contracts", *map(str, words)]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI_", "GIT_"))}
        done = subprocess.run(
            command, cwd=self.folder, env=environ | env, capture_output=True, text=True, timeout=self.timeout_s, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)


def here(*words: str | Path, **env: str) -> Done:
    """Run `sagapact …` in this process, which takes a fraction of the time: for tests in which the process is not the point."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["sagapact", *map(str, words)])
        for name, value in env.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())
