"""Brokers as processes of their own, as an operator runs them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from patience import PATIENCE_S

BIN = Path(sys.executable).parent
ACCEPT = "application/hal+json, application/json"


class Process:
    """`sagapact broker serve`, with its log in a file."""

    def __init__(self, database_url: str, log: Path, *options: str, prefix: Sequence[str] = (), **env: str) -> None:
        self.log = log
        known = {"PATH": os.environ["PATH"], "SAGAPACT_DATABASE_URL": database_url, **env}
        words = [*prefix, str(BIN / "sagapact"), "broker", "serve", "--port", "0", *options]
        with log.open("a") as written:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=written, text=True, env=known, cwd=log.parent)
        self.url = ""
        self.said: list[str] = []  # before it was ready
        self.http = httpx.Client()

    def await_ready(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        while line and not line.startswith("broker ready at http://"):
            self.said.append(line)
            line = self.process.stdout.readline()
        assert line, f"{self.said}{self.log.read_text()}"
        self.url = line.split()[-1]
        self.http.close()
        self.http = httpx.Client(base_url=self.url, headers={"Accept": ACCEPT}, trust_env=False, timeout=60)

    def fresh(self) -> httpx.Client:
        """A client with connections of its own, which any of several processes may get."""
        return httpx.Client(base_url=self.url, headers={"Accept": ACCEPT}, trust_env=False, timeout=60)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What the log says until now."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def end(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)


StartProcess = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartProcess]:
    """Start brokers as processes; `wait=False` returns at once, for several that start at the same moment."""
    started: list[Process] = []

    def process(database_url: str, *options: str, wait: bool = True, **more: Any) -> Process:
        made = Process(database_url, tmp_path / f"broker-{len(started)}.log", *options, **more)
        started.append(made)
        if wait:
            made.await_ready()
        return made

    yield process
    for one in started:
        one.end()
