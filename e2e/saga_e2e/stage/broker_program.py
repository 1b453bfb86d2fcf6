"""The broker as a program that isolation starts, as a process or in a container."""

import os

from saga_verifier.isolation.spec import Health, Spec

NAME = "broker"
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_COMMAND = ("{python}", "-m", "saga_contracts", "broker", "serve", "--port", "{port}", "--database-url")


def broker_spec() -> Spec:
    """Give what is started as the broker; as a process, it keeps its data in SQLite."""
    command = (*_COMMAND, "sqlite:///{workdir}/broker.sqlite")
    return Spec(NAME, command, inherited=own_environment(), health=Health("/diagnostic/status/heartbeat", 60))


def own_environment() -> dict[str, str]:
    """Give what a process of our own needs of the environment, and no more."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}
