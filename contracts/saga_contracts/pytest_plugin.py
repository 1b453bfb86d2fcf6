"""The pytest plugin: finds the tests of sagas, gives them their recording, and writes the pact files when the run is over.

Works with pytest-xdist: the workers share the folder that the controlling process made. A run without sagas loads nothing.
"""

import asyncio
import inspect
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saga_contracts.exercise.recording import Outcome, Recording

_FOLDER = pytest.StashKey[Path]()
_OUTCOMES: "pytest.StashKey[list[Outcome]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--pacts`."""
    group = parser.getgroup("sagapact", "contracts of sagas")
    told = "where the pact files are written, from the folder in which pytest was started (default: build/pacts)"
    group.addoption("--pacts", default="build/pacts", metavar="DIR", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run, or take the one that the controlling process made."""
    given = getattr(config, "workerinput", {}).get("sagapact_folder")
    config.stash[_FOLDER] = Path(given) if given else Path(tempfile.mkdtemp(prefix="sagapact-"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of this run; it was made here."""
    if not hasattr(config, "workerinput") and _FOLDER in config.stash:
        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the folder to a worker of pytest-xdist."""
    node.workerinput["sagapact_folder"] = str(node.config.stash[_FOLDER])


def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, obj: Any) -> None:
    """Note what the tests of a module are there for, also of those that pytest does not take for tests."""
    for declared in _declared(obj):
        _recording(collector.config).expect(declared.saga, declared.names, declared.optional)


@pytest.hookimpl
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Run a client with `async` that no other plugin runs."""
    if not any(_declared(pyfuncitem.obj)) or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: value for name, value in pyfuncitem.funcargs.items() if name in names}))
    return True


@pytest.fixture(scope="session")
def sagapact_recording(pytestconfig: pytest.Config) -> "Recording":
    """Where the exercised cases are recorded."""
    return _recording(pytestconfig)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the pact files; a saga with a case that no test exercised makes the run fail."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly or not any(config.stash[_FOLDER].iterdir()):
        return
    outcomes = _recording(config).finish(_target(config))
    config.stash[_OUTCOMES] = outcomes
    lost = any(outcome.faults or (outcome.missing and not _narrowed(config)) for outcome in outcomes)
    if lost and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was recorded."""
    outcomes = config.stash.get(_OUTCOMES, [])
    if not outcomes:
        return
    terminalreporter.section("sagapact")
    for outcome in outcomes:
        for line in _told(outcome, _target(config)):
            terminalreporter.line(line)


def _told(outcome: "Outcome", target: Path) -> "Iterator[str]":
    for fault in outcome.faults:
        yield f"{outcome.saga}: {fault}"
    if outcome.missing:
        yield f"{outcome.saga}: no pact written, {len(outcome.missing)} cases were not exercised:"
        yield from (f"  {name}" for name in outcome.missing)
    elif outcome.files:
        yield f"{outcome.saga}: {len(outcome.exercised)} cases exercised; pacts written:"
        yield from (f"  {path}" for path in outcome.files)
    if not outcome.files and target.exists():
        yield f"  What {target} holds of it stays as it was."
    for path in outcome.left_over:
        yield f"  {path} holds contracts of it that no case asks for any more. Remove the file if nobody needs it."


def _declared(obj: Any) -> "Iterator[Any]":
    """Give what a test, or the tests of a class, are there for."""
    decorated = sys.modules.get("saga_contracts.exercise.decorated")
    if decorated is None:
        return
    try:
        members = list(vars(obj).values()) if inspect.isclass(obj) else [obj]
        functions = [getattr(one, "__func__", one) for one in members]
        found = [getattr(one, decorated.ATTRIBUTE, None) for one in functions]
    except Exception:  # noqa: BLE001  (modules hold objects that allow no look at them, and are no tests)
        return
    yield from (one for one in found if isinstance(one, decorated.Declared))


def _recording(config: pytest.Config) -> "Recording":
    from saga_contracts.exercise.recording import Recording  # noqa: PLC0415  (a run without sagas loads nothing)

    return Recording(config.stash[_FOLDER])


def _target(config: pytest.Config) -> Path:
    """Give where the pact files go: a folder of whoever started pytest, wherever pytest found its root."""
    return Path(config.invocation_params.dir, config.getoption("--pacts"))


def _narrowed(config: pytest.Config) -> bool:
    """Did the user choose some tests only?"""
    option = config.option
    chosen = option.keyword or option.markexpr or getattr(option, "lf", False) or getattr(option, "deselect", None)
    return bool(chosen) or any("::" in argument for argument in config.args)
