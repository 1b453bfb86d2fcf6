"""How a program that is described by a `Spec` runs as a container, as a value that stands beside the spec. Holds no I/O.

The environment inside is the spec's with the container's own variables on top; what the spec hands on from its caller's
surroundings (PATH and the like) is left out, because it describes another machine. These placeholders may be used:

    {port}       where it is to listen, inside the container
    {workdir}    its data directory; kept over kill and start
    {python}     `python3`
    {database_url} {database_host} {database_port} {database_name} {database_user} {database_password}
                 its own database on the run's PostgreSQL server; naming one of them is what asks for it
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from saga_verifier.isolation.container.hardening import Limits
from saga_verifier.isolation.errors import CannotStartError
from saga_verifier.isolation.placeholders import fill, inside_words
from saga_verifier.isolation.spec import Spec

VOLUME_PATH = "/data"
WORKDIR = "/data/own"
_DATABASE = "database_"


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """The container's side of a program.

    Attributes:
        image: Name of an image that is at the engine or can be fetched; empty when there is a Dockerfile.
        dockerfile: Built when its content is new; its folder is the build's context.
        command: Words for the image's entry point; None: the image's own command.
        port: Where the program listens inside, on all addresses.
        env: Variables on top of the spec's; placeholders and `${NAME}` allowed.
        user: Whom it runs as; None: the image's own user, or nobody where that is root.
        limits: Its upper bounds.
        writable: Further folders of the image that it may write in, when its user owns them there.
    """

    image: str = ""
    dockerfile: Path | None = None
    command: tuple[str, ...] | None = None
    port: int = 8080
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    limits: Limits = field(default_factory=Limits)
    writable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own on a PostgreSQL server; the name is that of its user, too."""

    host: str
    port: int
    name: str
    password: str = field(repr=False)

    def values(self) -> dict[str, str]:
        """Give what the placeholders stand for."""
        url = f"postgresql://{self.name}:{self.password}@{self.host}:{self.port}/{self.name}"
        parts = {"url": url, "host": self.host, "port": str(self.port), "name": self.name}
        parts |= {"user": self.name, "password": self.password}
        return {f"{_DATABASE}{part}": value for part, value in parts.items()}


def alias_of(name: str) -> str:
    """Give a program's host name in the run's network."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower()).strip("-")
    return plain[:60] or "program"


def inside_url(name: str, container: ContainerSpec) -> str:
    """Give where a program answers to the other containers of its run, before it was started as well."""
    return f"http://{alias_of(name)}:{container.port}"


def wants_database(spec: Spec, container: ContainerSpec) -> bool:
    """Say whether a placeholder asks for a database."""
    return any(word.startswith(_DATABASE) for text in _texts(spec, container) for word in inside_words(text))


def environment(spec: Spec, container: ContainerSpec, database: Database | None) -> dict[str, str]:
    """Give the environment inside.

    Raises:
        CannotStartError: when a `${NAME}` has no value.
    """
    values = _values(container, database)
    handed_on = {name: value for name, value in spec.inherited.items() if name in spec.secrets}
    try:
        own = {name: fill(text, values, spec.outside) for name, text in {**spec.env, **container.env}.items()}
    except KeyError as error:
        name = error.args[0]
        raise CannotStartError(
            f"{spec.name} needs {name}, which the caller's environment has not. Set it, or remove it."
        ) from None
    return {**handed_on, **own}


def command(container: ContainerSpec, database: Database | None = None) -> tuple[str, ...] | None:
    """Give the words for the image's entry point, or None for the image's own command."""
    if container.command is None:
        return None
    values = _values(container, database)
    return tuple(fill(word, values) for word in container.command)


def _values(container: ContainerSpec, database: Database | None) -> dict[str, str]:
    own = {"python": "python3", "port": str(container.port), "workdir": WORKDIR}
    return own | (database.values() if database is not None else {})


def _texts(spec: Spec, container: ContainerSpec) -> Iterable[str]:
    return (*{**spec.env, **container.env}.values(), *(container.command or ()))
