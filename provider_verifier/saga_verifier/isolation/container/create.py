"""Creates what one program needs at the engine: its container with data directory and database, and its forwarder if any.

Nothing runs yet when these functions return (but for the forwarder); everything carries the run's labels.
"""

import inspect
import threading
from dataclasses import dataclass, replace
from typing import Any

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation.container import forwarder as container_forwarder
from saga_verifier.isolation.container.hardening import Limits, Mounts, hardened, user_of
from saga_verifier.isolation.container.run import Run
from saga_verifier.isolation.container.spec import (
    VOLUME_PATH,
    WORKDIR,
    ContainerSpec,
    Database,
    alias_of,
    command,
    environment,
    wants_database,
)
from saga_verifier.isolation.engine.api import Order
from saga_verifier.isolation.engine.images import build_of, built, found
from saga_verifier.isolation.engine.owner import labels
from saga_verifier.isolation.errors import CannotStartError
from saga_verifier.isolation.spec import Spec

FORWARDER_PORT = 8080
_FORWARDER_LIMITS = Limits(memory_mb=64, processes=32, tmp_mb=1)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Created:
    """A program's container.

    Attributes:
        container: The engine's id of it.
        image: The image that it was created from.
        volume: The volume with its data directory.
        redact: Takes its secrets out of text, its database's password included.
        database: Its own database; None: it has none.
    """

    container: str
    image: str
    redact: Redactor
    database: Database | None = None


class Data:
    """What the containers of a program and of those beside it share: a volume, and a database; removed with the last of them.

    Attributes:
        volume: The volume of their data directory; empty before the first one was created.
        database: Their database; None when none of them wanted one so far.
    """

    def __init__(self) -> None:
        self.volume = ""
        self.database: Database | None = None
        self._lock = threading.Lock()
        self._inside: list[object] = []
        self._entered = 0

    def enter(self, who: object) -> int:
        """Let one in; give how many came before it."""
        with self._lock:
            self._inside.append(who)
            self._entered += 1
            return self._entered - 1

    def leave(self, who: object) -> bool:
        """Let one go; was it the last?"""
        with self._lock:
            if who in self._inside:
                self._inside.remove(who)
            return not self._inside


def create_program(run: Run, spec: Spec, container: ContainerSpec, data: Data) -> Created:
    """Create a program's container, with its data directory and, when it wants one, its database, unless they are there already.

    Raises:
        IsolationError: when the image is nowhere to be had or does not build, or the engine refuses.
    """
    image = _image(run, spec, container)
    if wants_database(spec, container) and data.database is None:
        data.database = run.database(spec.name)
    database = data.database if wants_database(spec, container) else None
    passwords = {} if database is None else {"the database's password": database.password}
    marks = labels(run.id, spec.name)
    if not data.volume:
        data.volume = f"sagapact-{run.id}-{alias_of(spec.name)}"
        run.engine.create_volume(data.volume, marks)
    config: dict[str, Any] = dict((run.engine.image(image) or {}).get("Config") or {})
    limits = replace(container.limits, log_bytes=spec.log_bytes)
    order = Order(
        image=image,
        command=command(container, database),
        labels=marks,
        env=environment(spec, container, database),
        user=user_of(container.user, str(config.get("User") or "")),
        network=run.network,
        alias=alias_of(spec.name),
        volumes=container.writable,
        host=hardened(limits, Mounts({data.volume: VOLUME_PATH})),
    )
    made = run.engine.create(order)
    run.engine.make_folder(made, VOLUME_PATH, WORKDIR.rpartition("/")[2])
    return Created(made, image, Redactor({**spec.secrets, **passwords}), database)


def start_forwarder(run: Run, spec: Spec, container: ContainerSpec) -> str:
    """Start what passes connections on from a published port to a program; give its container's id.

    Raises:
        IsolationError: when it cannot be started, for example because the wanted port is taken.
    """
    here = "127.0.0.1" if run.engine.host in _LOOPBACK else ""
    order = Order(
        image=found(run.engine, run.settings.forwarder_image),
        command=(
            "python3",
            "-c",
            inspect.getsource(container_forwarder),
            str(FORWARDER_PORT),
            alias_of(spec.name),
            str(container.port),
        ),
        labels=labels(run.id, f"{spec.name}'s forwarder"),
        user=user_of("65534:65534", ""),
        published={FORWARDER_PORT: (here, spec.port or 0)},
        host=hardened(_FORWARDER_LIMITS, Mounts()),
    )
    made = run.engine.create(order)
    run.engine.join(made, run.network)
    run.engine.start(made)
    return made


def _image(run: Run, spec: Spec, container: ContainerSpec) -> str:
    if container.dockerfile is not None:
        build = build_of(f"sagapact-built-{alias_of(spec.name)}", container.dockerfile)
        return built(run.engine, build, run.settings.say)
    if not container.image:
        raise CannotStartError(f"{spec.name} has neither an image nor a Dockerfile. Name one of them.")
    return found(run.engine, container.image)
