"""What is verified: 500 ordinary interactions, a saga of ten steps, a step that calls back; each with its provider file."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.verifier.steps import saga as steps_of

from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga

ROOT = Path(__file__).parents[3]
SAGA = ROOT / "contracts/sagas/vas_purchase/saga.yaml"
CALLED_BACK = ROOT / "e2e/participants/vas_packages/provider.yaml"
_STEPS = Path(__file__).with_name("steps.py")
_ITEMS = Path(__file__).with_name("items.py")


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider file, and the pact with its provider."""

    provider: Path
    pact: Path


def items(folder: Path, count: int) -> Subject:
    """Give ordinary interactions, each with a state of its own."""
    folder.mkdir()
    pact = {
        "consumer": {"name": "shop"},
        "provider": {"name": "items"},
        "interactions": [_interaction(number) for number in range(count)],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    (folder / "pact.json").write_text(json.dumps(pact), encoding="utf-8")
    return Subject(_provider_file(folder, "items", ["{python}", str(_ITEMS), "{port}"]), folder / "pact.json")


def long_saga(folder: Path, steps: int) -> Subject:
    """Give a saga of so many steps at one participant."""
    folder.mkdir()
    saga = folder / "saga.yaml"
    saga.write_text(steps_of(steps), encoding="utf-8")
    return Subject(_provider_file(folder, "stock", ["{python}", str(_STEPS), "{port}"]), _pact_of(saga, "stock", folder))


def called_back(folder: Path) -> Subject:
    """Give the reference participant that accepts its work and calls back."""
    folder.mkdir()
    return Subject(CALLED_BACK, _pact_of(SAGA, "vas_packages", folder))


def _pact_of(file: Path, provider: str, folder: Path) -> Path:
    saga = parse_saga(file.read_text(encoding="utf-8"), str(file))
    recording = Recording(folder / "run")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    (outcome,) = recording.finish(folder / "pacts")
    return next(path for path in outcome.files if path.stem.endswith(provider))


def _interaction(number: int) -> dict[str, Any]:
    name = f"name {number}"
    return {
        "type": "Synchronous/HTTP",
        "key": f"item-{number}",
        "description": f"reads item {number}",
        "providerStates": [{"name": "an item", "params": {"id": number, "name": name}}],
        "request": {"method": "GET", "path": f"/items/{number}"},
        "response": {
            "status": 200,
            "headers": {"Content-Type": ["application/json"]},
            "body": {"content": {"id": str(number), "name": name}, "contentType": "application/json", "encoded": False},
        },
    }


def _provider_file(folder: Path, name: str, command: list[str]) -> Path:
    file = folder / "provider.yaml"

    written = {
        "format": 1,
        "provider": name,
        "start": {"command": command, "pass_env": ["PATH"]},
        "health": {"path": "/health"},
        "states": {"path": "/_states"},
        "artefact": {"globs": [os.path.relpath(Path(__file__).parent / "*.py", folder)]},
    }
    file.write_text(json.dumps(written), encoding="utf-8")
    return file
