"""The part `artefact` of a provider file: which files the participant is made of, so that unchanged results can be reused.

    artefact: {globs: ["app/**/*.py", "config/*.yaml"], lock: [requirements.txt]}

Paths are relative to the provider file. What is started (interpreter or program) and the provider file itself always count.
"""

from typing import Annotated

from pydantic import Field

from saga_contracts.declare.saga import Model
from saga_verifier.provider_file.fields import Word


class Artefact(Model):
    """What the participant is made of."""

    globs: Annotated[tuple[Word, ...], Field(min_length=1, max_length=100)]
    """Its files; `**` stands for folders at any depth."""
    lock: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    """Files that pin what it depends on."""
