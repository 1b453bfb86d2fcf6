"""Pacts of a saga file, as the contract tests of its owner write them."""

from pathlib import Path

from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga


def pact_of(text: str, provider: str, folder: Path) -> Path:
    """Give the pact with one participant of a saga.

    Args:
        text: The saga file.
        provider: The participant.
        folder: An empty one to work in.
    """
    saga = parse_saga(text, "saga.yaml")
    recording = Recording(folder / "run")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    (outcome,) = recording.finish(folder / "pacts")
    return next(path for path in outcome.files if provider in path.name)
