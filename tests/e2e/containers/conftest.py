"""A real engine, our images, and the command line with what it makes at the engine."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from patience import wait_until
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.engine.owner import NAME_LABEL, OWNER_LABEL, RUN_LABEL


@pytest.fixture(scope="session")
def every_image(image_of: Callable[[str], str]) -> None:
    """Builds the images that a landscape with a broker needs, so that no test measures or kills a build."""
    for name in ("base", "postgres", "landscape", "broker"):
        image_of(name)


class Started:
    """A command that runs, with what it says in a file."""

    def __init__(self, engine: Engine, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self._engine, self.process, self._output = engine, process, output

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return self._output.read_text(encoding="utf-8")

    def containers(self, name: str = "") -> list[str]:
        """Give the ids of its containers, those with a name only."""
        listed = self._engine.containers(RUN_LABEL)
        return [one for one, labels in listed if self._made(labels) and name in ("", labels[NAME_LABEL])]

    def left(self) -> list[str]:
        """Give all that it has at the engine."""
        engine = self._engine
        listed = (*engine.containers(RUN_LABEL), *engine.networks(RUN_LABEL), *engine.volumes(RUN_LABEL))
        return [one for one, labels in listed if self._made(labels)]

    def wait_for(self, holds: Callable[[], object], seconds: float = 240) -> None:
        """Wait until something holds; fail at once when the command ends before."""

        def held() -> object:
            assert self.process.poll() is None, self.said
            return holds()

        wait_until(held, seconds)

    def _made(self, labels: object) -> bool:
        assert isinstance(labels, dict)
        return bool(json.loads(labels.get(OWNER_LABEL, "{}")).get("pid") == self.process.pid)


@pytest.fixture
def starting(engine: Engine, tmp_path: Path) -> Callable[..., object]:
    """Starts a command in a folder of its own; it is ended when the block ends."""

    @contextmanager
    def start(*words: str, **env: str) -> Iterator[Started]:
        output = tmp_path / "said"
        with output.open("wb") as file:
            command = [sys.executable, "-m", "saga_contracts", *words]
            process = subprocess.Popen(
                command, cwd=tmp_path, env=os.environ | env, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )
        try:
            yield Started(engine, process, output)
        finally:
            process.kill()
            process.wait()

    return start
