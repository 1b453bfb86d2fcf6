"""Reads a provider file and brings it together with its surroundings: its folder, and the caller's environment."""

import difflib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from saga_contracts.errors import FaultyFileError, UsageError
from saga_contracts.read import positions
from saga_contracts.rim.redact import is_secret_name
from saga_verifier.isolation.placeholders import fill, literal, outside_names
from saga_verifier.isolation.spec import Health, Spec
from saga_verifier.provider_file import faults
from saga_verifier.provider_file.document import Document
from saga_verifier.provider_file.services import parted

SECRET_LENGTH = 8
PUBLIC = ("PATH",)
"""What every program inherits, and nobody hides."""


class ProviderFile(Document):
    """A provider file with what it needs of its surroundings."""

    folder: Path
    """Absolute path of the folder that holds the file."""
    outside: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """Values of `${NAME}`: secrets."""
    inherited: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """The variables of `pass_env` that the caller has."""
    lent: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """The variables that programs beside the participant may inherit, as far as the caller has them."""

    def spec(self) -> Spec:
        """Give what isolation needs to start the participant."""
        return Spec(
            name=self.provider,
            command=self.start.command,
            cwd=_joined(self.folder, self.start.cwd),
            env=self.start.env,
            outside=self.outside,
            inherited=self.inherited,
            health=Health(self.health.path and self._placed(self.health.path), self.health.timeout_s),
            port=self.start.port,
        )

    def calls_url(self, base_url: str) -> str:
        """Give what stands before the path of every call of a contract, at the running participant."""
        return base_url.rstrip("/") + self.base_path.rstrip("/")

    def states_url(self, base_url: str) -> str | None:
        """Give the address for state changes at the running participant, or None when it takes none."""
        return None if self.states is None else base_url.rstrip("/") + self._placed(self.states.path)

    def messages_url(self, base_url: str) -> str | None:
        """Give the address for messages at the running participant, or None when it names none."""
        return None if self.messages is None else base_url.rstrip("/") + self._placed(self.messages.path)

    @property
    def live_headers(self) -> dict[str, str]:
        """The headers of `headers`, with the values of the caller's environment in them: secrets."""
        return {name: fill(text, {}, self.outside) for name, text in self.headers.items()}

    @property
    def secrets(self) -> dict[str, str]:
        """Names and values that nothing may show that leaves a verification.

        What is inherited counts where its name or its length says so: `DEBUG=1` is no secret. A header counts by its name, and by
        the values of the caller's environment in it.
        """
        own = {name for name in self.lent if name not in PUBLIC}
        known = {**{name: self.lent[name] for name in own}, **self.spec().secrets}
        found = {name: value for name, value in known.items() if self._is_secret(name, value)}
        headers = {f"the header {name}": value for name, value in self.live_headers.items() if is_secret_name(name)}
        return {**headers, **found}

    def _is_secret(self, name: str, value: str) -> bool:
        return name in self.outside or is_secret_name(name) or len(value) >= SECRET_LENGTH

    def _placed(self, path: str) -> str:
        """Give a path from the participant's root on; one with `./` in front begins at the base path."""
        return self.base_path.rstrip("/") + path[1:] if path.startswith("./") else path


class ProviderFileError(FaultyFileError):
    """A provider file has faults."""

    kind = "provider file"


def load_provider_file(path: str | Path, environ: Mapping[str, str] | None = None) -> ProviderFile:
    """Read the provider file of one service; as `load_provider_files`.

    Raises:
        UsageError: when it has several, too.
    """
    found = load_provider_files(path, environ)
    if len(found) > 1:
        names = ", ".join(one.provider for one in found)
        raise UsageError(f"The provider file {path} has several services ({names}), and one is meant here. Name a file of one.")
    return found[0]


def load_provider_files(
    path: str | Path, environ: Mapping[str, str] | None = None, only: Collection[str] = ()
) -> tuple[ProviderFile, ...]:
    """Read a provider file: one service, or those of its `services`.

    Args:
        path: A YAML or JSON file.
        environ: The caller's environment; None: that of this process.
        only: Names of the services that are meant; empty: all. What the others need of the environment may be missing.

    Raises:
        ProviderFileError: with every fault of the file.
        UsageError: when the file cannot be read, or has no service of a name.
    """
    document = _document(path)
    folder = Path(path).resolve().parent
    surroundings = os.environ if environ is None else environ
    judged, found = faults.judged(document, folder, surroundings, only)
    if found:
        raise ProviderFileError(str(path), found)
    wanted = [one for one in judged if not only or one.provider in only]
    _check_known(str(path), judged, only)
    return tuple(_placed(one, folder, surroundings) for one in wanted)


def service_names(path: str | Path) -> tuple[str, ...]:
    """Give the names of the services in a provider file; what is wrong in it does not matter here.

    Raises:
        UsageError: when the file cannot be read.
    """
    found = [one.data for one in parted(_document(path))]
    return tuple(str(one["provider"]) for one in found if isinstance(one, Mapping) and "provider" in one)


def _document(path: str | Path) -> positions.Document:
    try:
        return positions.read_file(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"Cannot read the provider file {path}: {reason}. Name an existing YAML or JSON file.") from None


def _check_known(path: str, services: Sequence[Document], only: Collection[str]) -> None:
    known = [one.provider for one in services]
    for name in only:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            mend = f"Did you mean {close[0]}?" if close else f"It has: {', '.join(known)}."
            raise UsageError(f"The provider file {path} has no service {name!r}. {mend}")


def _placed(read: Document, folder: Path, environ: Mapping[str, str]) -> ProviderFile:
    programs = [*([read.token] if read.token is not None else []), *read.probes.values()]
    lent = {"PATH", *(name for one in programs for name in one.pass_env)}
    return ProviderFile(
        **dict(read),
        folder=folder,
        outside={name: environ[name] for name in sorted(set(_outside(read)))},
        inherited={name: environ[name] for name in read.start.pass_env if name in environ},
        lent={name: environ[name] for name in sorted(lent) if name in environ},
    )


def _outside(read: Document) -> Iterator[str]:
    """Give each NAME of `${NAME}` that the caller's environment must have."""
    programs = [*([read.token] if read.token is not None else []), *read.probes.values()]
    texts = [*read.start.env.values(), *read.headers.values(), *(text for one in programs for text in one.env.values())]
    texts += [url for one in read.probes.values() for url in (one.url, one.container_url) if url is not None]
    texts += [] if read.database is None else read.database.texts
    yield from (name for text in texts for name in outside_names(text))
    yield from () if read.container is None else read.container.outside_names()


def _joined(folder: Path, cwd: str) -> str:
    if cwd.startswith("{workdir}"):
        return cwd
    return os.path.normpath(cwd if Path(cwd).is_absolute() else f"{literal(str(folder))}/{cwd}")
