"""Pacts from files and folders: those of one provider, each read by itself."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.wire import exact
from saga_verifier import replay
from saga_verifier.pacts.source import Loaded, Source
from saga_verifier.verdicts import Origin

MAX_BYTES = 100_000_000


def sources(paths: Sequence[Path], provider: str) -> tuple[Source, ...]:
    """Give the pacts of a provider in files, and in the `*.json` of folders and their folders.

    A file that is no pact is given too: it ends as what could not be found out.

    Raises:
        UsageError: when a path is not there, a file is the pact of another provider, or nothing is left to verify.
    """
    found = [one for path in paths for one in _sources(path, provider)]
    unique = {one.name: one for one in found}
    if not any(_is_pact(one) for one in unique.values()):
        raise UsageError("\n".join(_reason(one) for one in unique.values()))
    return tuple(unique.values())


def _sources(path: Path, provider: str) -> Iterator[Source]:
    if not path.is_dir():
        yield _named_file(path, provider)
        return
    files = sorted(one for one in path.rglob("*.json") if one.is_file())
    if not files:
        raise UsageError(
            f"The folder {path} holds no pact file (*.json), so nothing would be checked. Run the contract tests first, or "
            "correct --pact."
        )
    ours = [one for one in files if _provider(one) in (provider, None)]
    if not ours:
        others = sorted({str(_provider(one)) for one in files})
        raise UsageError(
            f"None of the {len(files)} pact files in {path} is with {provider}; they are with {', '.join(others)}. Correct "
            "--pact, or `provider` in the provider file."
        )
    yield from map(_source, ours)


def _named_file(path: Path, provider: str) -> Source:
    if not path.is_file():
        raise UsageError(f"Cannot read the pact file {path}: there is no such file. Name an existing file or folder.")
    other = _provider(path)
    if other not in (provider, None):
        raise UsageError(
            f"{path} is a pact with {other}, but the provider file is that of {provider}. Name one of {provider}, or a folder of "
            "pacts."
        )
    return _source(path)


def _source(path: Path) -> Source:
    return Source(str(path), False, partial(_load, path))


def _load(path: Path) -> Loaded:
    return Loaded(_read(path), Origin(place=str(path)))


def _read(path: Path) -> Any:
    """Read a file.

    Raises:
        SagapactError: when it is no JSON.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SagapactError(f"{path} is no pact file: it has more than {MAX_BYTES} bytes. Name a pact file.")
        return exact.loads(path.read_bytes())
    except OSError as error:
        raise SagapactError(f"Cannot read the pact file {path}: {error.strerror or error}. Make it readable.") from None
    except ValueError as error:
        raise SagapactError(f"{path} is no pact file: it is not JSON ({error}). {replay.WRITTEN}") from None


def _provider(path: Path) -> str | None:
    """Give whose pact a file is; None: that cannot be told."""
    try:
        return replay.parties(_read(path))[1]
    except SagapactError:
        return None


def _is_pact(source: Source) -> bool:
    return _reason(source) == ""


def _reason(source: Source) -> str:
    """Say why a file is no pact; empty when it is one."""
    try:
        replay.parties(source.load().document)
    except SagapactError as error:
        return str(error) if source.name in str(error) else f"{source.name}: {error}"
    return ""
