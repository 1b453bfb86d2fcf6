"""Fixtures of the acceptance tests."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from command_line import Sagapact
from patience import PATIENCE_S


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail when a process that was started during the test outlives it."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield
    left = [process for process in psutil.Process().children(recursive=True) if process.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=PATIENCE_S)
    assert not alive, [process.cmdline() for process in alive]


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens already."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]
