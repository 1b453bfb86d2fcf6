"""The one interface of isolation, whatever the backend: processes or containers.

A provider, the broker, a fault proxy and every program of a whole topology are started through it.
"""

from collections.abc import Mapping
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Protocol, Self

from saga_verifier.isolation.spec import Spec


class Running(Protocol):
    """A program that was started and is ready; a context manager that stops it."""

    @property
    def name(self) -> str:
        """How messages call it."""
        ...

    @property
    def base_url(self) -> str:
        """Where it answers, such as `http://127.0.0.1:40123`; another one after each start."""
        ...

    @property
    def workdir(self) -> Path:
        """Its own data directory; kept over kill and start."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders stand for to a program that runs beside it on this machine; those that it can reach only."""
        ...

    def learn(self, secrets: Mapping[str, str]) -> None:
        """Take further secrets out of what it wrote.

        Args:
            secrets: Values by name.
        """
        ...

    def log_tail(self, lines: int = 40) -> str:
        """Give the last lines that it wrote, without secrets."""
        ...

    def ended(self) -> str | None:
        """Say how it ended, or None while it runs."""
        ...

    def kill(self) -> None:
        """End it at once as `kill -9` does, with everything that it started; returns when all is gone."""
        ...

    def strike(self) -> None:
        """Send it the signal of `kill` and return at once: what it does now, it does no more; `kill` sees to the rest."""
        ...

    def pause(self) -> None:
        """Let it stand still, with everything that it started, until `resume`; does nothing when it does not run."""
        ...

    def resume(self) -> None:
        """Let it go on after `pause`; does nothing when it does not stand still."""
        ...

    def start_empty(self) -> None:
        """Start it again after `kill`, on an empty data directory.

        Raises:
            IsolationError: when it does not become ready, or its data are out of reach.
        """
        ...

    def start(self) -> None:
        """Start it again after `kill`, on the same data directory and another port.

        Raises:
            IsolationError: when it does not become ready.
        """
        ...

    def stop(self) -> None:
        """End it politely, then by force, and remove its directory, unless one beside it needs that; again does nothing."""
        ...

    def beside(self, spec: Spec | None = None) -> "Running":
        """Start another program on the same data: the same directory and, in a container, the same database.

        It has its own port and log; the end of one leaves the others, and what they share goes with the last of them.

        Args:
            spec: What to start; None: the same program once more.

        Raises:
            IsolationError: when it does not become ready; this one is as it was then.
        """
        ...

    def followed_by(self, spec: Spec) -> "Running":
        """End this one politely, and then start another program on its data.

        Args:
            spec: What to start.

        Raises:
            IsolationError: when it does not become ready; nothing is left of both then, unless one beside them is still there.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Starter(Protocol):
    """Starts programs apart from everything else."""

    def start(self, spec: Spec, *, give_up: Event | None = None) -> Running:
        """Start a program and wait until it is ready.

        Args:
            spec: What to start.
            give_up: When set by another thread, the start is given up.

        Raises:
            IsolationError: when it does not become ready; nothing is left running then.
        """
        ...


class Isolation(Starter, Protocol):
    """A backend; a context manager: what its programs share lasts as long as the block."""

    @property
    def listen_host(self) -> str:
        """Address of this machine at which the harness listens for what the programs send to it; ask while something runs.

        Raises:
            IsolationError: when the programs cannot reach this machine.
        """
        ...

    def check_reached(self, port: int) -> None:
        """See to it that the programs reach the harness, which listens at `listen_host` and a port.

        Raises:
            IsolationError: when they do not; where that cannot be found out, nothing happens.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
