"""What is started in isolation, as a value: provider, broker, proxy or any other program that speaks HTTP on one port.

Holds no I/O. Reading it from a provider file is `saga_verifier.provider_file`, starting it is a backend such as `process`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from saga_verifier.isolation.placeholders import fill

_HARMLESS = frozenset(
    {"PATH", "HOME", "USER", "SHELL", "TERM", "TZ", "TMPDIR", "PWD", "LANG", "LANGUAGE", "PYTHONPATH", "VIRTUAL_ENV", "NO_COLOR"}
)


@dataclass(frozen=True, slots=True)
class Health:
    """How it is seen from outside that the program is ready.

    Attributes:
        path: Answers a GET with a 2xx status when ready; None: an accepted connection is enough.
        timeout_s: How long this may take after the start.
    """

    path: str | None = "/health"
    timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Spec:
    """One program to start.

    Attributes:
        name: How messages call it.
        command: The program and its arguments; placeholders allowed.
        cwd: Folder it runs in, placeholders allowed; None: its own fresh directory.
        env: Environment; placeholders and `${NAME}` allowed. Together with `inherited` it is the whole environment.
        outside: Values of `${NAME}`: secrets, kept out of every message.
        inherited: Variables that are handed on as they are.
        health: How to see that it is ready.
        stop_timeout_s: What it gets to end by itself after SIGTERM.
        port: A fixed port; None: a free one at each start.
        log_bytes: Upper bound of the log on disk; the oldest part goes first.
    """

    name: str
    command: tuple[str, ...]
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    outside: Mapping[str, str] = field(default_factory=dict, repr=False)
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False)
    health: Health = field(default_factory=Health)
    stop_timeout_s: float = 5.0
    port: int | None = None
    log_bytes: int = 1_000_000

    @property
    def secrets(self) -> dict[str, str]:
        """Names and values that no message may show."""
        handed_on = {name: value for name, value in self.inherited.items() if not _harmless(name)}
        return {**handed_on, **self.outside}

    def filled(self, port: int, workdir: str) -> "Filled":
        """Give command, folder and environment for one start."""
        values = {"python": sys.executable, "port": str(port), "workdir": workdir}
        return Filled(
            command=tuple(fill(word, values) for word in self.command),
            cwd=workdir if self.cwd is None else fill(self.cwd, values),
            env={**self.inherited, **{name: fill(text, values, self.outside) for name, text in self.env.items()}},
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """A spec's command, folder and environment with every placeholder replaced."""

    command: tuple[str, ...]
    cwd: str
    env: Mapping[str, str] = field(repr=False)


def _harmless(name: str) -> bool:
    return name in _HARMLESS or name.startswith("LC_")
