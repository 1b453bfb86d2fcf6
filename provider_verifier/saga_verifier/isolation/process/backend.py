"""The backend `process`: each program as a process of its own, on its own free port and in its own fresh directory.

It gets an environment of declared names only, so that secrets of the surroundings are never inherited. Its end is in the
hands of `guard`. Redaction happens here: whatever comes from the program passes the redactor before it stands in an error.
Programs beside each other share a directory (`home`), which goes with the last of them.
"""

import os
import shlex
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from saga_contracts.rim.redact import Redactor
from saga_verifier.isolation import health
from saga_verifier.isolation.errors import CannotStartError, DiedAtStartError, GivenUpError, NeverHealthyError
from saga_verifier.isolation.guarding.guarded import Guarded, in_words
from saga_verifier.isolation.logs import ProcessLog
from saga_verifier.isolation.process.home import Home
from saga_verifier.isolation.process.ports import HOST, PortTakenError, Reservation
from saga_verifier.isolation.spec import Spec

PORT_TRIES = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _PROBE_S = 0.01, 0.1, 1.0
_PORT_IN_USE = ("address already in use", "address in use", "eaddrinuse", "addrinuse")


class ProcessIsolation:
    """Starts programs as processes of this machine.

    Attributes:
        folder: Where the programs' directories are made; None: the system's folder for temporary files.
        keep: Leave the directories (data and log) where they are.
        reserve: Gives a free port; takes the fixed port or None, and whether to hold it.
    """

    def __init__(
        self, *, folder: Path | None = None, keep: bool = False, reserve: Callable[[int | None, bool], Reservation] | None = None
    ) -> None:
        self.folder = folder
        self.keep = keep
        self.reserve = reserve or (lambda port, hold: Reservation(port, hold=hold))

    @property
    def listen_host(self) -> str:
        """Address at which the harness listens for what the programs send to it."""
        return HOST

    def check_reached(self, port: int) -> None:
        """Do nothing: processes of this machine reach its loopback address."""

    def start(self, spec: Spec, *, give_up: Event | None = None) -> "ProcessRunning":
        """Start a program and wait until it is ready; see `Isolation.start`."""
        return started(ProcessRunning(self, spec, give_up or Event(), Home(spec.name, self.folder, keep=self.keep)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Do nothing: each program is stopped by itself."""


class ProcessRunning:
    """A program that runs as a process; see `Running`."""

    def __init__(self, isolation: ProcessIsolation, spec: Spec, give_up: Event, home: Home) -> None:
        self._isolation, self._spec, self._give_up, self._home = isolation, spec, give_up, home
        self._redact = Redactor(spec.secrets)
        self._log = ProcessLog(home.enter(self), self._redact)
        self._guarded: Guarded | None = None
        self._port = 0
        self._starts = 0
        self._hold = True

    @property
    def name(self) -> str:
        """How messages call it."""
        return self._spec.name

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self._port}"

    @property
    def workdir(self) -> Path:
        """Its own data directory."""
        return self._home.work

    @property
    def pid(self) -> int | None:
        """Its process id, which is that of its process group as well; None while it does not run."""
        return self._guarded.pid if self._guarded is not None and self.ended() is None else None

    @property
    def values(self) -> Mapping[str, str]:
        """What the placeholders stand for to a program beside it."""
        return {"port": str(self._port), "workdir": str(self._home.work)}

    def learn(self, secrets: Mapping[str, str]) -> None:
        """Take further secrets out of what it wrote."""
        self._redact.learn(secrets)

    def log_tail(self, lines: int = 40) -> str:
        """Give the last lines that it wrote, without secrets."""
        return self._log.tail(lines)

    def ended(self) -> str | None:
        """Say how it ended, or None while it runs."""
        if self._guarded is None:
            return "not started"
        while self._guarded.wait(0):
            pass
        return None if self._guarded.exit_code is None else in_words(self._guarded.exit_code)

    def start(self) -> None:
        """Start it (again) on another port and wait until it is ready."""
        if self.ended() is None:
            raise CannotStartError(f"{self.name} runs already at {self.base_url}. Kill it before you start it again.")
        in_use = ""
        for _ in range(PORT_TRIES):
            try:
                with self._reserved() as reservation:
                    in_use = self._launch(reservation.port)
            except PortTakenError as error:
                if self._spec.port is not None:
                    raise self._fixed_port_taken(str(error)) from None
                in_use = str(error)
            if not in_use:
                return
            self._hold = False  # this server may be one that cannot bind beside the holder of the port
        if self._spec.port is not None:
            raise self._fixed_port_taken(in_use)
        raise CannotStartError(
            f"{self.name} could not be started: {PORT_TRIES} times its port was taken. {in_use}\n"
            "Let its server listen on the port of the placeholder {port}, or free the port."
        )

    def strike(self) -> None:
        """Send SIGKILL to its process group, without waiting for anything."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Stop its process group; it keeps its port and its connections."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let its process group go on."""
        self._signal(signal.SIGCONT)

    def start_empty(self) -> None:
        """Start it again on an empty data directory."""
        self._home.empty()
        self.start()

    def kill(self) -> None:
        """End it at once with everything that it started."""
        if self._guarded is not None:
            self._guarded.kill()

    def stop(self) -> None:
        """End it politely, then by force, and remove its directory, unless one beside it is still there."""
        if self._guarded is not None:
            self._guarded.stop(self._spec.stop_timeout_s)
        self._home.leave(self)

    def beside(self, spec: Spec | None = None) -> "ProcessRunning":
        """Start another program on the same data directory; see `Running.beside`."""
        return started(self._another(spec))

    def followed_by(self, spec: Spec) -> "ProcessRunning":
        """End this one politely, then start another program on its data directory; see `Running.followed_by`."""
        follower = self._another(spec)
        self.stop()
        return started(follower)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _signal(self, number: int) -> None:
        guarded = self._guarded
        if guarded is not None and guarded.pid is not None and guarded.exit_code is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(guarded.pid, number)

    def _another(self, spec: Spec | None) -> "ProcessRunning":
        return ProcessRunning(self._isolation, spec or self._spec, self._give_up, self._home)

    def _reserved(self) -> Reservation:
        reservation = self._isolation.reserve(self._spec.port, self._hold)
        if reservation.port == self._port and self._spec.port is None:
            with reservation:  # the port of the start before: take another while this one is kept
                return self._isolation.reserve(None, self._hold)
        return reservation

    def _launch(self, port: int) -> str:
        """Start it on this port; give what it said about a taken port, or nothing when it is ready."""
        self._port = port
        self._starts += 1
        guarded = self._guarded = Guarded(self._order(), self._log.path)
        try:
            seen = self._wait_until_ready(guarded)
        except BaseException:
            guarded.kill()
            raise
        if seen is None:
            return ""
        guarded.kill()  # it ended by itself: wait until all of its log is written
        said = self._log.since(self._banner())
        if guarded.exit_code is not None and any(words in said.lower() for words in _PORT_IN_USE):
            return self._log.quoted(self._banner())
        raise self._death(guarded, seen)

    def _wait_until_ready(self, guarded: Guarded) -> str | None:
        """Give None when it is ready, or what was seen of it before it ended."""
        until = time.monotonic() + self._spec.health.timeout_s
        pause, seen = _FIRST_PAUSE_S, "it was not asked yet"
        while True:
            guarded.wait(pause)
            if guarded.failed is not None or guarded.exit_code is not None or guarded.over:
                return seen
            left = until - time.monotonic()
            if guarded.pid is not None:
                answer = health.trouble((HOST, self._port), self._spec.health.path, max(0.1, min(_PROBE_S, left)))
                if answer is None and not guarded.wait(0):
                    return None
                seen = answer or seen
            if self._give_up.is_set():
                raise GivenUpError(f"The start of {self.name} was given up.")
            if left <= 0:
                guarded.kill()
                raise self._never_healthy(seen)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    def _fixed_port_taken(self, seen: str) -> CannotStartError:
        port = self._spec.port
        return CannotStartError(
            f"{self.name} cannot be started: it is to listen on port {port}, and another program listens there. End that one, or "
            f"let the program be told a free port by the placeholder {{port}} instead of `port: {port}`.\n{seen}"
        )

    def _order(self) -> dict[str, object]:
        filled = self._spec.filled(self._port, str(self._home.work))
        return {
            "command": list(filled.command),
            "cwd": filled.cwd,
            "env": dict(filled.env),
            "banner": self._banner(),
            "log": str(self._log.path),
            "log_bytes": self._spec.log_bytes,
            "grace_s": self._spec.stop_timeout_s,
            "remove": None if self._isolation.keep else str(self._home.root),
        }

    def _banner(self) -> str:
        return f"--- start {self._starts} of {self.name} on port {self._port} ---\n"

    def _death(self, guarded: Guarded, seen: str) -> Exception:
        if guarded.exit_code is None:
            why = guarded.failed or "its guard ended unexpectedly"
            return CannotStartError(
                f"{self.name} cannot be started: {self._redact(why)}.\n"
                f"{self._by_hand('Mend the command')}\n{self._log.quoted(self._banner())}"
            )
        return DiedAtStartError(
            f"{self.name} died at its start with {in_words(guarded.exit_code)}, before it was ready ({seen}).\n"
            f"{self._by_hand('Mend what its log tells')}\n{self._log.quoted(self._banner())}"
        )

    def _never_healthy(self, seen: str) -> Exception:
        path, limit = self._spec.health.path, self._spec.health.timeout_s
        asked = f"GET {path}" if path else "a connection"
        return NeverHealthyError(
            f"{self.name} was not ready within {limit:g} s: at the last try of {asked}, {seen}.\n"
            f"{self._by_hand('Mend its health path, or give it more time (`timeout_s` of `health`)')}\n"
            f"{self._log.quoted(self._banner())}"
        )

    def _by_hand(self, mend: str) -> str:
        filled = self._spec.filled(self._port, str(self._home.work))
        return self._redact(f"{mend}. It was started in {filled.cwd} as: {shlex.join(filled.command)}")


def started(running: ProcessRunning) -> ProcessRunning:
    """Start a program; where it does not become ready, nothing of it is left."""
    try:
        running.start()
    except BaseException:
        running.stop()
        raise
    return running
