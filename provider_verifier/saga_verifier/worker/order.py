"""A job's folder: what the process needs that does the job, and the process itself, with an environment of chosen names only."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saga_broker.client.jobs import AnnouncementRecord, JobRecord
from saga_contracts.errors import SagapactError
from saga_contracts.wire import exact
from saga_verifier.worker import child
from saga_verifier.worker.nursing import Nursery
from saga_verifier.worker.unpacking import unpack

PROVIDER, LOG, FILE = "provider", "log", "provider.yaml"
MAX_LOG_BYTES = 256_000
_LOOK_S = 0.1


class TookTooLongError(SagapactError):
    """A job did not end in its time."""


class StoppedError(SagapactError):
    """A job was ended since it is not this worker's any more, or since the worker ends."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a job may do.

    Attributes:
        isolation: How a provider is started that was announced without an image.
        faults: The most faults in one history.
        timeout_s: How long a job may take.
        env: What provider files may ask for of this worker's environment.
    """

    isolation: str
    faults: int
    timeout_s: float
    env: Mapping[str, str]


def lay_out(
    folder: Path, job: JobRecord, announced: AnnouncementRecord, archive: bytes | None, contract: bytes, bounds: Bounds
) -> None:
    """Fill a job's folder.

    Raises:
        ArchiveError: The archive cannot be opened.
        OSError: There is no room.
    """
    root = folder / PROVIDER
    root.mkdir()
    if archive is not None:
        unpack(archive, root)
    place = _place(root, announced.provider_file)
    order = {
        "consumer": job.consumer,
        "number": job.provider_version,
        "provider_file": str(place.relative_to(folder)),
        "image": announced.image,
        "isolation": bounds.isolation,
        "faults": bounds.faults,
    }
    (folder / child.ORDER).write_text(json.dumps(order), encoding="utf-8")
    (folder / child.CONTRACT).write_bytes(contract)


def _place(root: Path, text: str) -> Path:
    """Give where the provider file stands: its place in the archive, where it is the same file, else at the archive's root."""
    raw = text.encode()
    for path in sorted(root.rglob("*.y*ml")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size == len(raw) and path.read_bytes() == raw:
            return path
    free = root / FILE
    if free.exists():
        free = root / f"announced-{FILE}"
    free.write_bytes(raw)
    return free


def run_child(folder: Path, bounds: Bounds, stop: threading.Event, nursery: Nursery) -> dict[str, Any]:
    """Do the job of a folder in a process of its own; what it says is in the folder's log.

    Returns:
        The result.

    Raises:
        TookTooLongError: It was ended since its time was over.
        StoppedError: It was ended by `stop`.
        SagapactError: It ended without a result.
    """
    until = time.monotonic() + bounds.timeout_s
    with nursery.job(folder) as job:
        while not job.wait(_LOOK_S):
            if stop.is_set():
                raise StoppedError("The job was ended: it is not this worker's any more, or the worker ends.")
            if time.monotonic() > until:
                raise TookTooLongError(
                    f"The verification took more than {bounds.timeout_s:g} s and was ended. Mend what hangs, or give workers "
                    "more time by --job-timeout."
                )
    return _result(folder, job.status or 0)


def log_of(folder: Path) -> str:
    """Give the end of what was said in a job's process."""
    path = folder / LOG
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MAX_LOG_BYTES))
        return file.read().decode(errors="replace")


def _result(folder: Path, status: int) -> dict[str, Any]:
    path = folder / child.RESULT
    if not path.is_file():
        last = log_of(folder).strip().splitlines()[-5:]
        said = f" Its last words: {' / '.join(last)}" if last else ""
        raise SagapactError(f"The job's process ended with status {status} and without a result.{said}")
    found = exact.loads(path.read_bytes())
    assert isinstance(found, dict)  # noqa: S101  (written by `child`)
    return found
