"""What stands in a provider file, as frozen models: shapes only, no I/O."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from saga_contracts.declare.saga import Model, Pacticipant
from saga_verifier.provider_file.artefact import Artefact
from saga_verifier.provider_file.clock import Clock
from saga_verifier.provider_file.container import Container
from saga_verifier.provider_file.database import DatabaseField
from saga_verifier.provider_file.depends import Depended
from saga_verifier.provider_file.fields import BasePath, EnvName, EnvText, HeaderName, HeaderText, StepPlace, UrlPath, Word
from saga_verifier.provider_file.instances import Instances, instances_of
from saga_verifier.provider_file.orchestrator import Orchestrator
from saga_verifier.provider_file.probes import ProbeForm
from saga_verifier.provider_file.programs import Token

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
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port of a program that cannot be told one; None: a free one at each start."""


class HealthCheck(Model):
    """How it is seen that the participant is ready."""

    path: UrlPath | None = "/health"
    """Answers 2xx when it is ready; None (`null`): it is ready when it takes connections."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 20.0


class States(Model):
    """Where the participant takes state changes, the way Pact sends them."""

    path: UrlPath
    teardown: bool | None = None
    """Are states taken back after an interaction or a history? None: they are, and a refusal is only a note."""


class Messages(Model):
    """Where the participant gives its messages, the way Pact asks for them: POST `{"description", "providerStates"}`."""

    path: UrlPath


class Document(Model):
    """What stands in the file."""

    format: Literal[1]
    provider: Pacticipant
    start: Start
    base_path: BasePath = ""
    """Under what the calls of the contracts are made, such as `/api/v1`."""
    health: HealthCheck = HealthCheck()
    states: States | None = None
    messages: Messages | None = None
    headers: dict[HeaderName, HeaderText] = Field(default={}, repr=False)
    """Live headers of the calls that a verification makes, in the place of those of the contracts; `${NAME}` allowed."""
    token: Token | None = None
    """A header whose value a command gives."""
    probes: dict[StepPlace, ProbeForm] = Field(default={})
    """How an effect is read that no call of the API shows, by `SAGA/STEP`."""
    depends: Annotated[tuple[Depended, ...], Field(max_length=20)] | None = None
    """The services that it calls itself; empty: none. None: nothing is said of them."""
    clock: Clock | None = None
    """How its clock is moved, and how long it knows a key; None: it cannot be moved."""
    instances: Annotated[Instances, BeforeValidator(instances_of)] = Instances()
    """How many instances of it may run on one database: `1`, or `{most: 1, reason: …}`."""
    artefact: Artefact | None = None
    """What it is made of; None: nothing is said, so that no result is reused."""
    database: DatabaseField | None = None
    """Its own database, where trials may stop it at a lock."""
    orchestrator: Orchestrator | None = None
    """How whole sagas are run by it, if it is an orchestrator."""
    container: Container | None = None
    """How it runs as a container; without it, it can only be verified as a process."""
