"""Which version is deployed: a command that starts it, an image, an image's tag, or a revision of the provider's repository.

`command:`, `image:` and `git:` before it say what is meant. Without these, by isolation:

    process      with blanks: a command; a revision that git knows: that one
    container    with `/`, `:` or `@`: an image; another word: the tag of the provider file's image
"""

import io
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any

from saga_contracts.errors import SagapactError, UsageError
from saga_verifier.provider_file import ProviderFile

OPTION = "--upgrade-from"
GIT_TIMEOUT_S = 120.0
_SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""From Python 3.11.4 on; before that, what git itself has packed has no path that leaves the folder."""


class Kind(StrEnum):
    """What names the deployed version; with a colon also the word before it that says so."""

    COMMAND = "command"
    IMAGE = "image"
    REVISION = "git"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The deployed version.

    Attributes:
        kind: What names it.
        text: The command line, the image, or the revision.
        label: How results call it.
        containers: Does it run as a container?
    """

    kind: Kind
    text: str
    label: str
    containers: bool = False

    def name_of(self, provider: ProviderFile) -> str:
        """Give how messages, and isolation, call the program."""
        return f"{provider.provider} ({self.label})"


def recognised(given: str, provider: ProviderFile, *, containers: bool) -> Deployed:
    """Tell what is meant by what was given for `--upgrade-from`.

    Args:
        given: The option's value.
        provider: The candidate's provider file.
        containers: Does it run as a container?

    Raises:
        UsageError: when it can be nothing of the three, or several of them, or does not fit the isolation.
    """
    word, _, rest = given.partition(":")
    said = next((kind for kind in Kind if word == kind and rest.strip()), None)
    text = rest.strip() if said is not None else given.strip()
    if not text:
        raise UsageError(f"{OPTION} is empty. Name a revision, an image or a command that starts the deployed version.")
    kind = said or (_in_a_container(text) if containers else _as_a_process(text, provider))
    if containers and kind == Kind.IMAGE and said is None:
        text = _with_its_tag(text, provider)
    _check(kind, text, provider, containers=containers)
    return Deployed(kind, text, "deployed" if kind == Kind.COMMAND else given.removeprefix(f"{kind}:").strip(), containers)


@contextmanager
def ready(deployed: Deployed, provider: ProviderFile) -> Iterator[ProviderFile]:
    """Give the provider file with which the deployed version is started; a checkout lasts as long as the block.

    Raises:
        SagapactError: when the revision cannot be checked out.
    """
    if deployed.kind == Kind.REVISION:
        with _checked_out(deployed.text, provider.folder) as folder:
            yield provider.model_copy(update={"folder": folder})
        return
    words = tuple(shlex.split(deployed.text))
    if not deployed.containers:
        yield provider.model_copy(update={"start": provider.start.model_copy(update={"command": words})})
        return
    change = {"command": words} if deployed.kind == Kind.COMMAND else {"image": deployed.text, "dockerfile": None}
    container = provider.container and provider.container.model_copy(update=change)
    yield provider.model_copy(update={"container": container})


def _in_a_container(text: str) -> Kind:
    return Kind.COMMAND if len(text.split()) > 1 else Kind.IMAGE


def _as_a_process(text: str, provider: ProviderFile) -> Kind:
    if len(text.split()) > 1:
        return Kind.COMMAND
    is_revision = _commit(text, provider.folder) is not None
    is_program = shutil.which(text) is not None or (provider.folder / text).is_file()
    if is_revision and is_program:
        raise UsageError(
            f"{OPTION} {text} is a revision of the provider's repository, and a program as well. "
            f"Write {OPTION} git:{text} or {OPTION} command:{text}."
        )
    if not is_revision and not is_program:
        raise UsageError(
            f"{OPTION} {text} is neither a revision that git knows in {provider.folder}, nor a command. Fetch the revision "
            "(a shallow clone may lack it), write a command line, or name an image and add --isolation container."
        )
    return Kind.REVISION if is_revision else Kind.COMMAND


def _with_its_tag(text: str, provider: ProviderFile) -> str:
    """Give an image's name: of a word alone, that of the provider file with the word as its tag."""
    if any(mark in text for mark in "/:@"):
        return text
    image = provider.container.image if provider.container is not None else None
    if image is None:
        raise UsageError(
            f"{OPTION} {text} is a tag, and the provider file names no image that it could be of. "
            f"Name the whole image, such as registry/{provider.provider}:{text}."
        )
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}:{text}"


def _check(kind: Kind, text: str, provider: ProviderFile, *, containers: bool) -> None:
    """Refuse what does not fit the isolation."""
    if kind == Kind.IMAGE and not containers:
        raise UsageError(f"{OPTION} {text} is an image, which needs --isolation container. Add that, or write a command.")
    if kind == Kind.REVISION and containers and (provider.container is None or provider.container.dockerfile is None):
        raise UsageError(
            f"{OPTION} git:{text} cannot be built: the provider file names no `dockerfile`. Name the image of that version."
        )
    if kind == Kind.REVISION and _commit(text, provider.folder) is None:
        raise UsageError(f"{OPTION}: git knows no revision {text} in {provider.folder}. Fetch it, or correct its name.")
    if kind == Kind.REVISION and PurePath(provider.start.cwd).is_absolute():
        raise UsageError(
            f"{OPTION} {text} cannot be started from a checkout: `cwd` of the provider file ({provider.start.cwd}) begins at the "
            "root. Write it from the file's folder on, or write a command that starts the deployed version."
        )
    if kind == Kind.COMMAND and not _words(text):
        raise UsageError(f"{OPTION}: the command cannot be parted into words. Close its quotes.")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _commit(text: str, folder: Path) -> str | None:
    """Give the id of a revision's commit, or None where git knows none."""
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    except SagapactError:
        return None
    return found.decode().strip() or None


@contextmanager
def _checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """Put a revision into a fresh folder; give there the provider file's folder."""
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip()).resolve()
    archive = _git(top, "archive", "--format=tar", str(_commit(revision, folder)))
    with tempfile.TemporaryDirectory(prefix="sagapact-deployed-") as fresh:
        try:
            with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
                packed.extractall(fresh, **_SAFELY)  # noqa: S202  (packed by git itself)
        except (tarfile.TarError, OSError) as error:
            raise SagapactError(
                f"The revision {revision} cannot be put into a folder: {error}. Write a command that starts it."
            ) from None
        there = Path(fresh) / folder.resolve().relative_to(top)
        if not there.is_dir():
            raise SagapactError(
                f"The revision {revision} has no folder {there.relative_to(fresh)}. Write a command that starts that version."
            )
        yield there


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, timeout=GIT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SagapactError(f"git cannot be asked ({type(error).__name__}). Install it, or write a command.") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise SagapactError(f"git {words[0]} failed: {said or 'it said nothing'}. Mend that, or write a command.")
    return done.stdout
