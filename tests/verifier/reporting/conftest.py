"""A pact with a deck, and the provider files of the small participant, in a folder of the test's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Sagapact
from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga
from small_participant import SAGA
from small_participant import __file__ as program


@pytest.fixture(scope="session")
def pact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pact with the stock."""
    folder = tmp_path_factory.mktemp("recording")
    saga = parse_saga(SAGA, "small.yaml")
    recording = Recording(folder / "run")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    (outcome,) = recording.finish(folder / "pacts")
    return next(path for path in outcome.files if "stock" in path.name)


@pytest.fixture
def provider(tmp_path: Path) -> Callable[[str], Path]:
    """Write the provider file of a stock with a defect; none is a right one."""

    def write(wrong: str = "") -> Path:
        file = tmp_path / "provider.yaml"
        command = json.dumps(["{python}", str(program), "{port}", *wrong.split()])
        file.write_text(f"format: 1\nprovider: stock\nstart: {{command: {command}}}\nstates: {{path: /_states}}\n")
        return file

    return write


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    """The command, run in the test's own folder."""
    return Sagapact(tmp_path)
