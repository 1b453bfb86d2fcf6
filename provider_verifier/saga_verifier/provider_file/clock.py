"""How the participant's clock is moved forward, and how long it promises to know a key (O30).

clock: {keeps_s: 172800, env: {CLOCK_AHEAD_S: "{seconds}"}}       # at a start
clock: {keeps_s: 172800, path: /_clock}                           # POST {"ahead_s": 155520}, and {"ahead_s": 0} afterwards
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from saga_contracts.declare.saga import Model
from saga_verifier.provider_file.fields import EnvName, EnvText, UrlPath

ONE_WAY = "Write either `env` or `path`."
SECONDS = "{seconds}"


class Clock(Model):
    """One way to move the clock."""

    keeps_s: Annotated[int, Field(gt=0, le=10_000_000_000)]
    """For how many seconds a key is known: longer than the longest saga and the checker's delay."""
    env: Annotated[dict[EnvName, EnvText], Field(min_length=1)] | None = None
    """Variables that a start has besides, with `{seconds}` for how far ahead the clock is."""
    path: UrlPath | None = None
    """Takes `{"ahead_s": N}` by POST while it runs."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.env is None) == (self.path is None):
            raise ValueError(ONE_WAY)
        return self

    def variables(self, seconds: int) -> dict[str, str]:
        """Give the variables of a start with the clock so many seconds ahead."""
        return {name: text.replace(SECONDS, str(seconds)) for name, text in (self.env or {}).items()}
