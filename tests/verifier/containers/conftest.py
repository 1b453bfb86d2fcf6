"""A real engine, real images, and a small HTTP server that tells from inside what it may do."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from command_line import Sagapact
from patience import PATIENCE_S
from saga_verifier.isolation import Health, Spec
from saga_verifier.isolation.container.backend import ContainerIsolation
from saga_verifier.isolation.container.hardening import Limits
from saga_verifier.isolation.container.run import Settings
from saga_verifier.isolation.container.running import ContainerRunning
from saga_verifier.isolation.container.spec import ContainerSpec
from saga_verifier.isolation.engine import Engine
from saga_verifier.isolation.engine.owner import RUN_LABEL

SERVER = """
import http.server, json, os, pathlib, socket, subprocess, sys, threading, time, urllib.parse

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        try:
            answer, status = getattr(self, "get_" + url.path.strip("/"))(**dict(urllib.parse.parse_qsl(url.query))), 200
        except Exception as error:
            answer, status = f"{type(error).__name__}: {error}", 500
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def get_health(self):
        return "ok"

    def get_env(self):
        return dict(os.environ)

    def get_user(self):
        return os.getuid()

    def get_write(self, path):
        return pathlib.Path(path).write_text("written")

    def get_read(self, path):
        return pathlib.Path(path).read_text()

    def get_print(self, text, times="1"):
        for _ in range(int(times)):
            print(text)
        sys.stdout.flush()

    def get_connect(self, host, port):
        with socket.create_connection((host, int(port)), 2):
            return "connected"

    def get_chown(self, path):
        pathlib.Path(path).write_text("mine")
        os.chown(path, 0, 0)

    def get_run(self, words):
        done = subprocess.run(json.loads(words), capture_output=True, text=True, timeout=20)
        return [done.returncode, done.stdout + done.stderr]

    def get_threads(self, count):
        for _ in range(int(count)):
            threading.Thread(target=time.sleep, args=(5,), daemon=True).start()

    def get_end(self, status):
        os._exit(int(status))

    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def pacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pacts that the owner's contract tests write."""
    folder = tmp_path_factory.mktemp("pacts")
    tests = ROOT / "contracts/sagas/vas_purchase"
    command = [sys.executable, "-m", "saga_e2e.stage.contract_tests", str(os.getpid()), str(folder), str(tests)]
    path = os.pathsep.join(one for one in sys.path if one)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


@pytest.fixture(scope="session")
def spec() -> Spec:
    return Spec("server", (), env={"PORT": "{port}"}, health=Health("/health", 2 * PATIENCE_S), stop_timeout_s=2)


@pytest.fixture(scope="session")
def small(base: str) -> ContainerSpec:
    """The small server as a container."""
    return ContainerSpec(base, command=("python3", "-u", "-c", SERVER), limits=Limits(memory_mb=128, processes=40))


@pytest.fixture(scope="session")
def settings(base: str) -> Settings:
    return Settings(forwarder_image=base)


@pytest.fixture
def started(spec: Spec, small: ContainerSpec, settings: Settings) -> Iterator[ContainerRunning]:
    with ContainerIsolation({"server": small}, settings).start(spec) as running:
        yield running


class Failing:
    """Starts a script that does not become a ready server."""

    def __init__(self, spec: Spec, container: ContainerSpec, settings: Settings) -> None:
        self._spec, self._container, self.settings = spec, container, settings

    def start(self, script: str, *, timeout_s: float = 40.0, **changes: Any) -> None:
        container = replace(self._container, command=("python3", "-u", "-c", script), **changes)
        spec = replace(self._spec, health=Health("/health", timeout_s))
        ContainerIsolation({"server": container}, self.settings).start(spec)


@pytest.fixture
def failing(spec: Spec, small: ContainerSpec, settings: Settings, tmp_path: Path) -> Failing:
    return Failing(spec, small, replace(settings, log_folder=tmp_path / "logs"))


def get(running: ContainerRunning, path: str, /, **query: object) -> Any:
    """Ask the small server; give what it answers."""
    answer = httpx.get(
        f"{running.base_url}/{path}", params={name: str(value) for name, value in query.items()}, trust_env=False, timeout=30
    )
    return answer.json()


@pytest.fixture
def ask() -> Callable[..., Any]:
    return get


@pytest.fixture
def mine(engine: Engine) -> Callable[[], list[str]]:
    """Gives every object at the engine that this test process has made and not removed."""
    me = f'"pid": {os.getpid()}'

    def give() -> list[str]:
        listed = [*engine.containers(RUN_LABEL), *engine.networks(RUN_LABEL), *engine.volumes(RUN_LABEL)]
        return [name for name, labels in listed if me in labels.get("sagapact.owner", "")]

    return give
