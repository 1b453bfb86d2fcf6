"""Reads and writes the files of a report: `report.html`, `report.json` and `junit.xml` of a run, and the results of several runs.

Several results become one report: those of providers (`sagapact verify --json`) and those of whole runs (their `report.json`).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_contracts.made import MadeFolder, claim
from saga_e2e import report
from saga_e2e.report import ReportData
from saga_e2e.report.data import ProviderResult
from saga_e2e.report.values import without_values
from saga_verifier import VERSION

PARTS = ("providers", "gates", "scenarios", "not_played", "shrunk", "kills", "figures")
MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Results:
    """Where the results of a run go.

    Attributes:
        folder: The folder, which was taken for them.
        hide: Gives a text without the secrets that are known by their value; everything that is written goes through it.
    """

    folder: MadeFolder
    hide: Callable[[str], str] = str

    @property
    def path(self) -> Path:
        """The folder's path."""
        return self.folder.path


def results_in(folder: Path, hide: Callable[[str], str] = str) -> Results:
    """Take a folder for the results of a run, before it begins.

    Raises:
        UsageError: when it holds files that sagapact did not make, or cannot be written to.
    """
    made = claim(folder)
    made.will_make("report.html", "report.json", "junit.xml")
    return Results(made, hide)


def write(out: Results, data: ReportData) -> None:
    """Write a report as a page, as JSON and as JUnit XML."""
    safe = without_values(data, out.hide)
    out.folder.write("report.html", report.render(safe))
    out.folder.write("report.json", report.as_json(safe))
    out.folder.write("junit.xml", report.as_junit(safe))


def join(files: Sequence[Path], saga: Saga | None = None) -> ReportData:
    """Read several results and give them as one report.

    Args:
        files: Results in JSON: of `sagapact verify --json`, or a `report.json`.
        saga: The saga that they are about; default: the one that a `report.json` holds.

    Raises:
        UsageError: with all faults of all files.
    """
    faults: list[str] = []
    read = [found for file in files if (found := _read(file, faults)) is not None]
    sagas = [one.saga for one in read if one.saga is not None] + ([saga] if saga else [])
    names = sorted({one.saga for one in sagas})
    if len(names) > 1:
        faults.append(f"They are about different sagas: {', '.join(names)}. Give those of one saga.")
    faults.extend(_named_twice(provider for one in read for provider in one.providers))
    if faults:
        raise UsageError("\n".join(["The results cannot be put into one report.", *(f"  {fault}" for fault in faults)]))
    parts = {part: tuple(item for one in read for item in getattr(one, part)) for part in PARTS}
    return ReportData(
        title=f"Sagapact: {names[0]}" if names else "Sagapact report",
        generated_at=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
        sagapact=VERSION,
        saga=saga or next(iter(sagas), None),
        traffic=next((one.traffic for one in read if one.traffic is not None), None),
        **parts,
    )


def read(file: Path) -> ReportData:
    """Read one result as it was written.

    Raises:
        UsageError: when it is none.
    """
    faults: list[str] = []
    found = _read(file, faults)
    if found is None:
        raise UsageError(" ".join(faults))
    return found


def _read(file: Path, faults: list[str]) -> ReportData | None:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            faults.append(f"{file} is longer than {MAX_FILE_BYTES} bytes. Give the file that sagapact wrote.")
            return None
        return _data(json.loads(file.read_bytes()))
    except OSError as error:
        faults.append(f"{file} cannot be read: {error.strerror or error}. Name a file that is there.")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        faults.append(f"{file}: {place}: {first['msg']}. Give the file as sagapact wrote it.")
    except (ValueError, RecursionError):
        faults.append(f"{file} is no result of sagapact. Give what `sagapact verify --json` printed, or a report.json.")
    return None


def _data(document: Any) -> ReportData:
    """Read one result.

    Raises:
        ValueError: It is neither kind of result.
    """
    fields = document if isinstance(document, dict) else {}
    if {"provider", "pacts"} <= fields.keys():
        return ReportData(providers=(ProviderResult.model_validate(fields),))
    if set(PARTS) & fields.keys():
        return ReportData.model_validate(fields)
    raise ValueError("It is neither a provider's result nor a report.")


def _named_twice(providers: Iterable[ProviderResult]) -> Iterator[str]:
    counted = Counter(f"{one.provider} {one.version}".strip() for one in providers)
    for name, count in counted.items():
        if count > 1:
            yield f"The result of {name} is given {count} times. Give only the one that counts."
