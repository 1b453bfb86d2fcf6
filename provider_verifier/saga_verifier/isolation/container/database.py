"""One PostgreSQL server in a container for a run, with a database and a user of its own for every program that wants one.

Reached by the containers of the run's network only, as `database:5432`.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation.container.hardening import Limits, Mounts, hardened, user_of
from saga_verifier.isolation.container.postgres import takes_connections
from saga_verifier.isolation.container.spec import Database
from saga_verifier.isolation.engine import Engine, EngineError
from saga_verifier.isolation.engine.api import Order
from saga_verifier.isolation.engine.images import found
from saga_verifier.isolation.engine.owner import labels
from saga_verifier.isolation.errors import DiedAtStartError, IsolationError, NeverHealthyError

ALIAS, PORT = "database", 5432
READY_TIMEOUT_S = 60.0
_SETTINGS = ("fsync=off", "max_connections=300", "shared_buffers=64MB")  # the data need not outlive the machine
_LIMITS = Limits(memory_mb=1024, processes=400)
_DEFAULT_DATA = "/var/lib/postgresql/data"
_LONGEST_NAME = 40


class DatabaseServer:
    """The PostgreSQL server of one run.

    What it made at the engine is removed with the run.

    Args:
        engine: Where it runs.
        image: An image that takes POSTGRES_USER, POSTGRES_PASSWORD and PGDATA as the official one does.
        run: The run's id.
        network: The run's network.
        direct: Can this machine reach the network? Then whether it is ready is asked from here, which is cheaper.
    """

    def __init__(self, engine: Engine, image: str, run: str, network: str, *, direct: bool) -> None:
        self._engine, self._image = engine, found(engine, image)
        self._network, self._direct = network, direct
        self._passwords = {"the PostgreSQL password": secrets.token_hex(16)}
        self._volume = f"sagapact-{run}-database"
        self._labels = labels(run, "PostgreSQL")
        engine.create_volume(self._volume, self._labels)
        self._id = engine.create(self._order())

    def start(self) -> None:
        """Start it (again), on the same data, and wait until it takes connections.

        Raises:
            IsolationError: when it does not.
        """
        self._engine.start(self._id)
        until = time.monotonic() + READY_TIMEOUT_S
        while not self._is_ready():
            if (how := self.ended()) is not None:
                raise DiedAtStartError(
                    f"PostgreSQL ({self._image}) died at its start with {how}. Mend what its log tells, or name another image.\n"
                    f"{self._log()}"
                )
            if time.monotonic() > until:
                raise NeverHealthyError(
                    f"PostgreSQL ({self._image}) took no connection within {READY_TIMEOUT_S:g} s. Look at its log.\n{self._log()}"
                )
            time.sleep(0.05)

    def database(self, wanted: str) -> Database:
        """Make a database and its user.

        Args:
            wanted: Whose it is.

        Raises:
            IsolationError: when it cannot be made.
        """
        plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in wanted.lower())
        name = f"{plain[:_LONGEST_NAME]}_{secrets.token_hex(3)}"
        password = self._passwords[f"the password of {name}"] = secrets.token_hex(16)
        self._say(
            f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'",
            f'CREATE DATABASE "{name}" OWNER "{name}"',
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
        )
        return Database(ALIAS, PORT, name, password)

    def reached(self, database: Database) -> Database:
        """Give one of its databases with the address at which this machine reaches it, where it reaches the run's network."""
        return replace(database, host=self._engine.state(self._id).addresses.get(self._network, ""))

    def kill(self) -> None:
        """End it at once, as a crash does; `start` starts it again."""
        self._engine.kill(self._id)
        self._engine.wait(self._id)

    def ended(self) -> str | None:
        """Say how it ended, or None while it runs."""
        return self._engine.state(self._id).ended

    def run_inside(self, command: Sequence[str]) -> int:
        """Run a command in its container; give its exit status."""
        return self._engine.run_inside(self._id, command)[0]

    def log_tail(self, lines: int = 15) -> list[str]:
        """Give the last lines that it wrote, without the passwords that stand in statements which it quotes."""
        return self._clean(self._engine.log(self._id, lines=lines)).splitlines()

    def _order(self) -> Order:
        config: Mapping[str, Any] = (self._engine.image(self._image) or {}).get("Config") or {}
        given = dict(one.split("=", 1) for one in config.get("Env") or ())
        data = given.get("PGDATA", _DEFAULT_DATA)
        return Order(
            image=self._image,
            command=("postgres", *(word for setting in _SETTINGS for word in ("-c", setting))),
            labels=self._labels,
            env={"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": self._passwords["the PostgreSQL password"]},
            user=user_of(None if config.get("User") else "postgres", str(config.get("User") or "")),
            network=self._network,
            alias=ALIAS,
            host={**hardened(_LIMITS, Mounts({self._volume: data}, ("/var/run/postgresql",))), "shm_size": "128m"},
        )

    def _is_ready(self) -> bool:
        if self._direct:
            return takes_connections(self._engine.state(self._id).addresses.get(self._network, ""), PORT)
        try:
            status, _ = self._engine.run_inside(self._id, ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(PORT)])
        except EngineError:  # it has ended: the caller looks
            return False
        return status == 0

    def _say(self, *statements: str) -> None:
        words = [word for statement in statements for word in ("-c", statement)]
        connection = ["-h", "127.0.0.1", "-p", str(PORT), "-U", "postgres", "-d", "postgres"]
        status, output = self._engine.run_inside(self._id, ["psql", "-qX", "-v", "ON_ERROR_STOP=1", *connection, *words])
        if status != 0:
            said = self._clean(output.strip())
            raise IsolationError(f"PostgreSQL did not make a database: {said}. Look at the image {self._image}.")

    def _clean(self, text: str) -> str:
        return Redactor(self._passwords)(text)

    def _log(self) -> str:
        return "\n".join(f"    {line}" for line in self.log_tail())
