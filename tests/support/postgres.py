"""A private PostgreSQL cluster for a test session: real databases by URL, gone with the session, also when that is killed.

Each pytest process has at most one cluster, made when the first test asks for it. It listens on the loopback address only and
believes whoever comes from there; its data need not outlive the machine, so nothing is forced to the disk. PostgreSQL refuses to
run as root: then it runs as the user `postgres`, whom Debian's package brings along.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.process.ports import HOST, Reservation
from saga_verifier.isolation.spec import Health, Spec

MISSING = "PostgreSQL is not installed, so this was not tested on it (Debian: apt-get install postgresql)"
READY_WITHIN_S = 60.0
OWNER = "postgres"
_SETTINGS = (
    f"listen_addresses={HOST}",
    "unix_socket_directories=",
    "max_connections=300",
    "shared_buffers=16MB",
    "fsync=off",
    "full_page_writes=off",
)
# In its own fresh folder; `$AS` is empty, or the words that turn root into the owner and keep the guard's hold on the program.
_START = """
if [ -n "$AS" ]; then chmod 711 .. && chown "$OWNER" . || exit; fi
[ -f data/PG_VERSION ] || $AS "$BIN/initdb" -D data -U "$OWNER" -A trust -E UTF8 --locale=C --no-sync --no-instructions || exit
exec $AS "$BIN/postgres" -D data "$@"
"""
_AS_OWNER = f"setpriv --reuid={OWNER} --regid={OWNER} --init-groups --pdeathsig=keep"
_CLUSTER = pytest.StashKey["Cluster"]()

KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
"""Of the quick loop, SQLite is enough: what holds there holds on PostgreSQL nearly always."""

on_both_databases = pytest.mark.parametrize("database", KINDS, indirect=True)
"""Marks tests, or a module of them, whose fixture `database` is to be of each kind in turn."""


def else_on_sqlite(metafunc: pytest.Metafunc) -> None:
    """Say, as a conftest's `pytest_generate_tests`, that the database of tests without the mark above is SQLite."""
    marks = metafunc.definition.iter_markers("parametrize")
    if "database" in metafunc.fixturenames and not any("database" in mark.args[0] for mark in marks):
        metafunc.parametrize("database", ["sqlite"], indirect=True)


def cluster_of(config: pytest.Config) -> "Cluster":
    """Give the cluster of this pytest process; it ends with it.

    Where PostgreSQL is not installed, the test that asks is skipped with the reason; on a build server (`CI` is set) it fails.
    """
    if _CLUSTER not in config.stash:
        config.stash[_CLUSTER] = new_cluster()
        config.add_cleanup(config.stash[_CLUSTER].close)
    return config.stash[_CLUSTER]


def new_cluster(folder: Path | None = None) -> "Cluster":
    """Start a cluster, for tests that stop it under its users; skips or fails as `cluster_of` does. Close it afterwards.

    Args:
        folder: Where its data is; default: the system's folder for temporary files.
    """
    programs = _programs()
    if programs is None and os.environ.get("CI"):
        pytest.fail(MISSING, pytrace=False)
    if programs is None:
        pytest.skip(MISSING)
    return Cluster(programs, folder)


class Cluster:
    """One running PostgreSQL server, always on the same port.

    Args:
        programs: The folder of `initdb` and `postgres`.
        folder: Where its data is; default: the system's folder for temporary files.
    """

    def __init__(self, programs: Path, folder: Path | None = None) -> None:
        self._port = Reservation()  # kept to the end: nobody else gets the port while the server is stopped
        self._names: dict[str, int] = {}
        self._running = ProcessIsolation(folder=folder).start(_spec(programs, self._port.port))
        _until_it_answers(self._address)

    @property
    def _address(self) -> str:
        return f"postgresql://{OWNER}@{HOST}:{self._port.port}/postgres"

    def database(self, name: str) -> str:
        """Make a fresh database, whose name begins with `name`, and give its SQLAlchemy URL."""
        plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower())[:40]
        number = self._names[plain] = self._names.get(plain, 0) + 1
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"{plain}_{number}")))
        return f"postgresql+psycopg://{OWNER}@{HOST}:{self._port.port}/{plain}_{number}"

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """End the server at once, as a crash does, and start it again at the end of the block, on the same data and port."""
        self._stop()
        try:
            yield
        finally:
            self._running.start()
            _until_it_answers(self._address)

    def close(self) -> None:
        """End the server and remove its data."""
        self._stop()
        self._running.stop()
        self._port.release()

    def _stop(self) -> None:
        if (pid := self._running.pid) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            for _ in _tries("PostgreSQL did not stop"):
                if self._running.ended() is not None:
                    break
        self._running.kill()


def _programs() -> Path | None:
    """Find the newest PostgreSQL where Debian puts it."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if path.parent.parent.name.isdigit()]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


def _spec(programs: Path, port: int) -> Spec:
    settings = (word for setting in (f"port={port}", *_SETTINGS) for word in ("-c", setting))
    return Spec(
        name=OWNER,
        command=("/bin/sh", "-c", _START, "sh", *settings),
        env={"PATH": os.defpath, "LC_ALL": "C", "BIN": str(programs), "OWNER": OWNER, "AS": "" if os.getuid() else _AS_OWNER},
        health=Health(path=None, timeout_s=READY_WITHIN_S),
        port=port,
    )


def _until_it_answers(address: str) -> None:
    """Wait until a server that takes connections is ready to answer."""
    for _ in _tries("PostgreSQL takes connections but does not answer"):
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(address, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
            return


def _tries(failure: str) -> Iterator[None]:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        yield
        time.sleep(0.01)
    raise AssertionError(failure)
