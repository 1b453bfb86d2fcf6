"""The digest of what a participant is made of: its files, its lock files, what is started, and its provider file."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from saga_contracts.errors import UsageError
from saga_verifier.isolation.interface import Isolation
from saga_verifier.provider_file import ProviderFile

MOST_FILES = 20_000
_HARMLESS = ("PATH", "HOME", "USER", "PWD", "TMPDIR", "TERM", "SHELL")
"""Variables that differ from machine to machine, and do not change what a participant does."""
_LEFTOVERS = ("__pycache__", ".pyc")


def digest_of(provider: ProviderFile, isolation: Isolation) -> str | None:
    """Give the digest of a participant's artefact; None: nothing says what it is made of.

    Raises:
        UsageError: when a pattern or lock file matches nothing, so that its changes would not be seen.
    """
    image_of = getattr(isolation, "image_digest", None)  # of containers only
    image = image_of(provider.provider) if image_of is not None else None
    if provider.artefact is None and image is None:
        return None
    found = hashlib.sha256()
    for name, content in (*_about(provider), *_files(provider), (type(isolation).__name__, str(image))):
        found.update(f"{name}\0{content}\0".encode())
    return found.hexdigest()


def _about(provider: ProviderFile) -> Iterator[tuple[str, str]]:
    """Give the provider file, the values that it takes from outside (in the digest only), and what is started."""
    written = provider.model_dump(mode="json", exclude={"folder", "outside", "inherited", "lent"})
    yield "provider file", json.dumps(written, sort_keys=True)
    for name, value in sorted({**provider.lent, **provider.inherited, **provider.outside}.items()):
        if name not in _HARMLESS:
            yield f"${name}", value
    command = provider.start.command[0]
    program = None if command == "{python}" else shutil.which(command, path=provider.lent.get("PATH"))
    yield "started", _sha(Path(program)) if program is not None else f"{command} {sys.version}"


def _files(provider: ProviderFile) -> Iterator[tuple[str, str]]:
    """Give the files of the artefact with their digests."""
    if provider.artefact is None:
        return
    found = {provider.folder / one.pact for one in provider.depends or () if one.pact is not None}
    for pattern in (*provider.artefact.globs, *provider.artefact.lock):
        matches = _matches(provider.folder, pattern)
        if not matches:
            raise UsageError(
                f"`artefact` of {provider.provider}: {pattern!r} matches no file in {provider.folder}, so that no change "
                "would be seen. Correct it; it is relative to the provider file."
            )
        found |= matches
    if len(found) > MOST_FILES:
        raise UsageError(
            f"`artefact` of {provider.provider} matches {len(found)} files (at most {MOST_FILES}). Narrow its globs."
        )
    yield from sorted((os.path.relpath(path, provider.folder), _sha(path)) for path in found)


def _matches(folder: Path, pattern: str) -> set[Path]:
    try:
        found = list(folder.glob(pattern))
    except (NotImplementedError, ValueError):
        raise UsageError(f"`artefact`: {pattern!r} is no pattern. Write it relative to the provider file.") from None
    return {path for path in found if path.is_file() and not any(part.endswith(_LEFTOVERS) for part in path.parts)}


def _sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
