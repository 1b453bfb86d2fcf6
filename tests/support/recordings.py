"""Where the recorded answers of the Pact Broker are, and what is said when they are not there.

They are kept outside of this repository. Without them the broker's conformance tests are left out, which the end of each run says
aloud; on a build server (`CI=true`) a run that should have them fails at once.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "SAGAPACT_CONFORMANCE"
REPOSITORY = Path(__file__).resolve().parents[2]
NEEDED_BY = REPOSITORY / "tests" / "broker" / "conformance"


def folder() -> Path:
    """Give the folder of the recordings, whether it exists or not."""
    return Path(os.environ.get(VARIABLE) or REPOSITORY.parent / "shared" / "conformance")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a run on a build server that would leave the conformance tests out."""
    if os.environ.get("CI") == "true" and not folder().is_dir() and _are_named(config):
        msg = f"the recordings of the Pact Broker are missing at {folder()}: name their folder in {VARIABLE}"
        raise pytest.UsageError(msg)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what is left out."""
    if not folder().is_dir():
        text = f"warning: the broker's conformance tests are left out, no recordings at {folder()} ({VARIABLE})"
        terminalreporter.write_line(text, yellow=True)


def _are_named(config: pytest.Config) -> bool:
    """Tell whether the tests that need the recordings are among those of the command line."""
    for argument in config.args:
        named = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if named == NEEDED_BY or NEEDED_BY in named.parents or named in NEEDED_BY.parents:
            return True
    return False
