"""Starting participants as real processes, the way their own provider files say, each with a database of its own."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml

import patience
from patience import PATIENCE_S
from postgres import Cluster, cluster_of, else_on_sqlite, new_cluster
from saga_verifier.isolation.process.ports import Reservation

PARTICIPANTS = Path(__file__).parents[3] / "e2e" / "participants"
PR_SET_PDEATHSIG = 1


class Participant:
    """One running participant. `call` returns (status, body); every call carries correlation headers."""

    def __init__(self, name: str, workdir: Path, extra: Mapping[str, str]) -> None:
        self.provider = yaml.safe_load((PARTICIPANTS / name / "provider.yaml").read_text())
        self.workdir = workdir
        self.extra = dict(extra)
        self.log = workdir / "log"
        self.start()

    def start(self) -> None:
        with Reservation() as kept:
            self.port = kept.port
            self._start(self.provider["start"])

    def _start(self, start: Mapping[str, Any]) -> None:
        environment = {name: os.environ[name] for name in start["pass_env"] if name in os.environ}
        environment |= {name: self._filled(text) for name, text in start["env"].items()} | self.extra
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._filled(word) for word in start["command"]],
                cwd=PARTICIPANTS / self.provider["provider"] / start["cwd"],
                env=environment,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509  (no other thread runs in a test process while one starts)
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=PATIENCE_S)
        patience.wait_until(self._healthy)

    def _filled(self, text: str) -> str:
        return text.format(python=sys.executable, port=self.port, workdir=self.workdir)

    def _healthy(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"did not start: {self.log.read_text()}")
        try:
            return self.client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End the process as a power cut would, without any goodbye."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        self.process.terminate()
        return self._ended()

    def restart(self) -> None:
        self.kill()
        self.start()

    def _ended(self) -> int:
        self.client.close()
        try:
            self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode

    def send(self, method: str, path: str, key: str | None = None, body: object = None) -> httpx.Response:
        headers = {"Saga-Id": "saga-1", "Saga-Step": "step-1"} | ({"Idempotency-Key": key} if key else {})
        return self.client.request(method, path, headers=headers, json=body)

    def call(self, method: str, path: str, key: str | None = None, body: object = None) -> tuple[int, Any]:
        response = self.send(method, path, key, body)
        return response.status_code, response.json() if response.content else None

    def state(self, name: str, /, **params: object) -> None:
        assert self.call("POST", "/_states", body={"state": name, "params": params})[0] == 200


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Receiver:
    """A saga service's callback address: answers what it is told to, keeps what it got."""

    url: str
    answers: list[int] = field(default_factory=list)  # the status of the next calls; 204 when there is none left
    got: Queue[tuple[str, Mapping[str, str], bytes]] = field(default_factory=Queue)

    def next(self, seconds: float = PATIENCE_S) -> tuple[str, Mapping[str, str], bytes]:
        return self.got.get(timeout=seconds)


Start = Callable[..., Participant]
Databases = Callable[[Path], dict[str, str]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    else_on_sqlite(metafunc)


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> Databases:
    """One fresh database for each folder: a file in it, as the provider files say, or a database of a PostgreSQL server."""
    return databases_of(cluster_of(request.config)) if request.param == "postgresql" else lambda _: {}


def databases_of(cluster: Cluster) -> Databases:
    made: dict[Path, str] = {}

    def variables(workdir: Path) -> dict[str, str]:
        return {"DATABASE_URL": made.get(workdir) or made.setdefault(workdir, cluster.database(workdir.name))}

    return variables


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, database: Databases) -> Iterator[Start]:
    """Start participants by name, with extra environment; the same `workdir` gives the same database."""
    with starting(tmp_path_factory, database) as start_one:
        yield start_one


@contextmanager
def starting(folders: pytest.TempPathFactory, database: Databases) -> Iterator[Start]:
    started: list[Participant] = []

    def start_one(name: str, workdir: Path | None = None, **extra: str) -> Participant:
        folder = workdir or folders.mktemp(name)
        participant = Participant(name, folder, database(folder) | extra)
        started.append(participant)
        return participant

    yield start_one
    for participant in started:
        participant.stop()


@pytest.fixture(scope="module")
def stoppable() -> Iterator[Cluster]:
    """A PostgreSQL server that a test may stop."""
    cluster = new_cluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def start_on_stoppable(tmp_path_factory: pytest.TempPathFactory, stoppable: Cluster) -> Iterator[Start]:
    """Start participants as `start` does, with databases of the server that may be stopped."""
    with starting(tmp_path_factory, databases_of(stoppable)) as start_one:
        yield start_one


@pytest.fixture(scope="module")
def fresh() -> Callable[[str], str]:
    """Give names that no other test of this module uses."""
    numbers = count(1)
    return lambda kind: f"{kind}-{next(numbers)}"


@pytest.fixture(scope="module")
def wait_until() -> Callable[..., None]:
    return patience.wait_until


@pytest.fixture(scope="module")
def together() -> Iterator[Callable[..., list[Any]]]:
    """Run the given calls side by side and give their results in the order of the calls."""
    with ThreadPoolExecutor(16) as pool:

        def run(*calls: Callable[[], Any]) -> list[Any]:
            return [future.result(timeout=PATIENCE_S) for future in [pool.submit(call) for call in calls]]

        yield run


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(taken.answers.pop(0) if taken.answers else 204)
            self.end_headers()
            taken.got.put((self.path, dict(self.headers), body))

        def log_message(self, *_args: object, **_named: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()
