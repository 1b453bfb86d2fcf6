"""Several providers in one run: their files, how many are verified at the same time, and the order in which they are told."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from saga_contracts.errors import UsageError
from saga_verifier.isolation.watch import Watch
from saga_verifier.provider_file import ProviderFile, load_provider_files, service_names
from saga_verifier.run import ProviderOutcome


def loaded(paths: Sequence[Path], only: Collection[str]) -> list[tuple[Path, ProviderFile]]:
    """Give the providers of all files, each with its file.

    Args:
        paths: The provider files.
        only: Names of the providers that are meant; empty: all.

    Raises:
        ProviderFileError: with every fault of a file.
        UsageError: when a file cannot be read, a name is in none of them, or in two.
    """
    if len(paths) == 1:
        return [(paths[0], one) for one in load_provider_files(paths[0], only=only)]
    known = {path: service_names(path) for path in paths}
    unknown = [name for name in only if not any(name in names for names in known.values())]
    if unknown:
        there = ", ".join(name for names in known.values() for name in names)
        raise UsageError(f"No provider file names {', '.join(unknown)}. They name: {there}.")
    chosen = {path: [name for name in names if name in only] for path, names in known.items()}
    found = [(path, one) for path in paths if chosen[path] or not only for one in load_provider_files(path, only=chosen[path])]
    _check_once(found)
    return found


def at_once(providers: Sequence[ProviderFile], jobs: int | None) -> int:
    """Give how many providers are verified at the same time: as many as there are cores, where their ports do not forbid it."""
    ports = [one.start.port for one in providers if one.start.port is not None]
    if len(set(ports)) < len(ports):
        return 1
    return max(1, min(len(providers), jobs or os.cpu_count() or 1))


def verified(
    verify: Callable[[ProviderFile], ProviderOutcome], providers: Sequence[ProviderFile], workers: int, watch: Watch
) -> Iterator[ProviderOutcome]:
    """Verify providers, and give their outcomes in the order of the files, each as soon as those before it are there.

    Args:
        verify: Verifies one.
        providers: All of them.
        workers: How many at the same time.
        watch: Ends what was started, when this is interrupted.
    """
    if workers == 1:
        yield from map(verify, providers)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="provider")
    try:
        yield from pool.map(verify, providers)
    except BaseException:
        watch.end()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _check_once(found: Sequence[tuple[Path, ProviderFile]]) -> None:
    first: dict[str, Path] = {}
    for path, one in found:
        if one.provider in first:
            raise UsageError(f"{one.provider} stands in {first[one.provider]} and in {path}. Name one of them.")
        first[one.provider] = path
