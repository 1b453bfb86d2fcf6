"""What the containers of one run share: the engine, a network without a way out, and a PostgreSQL server when one is wanted.

A run begins with the first container and ends with the last one; nothing of it is left then. What an earlier run left, because it
was killed, is removed at the beginning.
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from saga_verifier.isolation.container.database import DatabaseServer
from saga_verifier.isolation.container.spec import Database
from saga_verifier.isolation.engine import Engine, EngineError
from saga_verifier.isolation.engine.owner import RUN_LABEL, labels
from saga_verifier.isolation.engine.sweep import sweep

Reach = Literal["auto", "direct", "forwarder"]
_END_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How containers are run.

    Attributes:
        postgres_image: The image of the PostgreSQL server.
        forwarder_image: An image with a `python3`, for the forwarder.
        reach: How the harness reaches a container: at its own address, or through a published port of a forwarder; auto: at its
            own address where this machine is the engine's.
        log_folder: Where the whole log of a container is kept that did not end as it should; None: nowhere.
        say: Told what takes long.
    """

    postgres_image: str = "postgres:15-bookworm"
    forwarder_image: str = "python:3.11-slim-bookworm"
    reach: Reach = "auto"
    log_folder: Path | None = None
    say: Callable[[str], None] = lambda _: None


class Run:
    """One run, from its beginning to `end`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.id = secrets.token_hex(4)
        self.network = f"sagapact-{self.id}"
        self.engine = Engine()
        self.gateway = ""
        try:
            left = sweep(self.engine)
            if left:
                settings.say(f"removed {left} objects that a killed run had left at the Docker engine")
            self.gateway = self.engine.create_network(self.network, labels(self.id, "network"))
        except BaseException:  # also when it is interrupted
            self.end()
            raise
        self.direct = settings.reach == "direct" or (settings.reach == "auto" and _is_ours(self.gateway))
        self._making = threading.Lock()
        self._server: DatabaseServer | None = None

    @property
    def server(self) -> DatabaseServer | None:
        """The PostgreSQL server, when one was wanted."""
        return self._server

    def database(self, wanted: str) -> Database:
        """Make a database for a program; the first one starts the server."""
        with self._making:
            if self._server is None:
                server = DatabaseServer(self.engine, self.settings.postgres_image, self.id, self.network, direct=self.direct)
                server.start()
                self._server = server
        return self._server.database(wanted)

    def end(self) -> None:
        """Remove all that the run made."""
        until = time.monotonic() + _END_WITHIN_S
        try:
            while not self._removed(last=time.monotonic() > until):
                time.sleep(0.1)
        finally:
            self.engine.close()

    def _removed(self, *, last: bool) -> bool:
        """Try to remove everything; what was just being made when the run was interrupted may appear a moment later."""
        mine = f"{RUN_LABEL}={self.id}"
        try:
            for listed, remove in (
                (self.engine.containers, self.engine.remove),
                (self.engine.volumes, self.engine.remove_volume),
                (self.engine.networks, self.engine.remove_network),
            ):
                for name, _ in listed(mine):
                    remove(name)
        except EngineError:
            if last:
                raise
            return False
        return True


class Shared:
    """Gives several users one run, which begins with the first and ends with the last of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._users = 0

    @property
    def run(self) -> Run | None:
        """The run, while it has a user."""
        return self._run

    def join(self) -> Run:
        """Use the run; `leave` must follow."""
        with self._lock:
            if self._run is None:
                self._run = Run(self._settings)
            self._users += 1
            return self._run

    def leave(self) -> None:
        """Do not use the run any more."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._run is not None:
                run, self._run = self._run, None
                run.end()

    @contextmanager
    def joined(self) -> Iterator[Run]:
        """Use the run within a block."""
        run = self.join()
        try:
            yield run
        finally:
            self.leave()


def _is_ours(address: str) -> bool:
    """Say whether an address is one of this machine, as a network's gateway is where the engine is this machine's own."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return bool(address)
