"""Reads a provider file and brings it together with its surroundings: its folder, and the caller's environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from saga_contracts.errors import FaultyFileError, UsageError
from saga_contracts.read import positions
from saga_contracts.rim.redact import is_secret_name
from saga_verifier.isolation.placeholders import literal, outside_names
from saga_verifier.isolation.spec import Health, Spec
from saga_verifier.provider_file import faults
from saga_verifier.provider_file.document import Document

SECRET_LENGTH = 8


class ProviderFile(Document):
    """A provider file with what it needs of its surroundings."""

    folder: Path
    """Absolute path of the folder that holds the file."""
    outside: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """Values of `${NAME}`: secrets."""
    inherited: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """The variables of `pass_env` that the caller has."""

    def spec(self) -> Spec:
        """Give what isolation needs to start the participant."""
        return Spec(
            name=self.provider,
            command=self.start.command,
            cwd=_joined(self.folder, self.start.cwd),
            env=self.start.env,
            outside=self.outside,
            inherited=self.inherited,
            health=Health(self.health.path, self.health.timeout_s),
        )

    def states_url(self, base_url: str) -> str | None:
        """Give the address for state changes at the running participant, or None when it takes none."""
        return None if self.states is None else base_url.rstrip("/") + self.states.path

    def messages_url(self, base_url: str) -> str | None:
        """Give the address for messages at the running participant, or None when it names none."""
        return None if self.messages is None else base_url.rstrip("/") + self.messages.path

    @property
    def secrets(self) -> dict[str, str]:
        """Names and values that nothing may show that leaves a verification.

        What is inherited counts where its name or its length says so: `DEBUG=1` is no secret.
        """
        known = self.spec().secrets
        return {
            name: value
            for name, value in known.items()
            if name in self.outside or is_secret_name(name) or len(value) >= SECRET_LENGTH
        }


class ProviderFileError(FaultyFileError):
    """A provider file has faults."""

    kind = "provider file"


def load_provider_file(path: str | Path, environ: Mapping[str, str] | None = None) -> ProviderFile:
    """Read a provider file.

    Args:
        path: A YAML or JSON file.
        environ: The caller's environment; None: that of this process.

    Raises:
        ProviderFileError: with every fault of the file.
        UsageError: when the file cannot be read.
    """
    try:
        document = positions.read_file(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"Cannot read the provider file {path}: {reason}. Name an existing YAML or JSON file.") from None
    folder = Path(path).resolve().parent
    surroundings = os.environ if environ is None else environ
    read, found = faults.judged(document, folder, surroundings)
    if read is None or found:
        raise ProviderFileError(str(path), found)
    return _placed(read, folder, surroundings)


def _placed(read: Document, folder: Path, environ: Mapping[str, str]) -> ProviderFile:
    names = {name for text in read.start.env.values() for name in outside_names(text)}
    names.update(() if read.container is None else read.container.outside_names())
    return ProviderFile(
        **dict(read),
        folder=folder,
        outside={name: environ[name] for name in sorted(names)},
        inherited={name: environ[name] for name in read.start.pass_env if name in environ},
    )


def _joined(folder: Path, cwd: str) -> str:
    return cwd if cwd.startswith("{workdir}") else os.path.normpath(f"{literal(str(folder))}/{cwd}")
