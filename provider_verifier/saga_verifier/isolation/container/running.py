"""One program in its container, from its start to its end; see `Running`.

Made by `container`; what it consists of at the engine is `container_create`, made at the first start and removed by `stop`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation import health
from saga_verifier.isolation.container.create import FORWARDER_PORT, Created, Data, create_program, start_forwarder
from saga_verifier.isolation.container.database import DatabaseServer
from saga_verifier.isolation.container.run import Run
from saga_verifier.isolation.container.spec import WORKDIR, ContainerSpec, inside_url, wants_database
from saga_verifier.isolation.container.trouble import Trouble
from saga_verifier.isolation.engine import ContainerState, EngineError
from saga_verifier.isolation.errors import CannotStartError, GivenUpError
from saga_verifier.isolation.spec import Spec

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _PROBE_S = 0.02, 0.2, 1.0
_LAST_WORDS = 200  # lines that can still be read after it was removed


Another = Callable[[Spec | None, Data], "ContainerRunning"]


class ContainerRunning:
    """A program that runs as a container; see `Running`.

    Args:
        run: The run it belongs to.
        spec: What it is.
        container: What it is as a container.
        give_up: When set, its start is given up.
        leave: Called once when it does not need the run any more.
        data: What it shares with those beside it.
        another: Makes another one on this data, which is not started yet.
    """

    def __init__(
        self,
        run: Run,
        spec: Spec,
        container: ContainerSpec,
        give_up: Event,
        leave: Callable[[], None],
        data: Data,
        another: Another,
    ) -> None:
        before = data.enter(self)
        self._run, self._container = run, container
        self._spec = spec if not before else replace(spec, name=f"{spec.name} {before + 1}")  # a name of its own in the network
        self._give_up, self._leave, self._data, self._another = give_up, leave, data, another
        self._engine = run.engine
        self._made: Created | None = None
        self._forwarder = ""
        self._address = ("", 0)
        self._started_at = 0.0
        self._last_words: list[str] = []
        self._was_ready = self._ended_by_us = self._stopped = False

    @property
    def name(self) -> str:
        """How messages call it."""
        return self._spec.name

    @property
    def base_url(self) -> str:
        """Where it answers to the harness."""
        return "http://{}:{}".format(*self._address)

    @property
    def inside_url(self) -> str:
        """Where it answers to the other containers of its run."""
        return inside_url(self._spec.name, self._container)

    @property
    def workdir(self) -> Path:
        """Its own data directory, as it sees it itself."""
        return Path(WORKDIR)

    @property
    def container_id(self) -> str:
        """The engine's id of its container; empty before it was created."""
        return self._made.container if self._made is not None else ""

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders stand for to a program beside it: its database's address as this machine reaches it.

        Its data directory is out of reach, and so is the database where the engine runs on another machine.
        """
        database = self._made.database if self._made is not None else None
        server = self._run.server
        reached = {} if database is None or server is None or not self._run.direct else server.reached(database).values()
        return {"port": str(self._address[1]), **reached}

    def learn(self, secrets: Mapping[str, str]) -> None:
        """Take further secrets out of what it wrote."""
        if self._made is not None:
            self._made.redact.learn(secrets)

    def log_tail(self, lines: int = 40) -> str:
        """Give the last lines that it wrote, without secrets."""
        if self._made is None or self._stopped:
            return "\n".join(self._last_words[-lines:] if lines > 0 else [])
        trouble = self._trouble(self._made)
        server, ended = self._server()
        said_by_server = trouble.said_by(server) if server is not None and ended is not None else []
        return "\n".join([*trouble.log.tail(lines), *said_by_server])

    def ended(self) -> str | None:
        """Say how it, or the PostgreSQL server that it uses, ended; None while all runs."""
        if self._made is None or self._stopped:
            return "stopped" if self._stopped else "not started"
        state = self._engine.state(self._made.container)
        if state.ended is not None:
            return self._trouble(self._made).how(state)
        _, gone = self._server()
        return None if gone is None else f"it runs, but its PostgreSQL server has ended with {gone}"

    def start(self) -> None:
        """Start it (again) and wait until it is ready."""
        if self._made is not None and self._engine.state(self._made.container).running:
            raise CannotStartError(f"{self.name} runs already at {self.base_url}. Kill it before you start it again.")
        try:
            made = self._made = self._made or create_program(self._run, self._spec, self._container, self._data)
            if not self._forwarder and (self._spec.port is not None or not self._run.direct):
                self._forwarder = start_forwarder(self._run, self._spec, self._container)
            self._started_at, self._ended_by_us = time.time(), False
            self._engine.start(made.container)
        except EngineError as error:
            raise CannotStartError(f"{self.name} cannot be started in a container. {self._clean(str(error))}") from None
        self._wait_until_ready(made)

    def strike(self) -> None:
        """End it as fast as the engine does."""
        self.kill()

    def pause(self) -> None:
        """Let the engine stop all of its processes."""
        if self._made is not None and not self._stopped:
            self._engine.pause(self._made.container)

    def resume(self) -> None:
        """Let its processes go on."""
        if self._made is not None and not self._stopped:
            self._engine.resume(self._made.container)

    def start_empty(self) -> None:
        """Its data are out of reach."""
        raise CannotStartError(f"{self.name} does not start again on its data, and they cannot be taken from it in a container.")

    def kill(self) -> None:
        """End it at once with everything that it started."""
        if self._made is not None and not self._stopped:
            self._ended_by_us = True
            self._engine.kill(self._made.container)
            self._engine.wait(self._made.container)

    def stop(self) -> None:
        """End it politely, then by force, and remove it with its data; again does nothing."""
        if self._stopped:
            return
        try:
            if self._made is not None:
                self._end(self._made)
        finally:
            self._stopped = True
            try:
                self._remove()
            finally:
                self._leave()

    def beside(self, spec: Spec | None = None) -> "ContainerRunning":
        """Start another program on the same volume and database; see `Running.beside`."""
        return started(self._another(spec, self._data))

    def followed_by(self, spec: Spec) -> "ContainerRunning":
        """End this one politely, then start another program on its data; see `Running.followed_by`."""
        follower = self._another(spec, self._data)
        self.stop()
        return started(follower)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _end(self, made: Created) -> None:
        if self._engine.state(made.container).running:
            self._engine.stop(made.container, self._spec.stop_timeout_s)
            self._ended_by_us = True
        self._last_words = self._trouble(made).log.tail(_LAST_WORDS)
        failed = self._was_ready and not self._ended_by_us  # a start that failed has kept its log already
        if failed and (said := self._trouble(made).keep_log()):
            self._run.settings.say(said)

    def _remove(self) -> None:
        for container in (self._forwarder, self.container_id):
            if container:
                self._engine.remove(container)
        if self._data.leave(self) and self._data.volume:
            self._engine.remove_volume(self._data.volume)

    def _wait_until_ready(self, made: Created) -> None:
        until = time.monotonic() + self._spec.health.timeout_s
        pause, seen = _FIRST_PAUSE_S, "it was not asked yet"
        while True:
            state = self._engine.state(made.container)
            if state.ended is not None:
                raise self._trouble(made).death(state, seen, self._started_at)
            left = until - time.monotonic()
            self._address = self._where(state)
            answer = health.trouble(
                self._address, self._spec.health.path, max(0.1, min(_PROBE_S, left)), forwarded=bool(self._forwarder)
            )
            if answer is None:
                self._was_ready = True
                return
            seen = answer
            self._check_server(made)
            if self._give_up.wait(pause):
                raise GivenUpError(f"The start of {self.name} was given up.")
            if left <= 0:
                raise self._trouble(made).never_healthy(seen, self._started_at)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    def _check_server(self, made: Created) -> None:
        server, ended = self._server()
        if server is not None and ended is not None:
            raise self._trouble(made).without_server(server, ended, self._started_at)

    def _where(self, state: ContainerState) -> tuple[str, int]:
        """Find where the harness reaches it; another place after each start."""
        if not self._forwarder:
            return state.addresses.get(self._run.network, ""), self._container.port
        forwarder = self._engine.state(self._forwarder)
        if forwarder.ended is not None:
            last = self._engine.log(self._forwarder, lines=5).strip()
            raise CannotStartError(
                f"The forwarder to {self.name} has ended with {forwarder.ended}. Name a forwarder image that has a python3; "
                f"{self._run.settings.forwarder_image} said: {last}"
            )
        host = "127.0.0.1" if self._engine.host == "localhost" else self._engine.host  # where it was published, not ::1
        return host, forwarder.ports.get(FORWARDER_PORT, 0)

    def _server(self) -> tuple[DatabaseServer | None, str | None]:
        """Give the PostgreSQL server that it uses, if any, and how that ended."""
        server = self._run.server if wants_database(self._spec, self._container) else None
        return server, None if server is None else server.ended()

    def _trouble(self, made: Created) -> Trouble:
        return Trouble(self._run, self._spec, self._container, made)

    def _clean(self, text: str) -> str:
        return (Redactor(self._spec.secrets) if self._made is None else self._made.redact)(text)


def started(running: ContainerRunning) -> ContainerRunning:
    """Start a program; where it does not become ready, nothing of it is left."""
    try:
        running.start()
    except BaseException:
        running.stop()
        raise
    return running
