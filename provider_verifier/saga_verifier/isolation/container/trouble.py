"""What is said when a program does not start in its container, and what is kept of its log then.

Every text has passed the redactor.
"""

from dataclasses import dataclass
from pathlib import Path

from saga_verifier.isolation.container.create import Created
from saga_verifier.isolation.container.database import DatabaseServer
from saga_verifier.isolation.container.log import ContainerLog
from saga_verifier.isolation.container.run import Run
from saga_verifier.isolation.container.spec import WORKDIR, ContainerSpec, alias_of
from saga_verifier.isolation.engine import ContainerState
from saga_verifier.isolation.errors import DiedAtStartError, NeverHealthyError
from saga_verifier.isolation.spec import Spec

_SERVER_LINES = 15


@dataclass(frozen=True, slots=True)
class Trouble:
    """Words about one program that was created at the engine."""

    run: Run
    spec: Spec
    container: ContainerSpec
    made: Created

    @property
    def log(self) -> ContainerLog:
        """What the program wrote."""
        return ContainerLog(self.run.engine, self.made.container, self.made.redact)

    def how(self, state: ContainerState) -> str:
        """Say how the program ended."""
        memory = f" (it wanted more than its {self.container.limits.memory_mb} MB of memory)" if state.out_of_memory else ""
        return f"{state.ended}{memory}"

    def death(self, state: ContainerState, seen: str, since: float) -> DiedAtStartError:
        """Say that it ended before it was ready.

        Args:
            state: How it ended.
            seen: What was seen of it before.
            since: When it was started.
        """
        log = self.log.quoted(since)
        mend = "Give it more memory" if state.out_of_memory else "Mend what its log tells"
        if "read-only file system" in log.lower():
            mend = f"It may write in /tmp and {WORKDIR} only: name further folders as writable"
        return DiedAtStartError(
            f"{self.spec.name} died at its start with {self.how(state)}, before it was ready ({seen}).\n"
            f"{mend}. {self._ran()}\n{log}{self._kept()}"
        )

    def never_healthy(self, seen: str, since: float) -> NeverHealthyError:
        """Say that it was not ready in time."""
        path, limit = self.spec.health.path, self.spec.health.timeout_s
        asked = f"GET {path}" if path else "a connection"
        return NeverHealthyError(
            f"{self.spec.name} was not ready within {limit:g} s: at the last try of {asked}, {seen}.\n"
            f"Let it listen on port {self.container.port} of all addresses, mend its health path, or give it more time "
            f"(`timeout_s` of `health`). {self._ran()}\n{self.log.quoted(since)}{self._kept()}"
        )

    def without_server(self, server: DatabaseServer, ended: str, since: float) -> DiedAtStartError:
        """Say that its PostgreSQL server ended before it was ready."""
        said = "\n    ".join(self.said_by(server))
        return DiedAtStartError(
            f"{self.spec.name} was not ready when its PostgreSQL server ended with {ended}. Mend what the logs tell.\n"
            f"{self.log.quoted(since)}\n{said}{self._kept()}"
        )

    def said_by(self, server: DatabaseServer) -> list[str]:
        """Give the last lines of its PostgreSQL server."""
        return ["The last lines of its PostgreSQL server:", *map(self.made.redact, server.log_tail(_SERVER_LINES))]

    def keep_log(self) -> str:
        """Write all of its log to the folder for logs, if there is one; say where it is, or why it could not be kept."""
        folder = self.run.settings.log_folder
        if folder is None:
            return ""
        file = folder / f"{alias_of(self.spec.name)}-{self.run.id}.log"
        return f"All of its log: {file}" if (trouble := _kept(self.log, file)) is None else trouble

    def _ran(self) -> str:
        words = " ".join(self.container.command) if self.container.command else "its own command"
        return f"It was started from the image {self.made.image} with: {words}"

    def _kept(self) -> str:
        said = self.keep_log()
        return f"\n{said}" if said else ""


def _kept(log: ContainerLog, file: Path) -> str | None:
    try:
        log.keep(file)
    except OSError as error:
        return f"All of its log could not be kept in {file}: {error.strerror or error}. Make room there, or name another folder."
    return None
