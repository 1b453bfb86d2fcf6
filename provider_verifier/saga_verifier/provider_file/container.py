"""The part `container` of a provider file: how the participant runs as a container.

    container:
      image: registry/shop-billing:1.4         # or `dockerfile: Dockerfile`, whose folder is the build's context
      command: ["participants.billing"]        # optional: the image's own
      port: 8080                               # where it listens inside, on all addresses
      env: {DATABASE_URL: "{database_url}"}    # on top of start.env; naming a placeholder of the database asks for one
      postgres_image: postgres:15-bookworm     # the server of that database
      limits: {memory_mb: 512, processes: 256}

Its placeholders are those of `saga_verifier.isolation.container.spec`.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from saga_contracts.declare.saga import Model
from saga_verifier.isolation.container.hardening import Limits
from saga_verifier.isolation.container.spec import ContainerSpec
from saga_verifier.isolation.placeholders import outside_names
from saga_verifier.provider_file.fields import EnvName, EnvText, Word

CONTAINER_PLACEHOLDERS = (
    "python",
    "port",
    "workdir",
    *(f"database_{part}" for part in ("url", "host", "port", "name", "user", "password")),
)
"""What may stand in braces in this part."""
ONE_SOURCE = "Name either an image or a dockerfile."

Image = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][A-Za-z0-9._:/@-]*$", max_length=500)]
Folder = Annotated[str, StringConstraints(pattern=r"^/[!-~]+$", max_length=500)]


class Bounds(Model):
    """Upper bounds of the container."""

    memory_mb: Annotated[int, Field(ge=16, le=1_000_000)] = 512
    processes: Annotated[int, Field(ge=2, le=100_000)] = 256
    tmp_mb: Annotated[int, Field(ge=1, le=100_000)] = 64


class Container(Model):
    """How the participant runs as a container."""

    image: Image | None = None
    """An image that the engine has or can fetch."""
    dockerfile: Word | None = None
    """Path of a Dockerfile, relative to the provider file."""
    command: Annotated[tuple[Word, ...], Field(min_length=1)] | None = None
    """Words for the image's entry point; placeholders allowed."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """Where it listens inside, on all addresses."""
    env: dict[EnvName, EnvText] = Field(default={}, repr=False)
    """Variables on top of `start.env`; placeholders and `${NAME}` allowed."""
    user: Word | None = None
    """Whom it runs as; default: the image's own user, or nobody where that is root."""
    limits: Bounds = Bounds()
    writable: tuple[Folder, ...] = ()
    """Further folders of the image that it may write in, when its user owns them there."""
    postgres_image: Image | None = None
    """Image of the PostgreSQL server that its database is on, with the official image's variables; None: the usual one."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.image is None) == (self.dockerfile is None):
            raise ValueError(ONE_SOURCE)
        return self

    def outside_names(self) -> tuple[str, ...]:
        """Give each NAME of `${NAME}` that the caller's environment must have."""
        return tuple(sorted({name for text in self.env.values() for name in outside_names(text)}))

    def spec(self, folder: Path) -> ContainerSpec:
        """Give what the backend needs.

        Args:
            folder: The folder of the provider file.
        """
        return ContainerSpec(
            image=self.image or "",
            dockerfile=None if self.dockerfile is None else folder / self.dockerfile,
            command=self.command,
            port=self.port,
            env=self.env,
            user=self.user,
            limits=Limits(self.limits.memory_mb, self.limits.processes, self.limits.tmp_mb),
            writable=self.writable,
        )
