"""What stands in a provider file, as frozen models: shapes only, no I/O."""

from typing import Annotated, Literal

from pydantic import Field

from saga_contracts.declare.saga import Model, Pacticipant
from saga_verifier.provider_file.container import Container
from saga_verifier.provider_file.fields import EnvName, EnvText, UrlPath, Word

FORMAT = 1


class Start(Model):
    """What is run, where, and in which environment."""

    command: Annotated[tuple[Word, ...], Field(min_length=1)]
    """Program and arguments; `{python}`, `{port}` and `{workdir}` may be used."""
    cwd: str = "."
    """Folder it runs in, relative to the provider file; placeholders allowed."""
    env: dict[EnvName, EnvText] = Field(default={}, repr=False)
    """Its environment; placeholders allowed, and `${NAME}` for a value of the caller's environment."""
    pass_env: tuple[EnvName, ...] = ()
    """Variables that it inherits from the caller; nothing else is inherited."""


class HealthCheck(Model):
    """How it is seen that the participant is ready."""

    path: UrlPath = "/health"
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 20.0


class States(Model):
    """Where the participant takes state changes, the way Pact sends them."""

    path: UrlPath


class Messages(Model):
    """Where the participant gives its messages, the way Pact asks for them: POST `{"description", "providerStates"}`."""

    path: UrlPath


class Document(Model):
    """What stands in the file."""

    format: Literal[1]
    provider: Pacticipant
    start: Start
    health: HealthCheck = HealthCheck()
    states: States | None = None
    messages: Messages | None = None
    container: Container | None = None
    """How it runs as a container; without it, it can only be verified as a process."""
