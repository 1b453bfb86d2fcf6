"""The pytest plugin: gives tests their recording, and writes the pact files when the run is over.

Works with pytest-xdist: the workers share the folder that the controlling process made.
"""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from saga_contracts.exercise.recording import Outcome, Recording

_FOLDER = pytest.StashKey[Path]()
_OUTCOMES: "pytest.StashKey[list[Outcome]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--pacts`."""
    group = parser.getgroup("sagapact", "contracts of sagas")
    group.addoption(
        "--pacts", default="build/pacts", metavar="DIR", help="where the pact files are written (default: build/pacts)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run, or take the one that the controlling process made."""
    given = getattr(config, "workerinput", {}).get("sagapact_folder")
    config.stash[_FOLDER] = Path(given) if given else Path(tempfile.mkdtemp(prefix="sagapact-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the folder to a worker of pytest-xdist."""
    node.workerinput["sagapact_folder"] = str(node.config.stash[_FOLDER])


@pytest.fixture(scope="session")
def sagapact_recording(pytestconfig: pytest.Config) -> "Recording":
    """Where the exercised cases are recorded."""
    from saga_contracts.exercise.recording import Recording  # noqa: PLC0415  (a run without sagas loads nothing)

    return Recording(pytestconfig.stash[_FOLDER])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the pact files; a saga with a case that no test exercised makes the run fail."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    folder = config.stash[_FOLDER]
    if any(folder.iterdir()):
        from saga_contracts.exercise.recording import Recording  # noqa: PLC0415

        outcomes = Recording(folder).finish(Path(config.rootpath, config.getoption("--pacts")))
        config.stash[_OUTCOMES] = outcomes
        if any(outcome.missing for outcome in outcomes) and session.exitstatus == pytest.ExitCode.OK and not _narrowed(config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was recorded."""
    outcomes = config.stash.get(_OUTCOMES, [])
    if not outcomes:
        return
    terminalreporter.section("sagapact")
    for outcome in outcomes:
        if outcome.missing:
            terminalreporter.line(f"{outcome.saga}: no pact written, {len(outcome.missing)} cases were not exercised:")
            for name in outcome.missing:
                terminalreporter.line(f"  {name}")
        else:
            terminalreporter.line(f"{outcome.saga}: {outcome.exercised} cases exercised; pacts written:")
            for path in outcome.files:
                terminalreporter.line(f"  {path}")


def _narrowed(config: pytest.Config) -> bool:
    """Did the user choose some tests only?"""
    chosen = config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False)
    return bool(chosen) or any("::" in argument for argument in config.args)
