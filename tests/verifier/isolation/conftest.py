"""A real program to isolate: a small HTTP server in a script, and helpers to look at processes and ports."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from patience import PATIENCE_S, wait_until
from saga_verifier.isolation import Health, ProcessIsolation, Spec

SERVER = """
import http.server, json, os, pathlib, signal, subprocess, sys, urllib.parse

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]

class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        answer = getattr(self, "get_" + url.path.strip("/"))(**query)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def get_health(self):
        return "ok"

    def get_env(self):
        return dict(os.environ)

    def get_write(self, text):
        return pathlib.Path("data.txt").write_text(text)

    def get_read(self):
        return pathlib.Path("data.txt").read_text()

    def get_print(self, text):
        print(text, flush=True)

    def get_spawn(self):
        near = subprocess.Popen(SLEEP)
        far = subprocess.Popen(SLEEP, start_new_session=True)
        return [near.pid, far.pid]

    def log_message(self, *args):
        pass

class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = "--no-reuse" not in sys.argv

if "--deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """Give the script of the small server."""
    script = tmp_path / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    return script


@pytest.fixture
def spec(server: Path) -> Callable[..., Spec]:
    """Give a function that makes a spec of the small server."""

    def make(*arguments: str, name: str = "small", **fields: Any) -> Spec:
        env = {"PORT": "{port}", **fields.pop("env", {})}
        return Spec(name, ("{python}", "-S", str(server), *arguments), env=env, **fields)

    return make


@pytest.fixture
def failing() -> Callable[..., Spec]:
    """Give a function that makes a spec of Python code that is no server."""

    def make(code: str, name: str = "failing", timeout_s: float = PATIENCE_S, **fields: Any) -> Spec:
        health = Health("/health", timeout_s)
        return Spec(
            name, ("{python}", "-S", "-c", code), env={"PORT": "{port}", **fields.pop("env", {})}, health=health, **fields
        )

    return make


@pytest.fixture
def isolation(tmp_path: Path) -> ProcessIsolation:
    """Give the backend of processes, with its directories under the test's own."""
    folder = tmp_path / "isolated"
    folder.mkdir()
    return ProcessIsolation(folder=folder)


@pytest.fixture
def get() -> Iterator[Callable[[str], Any]]:
    """Give a function that reads JSON from a URL."""
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
        yield lambda url: client.get(url).raise_for_status().json()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Give a function that waits until something is true."""

    return wait_until


@pytest.fixture
def lives() -> Callable[[int], bool]:
    """Give a function that tells whether a process runs (a zombie does not)."""

    def look(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return look


def parents_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.parents()
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def descendants() -> Iterator[Callable[[], list[psutil.Process]]]:
    """List what came from this process during a test; what an older one starts is another matter."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    def look() -> list[psutil.Process]:
        found = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
        return [child for child in found if not any(parent.pid in before for parent in parents_of(child))]

    yield look
    assert look() == [], "a test left processes behind"


@pytest.fixture
def python_environment() -> dict[str, str]:
    """Give the environment in which a script can import what this test can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
