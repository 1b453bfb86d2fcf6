"""Finds the recorded answers of the original; they are kept outside of this repository."""

import os
from pathlib import Path

import pytest

VARIABLE = "SAGAPACT_CONFORMANCE"
REPOSITORY = Path(__file__).parents[3]


def folder() -> Path:
    """Give the folder of the recordings, whether it exists or not."""
    return Path(os.environ.get(VARIABLE) or REPOSITORY.parent / "shared" / "conformance")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests out where there are no recordings; on a CI server that is an error."""
    own = [item for item in items if Path(__file__).parent in Path(item.path).parents]
    if not own or folder().is_dir():
        return
    if os.environ.get("CI") == "true":
        msg = f"the recordings of the Pact Broker are missing at {folder()}: name their folder in {VARIABLE}"
        raise pytest.UsageError(msg)
    items[:] = [item for item in items if item not in own]
    config.hook.pytest_deselected(items=own)


@pytest.fixture
def recordings() -> Path:
    return folder()
