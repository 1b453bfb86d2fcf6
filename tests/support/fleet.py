"""A broker and workers as processes, as operators run them, which a test may kill at any moment and start again."""

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psutil

from patience import PATIENCE_S, wait_until
from saga_broker.client.jobs import JobRecord, JobsClient

SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        broken = self.path == "/wrong"
        body = b'{"ok": true}'
        self.send_response(500 if broken else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""A quick provider, which keeps every contract but those about /wrong."""


def provider_file(provider: str, **start: Any) -> str:
    """Give the provider file of the quick provider; JSON is YAML, too."""
    command = start.pop("command", ["{python}", "server.py", "{port}"])
    return json.dumps({"format": 1, "provider": provider, "start": {"command": command, **start}, "health": {"path": "/health"}})


def archive(**files: str) -> bytes:
    """Pack files."""
    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(text.encode())
            packed.addfile(member, BytesIO(text.encode()))
    return raw.getvalue()


def contract(consumer: str, provider: str, path: str = "/") -> bytes:
    """Give a contract with one interaction."""
    interaction = {"description": path, "request": {"method": "GET", "path": path}, "response": {"status": 200}}
    document = {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [interaction]}
    return json.dumps({**document, "metadata": {"pactSpecification": {"version": "2.0.0"}}}).encode()


@dataclass
class Fleet:
    """Processes in a folder.

    Attributes:
        folder: Where they write.
        database_url: The broker's.
        lease_s: Of the workers.
    """

    folder: Path
    database_url: str
    lease_s: float = 30.0
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    port: int = 0
    token: str | None = None
    """What this test shows the broker, once it asks for tokens."""

    @property
    def url(self) -> str:
        """Where the broker is, also after it was started again."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> JobsClient:
        """Give a client of the broker."""
        return JobsClient(self.url, token=self.token)

    def get(self, path: str, accept: str = "application/hal+json") -> httpx.Response:
        """Ask the broker."""
        headers = {"Accept": accept, **({} if self.token is None else {"Authorization": f"Bearer {self.token}"})}
        return httpx.get(f"{self.url}{path}", headers=headers, trust_env=False, timeout=PATIENCE_S)

    def broker(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start the broker, and wait until it answers."""
        self.port = self.port or _free_port()
        words = ("broker", "serve", "--port", str(self.port), "--job-lease", str(self.lease_s), "--log-level", "warning")
        made = self.start("broker", *words, *options)
        wait_until(lambda: made.poll() is not None or self._answers())
        assert made.poll() is None, self.log("broker")
        return made

    def worker(self, number: int, *options: str, **env: str) -> "subprocess.Popen[bytes]":
        """Start a worker."""
        return self.start(f"worker-{number}", "worker", "--broker-url", self.url, *options, **env)

    def start(self, name: str, *words: str, **env: str) -> "subprocess.Popen[bytes]":
        """Start a command."""
        known = {"PATH": os.environ["PATH"], "SAGAPACT_DATABASE_URL": self.database_url, "TMPDIR": str(self.folder)}
        known["SAGAPACT_WORK_DATABASE_URL"] = f"sqlite:///{self.folder}/work.sqlite"
        with (self.folder / f"{name}.log").open("ab") as log:
            made = subprocess.Popen(
                [sys.executable, "-m", "saga_contracts", *words], stdout=log, stderr=log, env={**known, **env}, cwd=self.folder
            )
        self.processes.append(made)
        return made

    def log(self, name: str) -> str:
        """Give what a process said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill a process, and only it."""
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)

    def announce(self, provider: str, version: str = "1", **fields: Any) -> None:
        """Announce a version of the quick provider."""
        content = fields.pop("provider_file", provider_file(provider))
        packed = fields.pop("archive", archive(server__py=SERVER))
        with self.client as client:
            client.announce(provider, version, content, branch="main", archive=packed, at_once=fields.pop("at_once", 4), **fields)

    def publish(self, consumer: str, provider: str, path: str = "/", version: str = "1") -> None:
        """Publish a contract."""
        with self.client as client:
            files = [(consumer, provider, contract(consumer, provider, path))]
            client.publish_contracts(consumer, version, branch="main", pact_files=files)

    def jobs(self) -> list[JobRecord]:
        """Give all jobs."""
        found: list[JobRecord] = []
        page = 1
        while True:
            answer = self.get(f"/jobs?page={page}&size=200").json()
            found += [JobRecord.model_validate(one) for one in answer["_embedded"]["jobs"]]
            if page >= answer["page"]["totalPages"]:
                return found
            page += 1

    def end(self) -> None:
        """End everything that is left."""
        left = [psutil.Process(one.pid) for one in self.processes if one.poll() is None]
        for one in self.processes:
            if one.poll() is None:
                one.terminate()
        _, alive = psutil.wait_procs(left, timeout=PATIENCE_S)
        for process in alive:
            process.kill()
        for one in self.processes:
            one.wait(PATIENCE_S)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/diagnostic/status/heartbeat", trust_env=False).is_success
        except httpx.TransportError:
            return False


@contextmanager
def fleet(folder: Path, database_url: str | None = None, **options: Any) -> Iterator[Fleet]:
    """Give a fleet, of which nothing is left at the end."""
    made = Fleet(folder, database_url or f"sqlite:///{folder}/broker.sqlite", **options)
    try:
        yield made
    finally:
        made.end()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
