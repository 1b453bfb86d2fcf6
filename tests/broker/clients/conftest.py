"""Real clients of a Pact Broker, run as their users run them: in processes of their own, without the caller's environment."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S
from postgres import KINDS
from repetitions import NIGHTLY

BIN = Path(sys.executable).parent
MakePact = Callable[..., dict[str, Any]]


@pytest.fixture(params=KINDS if NIGHTLY else KINDS[:1])
def database_url(request: pytest.FixtureRequest, fresh_database: Callable[[str], AbstractContextManager[str]]) -> Iterator[str]:
    """A fresh database: SQLite, at night PostgreSQL, too; that the broker answers alike on both, the tests of its API show."""
    with fresh_database(request.param) as url:
        yield url


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered.

    Attributes:
        status: Its exit status.
        text: What it wrote, both streams, with every run of white space as one blank.
        out: Its standard output as it was written.
    """

    status: int
    text: str
    out: str

    def json(self) -> Any:
        """Read the JSON that stands in the output, behind any lines that tell of progress."""
        return json.loads(self.out[self.out.index("{") :])


def run(folder: Path, *words: str, **env: str) -> Said:
    """Run the real `pact` command."""
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), "PACT_DO_NOT_TRACK": "true", **env}
    command = [str(BIN / "pact"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=known)
    return Said(done.returncode, " ".join((done.stdout + done.stderr).split()), done.stdout)


class PactBroker:
    """The real `pact broker` command, against one broker."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder

    def __call__(self, *words: str, status: int = 0, folder: Path | None = None, **env: str) -> Said:
        """Run a subcommand; its exit status must be the given one."""
        known = {"PACT_BROKER_BASE_URL": self._url, "PACT_BROKER_HTTP_RETRIES": "0", **env}
        said = run(folder or self._folder, "broker", *words, **known)
        assert said.status == status, f"pact broker {' '.join(words)}: {said.status}\n{said.text}"
        return said


@pytest.fixture
def run_pact() -> Callable[..., Said]:
    return run


@pytest.fixture
def pact_broker(broker: Any, tmp_path: Path) -> PactBroker:
    folder = tmp_path / "cli"
    folder.mkdir()
    return PactBroker(broker.url, folder)


@pytest.fixture
def write_pact(tmp_path: Path, make_pact: MakePact) -> Callable[..., str]:
    """Write the file of a small pact into `pacts`; gives its path."""
    folder = tmp_path / "pacts"
    folder.mkdir()

    def written(consumer: str, provider: str, *descriptions: str) -> str:
        path = folder / f"{consumer}-{provider}.json"
        path.write_text(json.dumps(make_pact(consumer, provider, *descriptions)))
        return str(path)

    return written


class Provider:
    """A small real provider: each request is kept, and answered with 200 and its JSON body, for broken paths with 500.

    The first segment of a path names the run that asks, so that several runs can be told apart.
    """

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.body: dict[str, Any] = {}
        self._received: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                run_name, _, path = self.path.removeprefix("/").partition("/")
                provider._received.append((run_name, path))
                self.send_response(500 if path in provider.broken else 200)
                content = json.dumps(provider.body).encode()
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def received(self, run_name: str) -> list[str]:
        """Give the paths that a run asked for, in alphabetical order."""
        return sorted(path for name, path in self._received if name == run_name)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def publish_paths(broker: Any) -> Callable[..., Any]:
    """Publish a pact with one GET interaction for each path."""

    def published(consumer: str, number: str, *paths: str, to: str = "Shelf", **fields: Any) -> Any:
        interactions = [
            {"description": path, "request": {"method": "GET", "path": f"/{path}"}, "response": {"status": 200}} for path in paths
        ]
        document = {
            "consumer": {"name": consumer},
            "provider": {"name": to},
            "interactions": interactions,
            "metadata": {"pactSpecification": {"version": "2.0.0"}},
        }
        return broker.publish(consumer, number, (to, document), **fields)

    return published


@pytest.fixture(scope="session")
def pact_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Run pact-python's verifier, which lives in a process of its own until the last test is over."""
    home = tmp_path_factory.mktemp("pact-python")
    reading, writing = os.pipe()
    words = [sys.executable, str(Path(__file__).parent / "pact_python_verifier.py"), str(writing)]
    env = {"HOME": str(home), "PACT_DO_NOT_TRACK": "true"}
    with (home / "output").open("w") as output, os.fdopen(reading, encoding="utf-8") as answers:
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=output, stderr=output, text=True, env=env, pass_fds=(writing,)
        )
        os.close(writing)

        def verified(run: dict[str, Any]) -> dict[str, Any]:
            assert process.stdin is not None
            process.stdin.write(json.dumps(run) + "\n")
            process.stdin.flush()
            line = answers.readline()
            assert line, f"pact-python's verifier has ended: {(home / 'output').read_text()[-4000:]}"
            answer: dict[str, Any] = json.loads(line)
            return answer

        try:
            yield verified
            process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
            process.wait()
