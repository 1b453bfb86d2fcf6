"""Programs that a provider file lets run beside the participant: what gives a token, what reads an effect.

token:
  command: ["{python}", "log_in.py", "{base_url}"]
  env: {CLIENT_SECRET: "${CLIENT_SECRET}"}
  header: Authorization
  format: "Bearer {token}"
  lasts_s: 300
"""

from typing import Annotated

from pydantic import Field

from saga_contracts.declare.saga import Model
from saga_verifier.provider_file.fields import EnvName, EnvText, HeaderName, HeaderText, Word

TOKEN = "{token}"  # noqa: S105  (its place)
PROGRAM_PLACEHOLDERS = ("python", "port", "workdir", "base_url")
"""What may stand in braces in a command and its environment."""


class Program(Model):
    """A program, the whole of its environment, and how long it may take."""

    env: dict[EnvName, EnvText] = Field(default={}, repr=False)
    """Its environment; placeholders allowed, and `${NAME}` for a value of the caller's environment."""
    pass_env: tuple[EnvName, ...] = ()
    """Variables that it inherits from the caller; besides these only PATH is inherited."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0


class Token(Program):
    """A command whose output is a token, and the header that carries it."""

    command: Annotated[tuple[Word, ...], Field(min_length=1)]
    """Program and arguments; placeholders allowed. What it prints, without blanks at both ends, is the token."""
    header: HeaderName = "Authorization"
    format: HeaderText = f"Bearer {TOKEN}"
    """The header's value, with `{token}` in it."""
    lasts_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    """After so many seconds a new one is asked for."""
