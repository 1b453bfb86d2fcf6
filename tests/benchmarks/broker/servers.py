"""Starts a broker in a process of its own, on SQLite or on a PostgreSQL cluster of its own, and reads what they use."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil
import psycopg

POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda path: int(path.parent.name))
_SETTINGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=128MB -c max_connections=50"


@dataclass(frozen=True, slots=True)
class Used:
    """What the broker and its database have used so far: processor time in seconds, memory in MiB."""

    broker_s: float
    database_s: float
    memory_mib: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Running:
    """A broker that serves.

    Attributes:
        port: Where it listens, on the loopback address.
        process: Its process.
        postmaster: PostgreSQL's first process; None on SQLite.
    """

    port: int
    process: psutil.Process
    postmaster: psutil.Process | None

    def used(self) -> Used:
        """Read what was used so far."""
        status = Path(f"/proc/{self.process.pid}/status")
        high = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii")) if status.exists() else None
        now = self.process.memory_info().rss / 2**20
        return Used(_seconds(self.process), self._database_s(), now, int(high.group(1)) / 1024 if high else now)

    def _database_s(self) -> float:
        if self.postmaster is None:
            return 0.0
        return sum(_seconds(one) for one in [self.postmaster, *self.postmaster.children()] if one.is_running())


@contextmanager
def database(kind: str, folder: Path, *, lasting: bool = True) -> Iterator[tuple[str, psutil.Process | None]]:
    """Give the address of an empty database, `sqlite` or `postgresql`, and PostgreSQL's first process.

    A PostgreSQL that is not lasting forces nothing to the disk: for tests, which measure nothing.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder}/broker.sqlite", None
        return
    with _cluster("" if lasting else " -c fsync=off") as (address, process):
        yield address, process


@contextmanager
def broker(database_url: str, log: Path, postmaster: psutil.Process | None = None) -> Iterator[Running]:
    """Serve a broker until the end of the block; what it logs goes to a file, as it would in production."""
    words = [str(Path(sys.executable).parent / "sagapact"), "broker", "serve", "--port", "0", "--database-url", database_url]
    with log.open("ab") as written:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=written, text=True)
    try:
        yield Running(_announced_port(process.stdout, log), psutil.Process(process.pid), postmaster)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _announced_port(output: IO[str] | None, log: Path) -> int:
    line = output.readline() if output else ""
    found = re.search(r":(\d+)\s*$", line)
    if found is None:
        raise SystemExit(f"the broker did not start: {log.read_text(encoding='utf-8')[-2000:]}")
    return int(found.group(1))


def _seconds(process: psutil.Process) -> float:
    """Give the processor time of all threads: by nanoseconds where the kernel tells, else by hundredths of a second."""
    try:
        told = [file.read_text(encoding="ascii") for file in Path(f"/proc/{process.pid}/task").glob("*/schedstat")]
        return sum(int(one.split()[0]) for one in told) / 1e9
    except (OSError, IndexError):
        times = process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def _cluster(more: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run a PostgreSQL; root may not, so that the user `postgres` then does."""
    if POSTGRES is None:
        msg = "PostgreSQL is not installed (Debian: apt-get install postgresql); measure with --database sqlite"
        raise SystemExit(msg)
    owner = "postgres" if os.getuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="sagapact-postgres-"))
    if owner:
        shutil.chown(home, owner)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *words: str) -> None:
        command = [str(POSTGRES / program), *words]
        done = subprocess.run(command, capture_output=True, text=True, user=owner, cwd=home, check=False)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)

    data = str(home / "data")
    try:
        run("initdb", "-D", data, "-U", "broker", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "-D", data, "-l", str(home / "log"), "-o", f"{_SETTINGS} -c port={port}{more}", "-w", "start")
        address = f"postgresql://broker@127.0.0.1:{port}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE broker")
        first = int((home / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        yield f"{address}/broker", psutil.Process(first)
    finally:
        if (home / "data" / "postmaster.pid").exists():
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(home)
