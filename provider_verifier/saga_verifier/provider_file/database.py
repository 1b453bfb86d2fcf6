"""Where the participant's own database is, for what is played beside its calls: a barrier of a race, a snapshot.

As `database: "sqlite:///{workdir}/billing.sqlite"`, or with two addresses:

    database: {url: "postgresql://app@127.0.0.1:5432/app", container_url: "{database_url}"}
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from saga_contracts.declare.saga import Model
from saga_verifier.provider_file.fields import Word


def _by_url(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


class Database(Model):
    """The address of the participant's own database, as SQLAlchemy names it; placeholders and `${NAME}` allowed."""

    url: Word = Field(repr=False)
    container_url: Word | None = Field(default=None, repr=False)
    """Its address where the participant runs as a container, such as `{database_url}`; None: `url`."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What is filled with values from outside."""
        return tuple(url for url in (self.url, self.container_url) if url is not None)

    def in_container(self) -> "Database":
        """Give it as it is reached where the participant runs as a container."""
        return Database(url=self.container_url or self.url)


DatabaseField = Annotated[Database, BeforeValidator(_by_url)]
"""A text alone is its address."""
