"""The backend `container`: each program in a hardened container, on a network without a way out.

What a program's container is stands in `spec`; what the containers of a run share is `run`.
Redaction happens here: whatever comes from the program passes the redactor before it stands in an error.
"""

from collections.abc import Mapping
from threading import Event
from types import TracebackType
from typing import Self

from saga_verifier.isolation.container.create import Data
from saga_verifier.isolation.container.database import DatabaseServer
from saga_verifier.isolation.container.reach import reaches
from saga_verifier.isolation.container.run import Settings, Shared
from saga_verifier.isolation.container.running import ContainerRunning, started
from saga_verifier.isolation.container.spec import ContainerSpec
from saga_verifier.isolation.engine.api import Engine
from saga_verifier.isolation.engine.images import build_of
from saga_verifier.isolation.errors import CannotStartError, IsolationError
from saga_verifier.isolation.spec import Spec


class ContainerIsolation:
    """Starts programs as containers of a Docker engine.

    Its network, and its PostgreSQL server where one is wanted, last as long as one of its programs runs; as a context manager,
    as long as the block.

    Args:
        containers: How each program runs as a container, by the spec's name; readable as an attribute.
        settings: How containers are run; readable as an attribute.
    """

    def __init__(self, containers: Mapping[str, ContainerSpec], settings: Settings | None = None) -> None:
        self.containers = dict(containers)
        self.settings = settings or Settings()
        self._shared = Shared(self.settings)

    @property
    def gateway(self) -> str | None:
        """Address at which containers reach the harness where it runs on the engine's machine; None while nothing runs."""
        run = self._shared.run
        return run.gateway if run is not None and run.direct else None

    @property
    def listen_host(self) -> str:
        """Address at which the harness listens for what the containers send to it; see `Isolation.listen_host`."""
        if self._shared.run is None:
            raise IsolationError("The containers' network is not there yet. Open the isolation, or start a program, before.")
        if self.gateway is None:
            raise IsolationError(
                "The containers cannot reach this machine: the Docker engine runs on another one (or in a virtual machine, as "
                "Docker Desktop does), and their network has no way out. Use an engine of this machine (Linux), or isolation by "
                "processes."
            )
        return self.gateway

    def check_reached(self, port: int) -> None:
        """See to it that the containers reach the harness; see `Isolation.check_reached`."""
        run = self._shared.run
        if run is not None and reaches(run, port) is False:
            raise IsolationError(
                f"The containers cannot reach the harness at {run.gateway}:{port}, most likely because this machine's firewall "
                "drops what comes from their network. Let it in, or verify with isolation by processes."
            )

    @property
    def database_server(self) -> DatabaseServer | None:
        """The PostgreSQL server, once a program has asked for a database."""
        run = self._shared.run
        return run.server if run is not None else None

    def image_digest(self, name: str) -> str | None:
        """Give the digest of a program's image; None: it is not at the engine yet."""
        container = self.containers.get(name)
        if container is None:
            return None
        if container.dockerfile is not None:
            return build_of(name, container.dockerfile).digest
        with Engine() as engine:
            known = (engine.image(container.image) or {}).get("Id")
        return None if known is None else str(known)

    def start(self, spec: Spec, *, give_up: Event | None = None) -> ContainerRunning:
        """Start a program and wait until it is ready; see `Isolation.start`."""
        container = self.containers.get(spec.name)
        if container is None:
            known = ", ".join(sorted(self.containers)) or "none"
            raise CannotStartError(
                f"{spec.name} cannot be started in a container: it is not said which image it is (known: {known}). "
                "Name its image, or start it as a process."
            )
        return started(self._made(spec, container, give_up or Event(), Data()))

    def _made(self, spec: Spec, container: ContainerSpec, give_up: Event, data: Data) -> ContainerRunning:
        """Give a program that is not started yet."""

        def another(other: Spec | None, shared: Data) -> ContainerRunning:
            wanted = other or spec
            return self._made(wanted, self.containers.get(wanted.name, container), give_up, shared)

        return ContainerRunning(self._shared.join(), spec, container, give_up, self._shared.leave, data, another)

    def __enter__(self) -> Self:
        self._shared.join()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._shared.leave()
