"""The folder of results: one JSON file for each artefact of a participant, bounded, written whole or not at all."""

import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Evidence
from saga_verifier.verdicts import Broken

MOST_FILES = 50
MOST_RESULTS = 20_000
MOST_BYTES = 50_000_000
LEFT_S = 24 * 3600
"""A draft that is older was left by a run that was ended."""


class Stored(BaseModel):
    """One result as it was found out.

    Attributes:
        made: The day, as `2026-11-28`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: str
    verdict: Verdict
    text: str = ""
    broken: tuple[Broken, ...] = ()
    mismatches: tuple[str, ...] = ()
    seen: frozenset[Evidence] = frozenset()
    unseen: tuple[str, ...] = ()
    calls: tuple[dict[str, Any], ...] = ()
    inapplicable: str = ""
    how: str = ""


class Whole(BaseModel):
    """A file of results."""

    model_config = ConfigDict(extra="forbid")

    format: int = 1
    artefact: str
    results: dict[str, Stored] = {}


def path_of(folder: Path, provider: str, artefact: str) -> Path:
    """Give the file of an artefact."""
    return folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', provider)[:80]}-{artefact[:16]}.json"


def read(path: Path, artefact: str) -> tuple[dict[str, Stored], str]:
    """Give the results of an artefact by their keys, and why there are none although there is a file."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}, f"the results in {path} are not reused: the file is longer than {MOST_BYTES} bytes"
        whole = Whole.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"the results in {path} are not reused: {error.strerror or error}"
    except ValidationError:
        return {}, f"the results in {path} are not reused: the file is damaged. It is written anew"
    return (whole.results, "") if whole.format == 1 and whole.artefact == artefact else ({}, "")


def write(path: Path, artefact: str, results: dict[str, Stored]) -> str:
    """Write the results, the oldest ones away where they are too many; give why that was not possible, if it was not."""
    newest = sorted(results.items(), key=lambda one: one[1].made)[-MOST_RESULTS:]
    whole = Whole(artefact=artefact, results=dict(sorted(newest)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".new", delete=False, encoding="utf-8") as draft:
            draft.write(json.dumps(whole.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, sort_keys=True))
        os.replace(draft.name, path)  # noqa: PTH105  (the file may be there)
        _tidy(path.parent)
    except OSError as error:
        return f"the results were not kept for reuse in {path.parent}: {error.strerror or error}"
    return ""


def _tidy(folder: Path) -> None:
    files = sorted(folder.glob("*-*.json"), key=lambda one: one.stat().st_mtime)
    drafts = [one for one in folder.glob("*.new") if time.time() - one.stat().st_mtime > LEFT_S]
    for old in (*files[:-MOST_FILES], *drafts):
        old.unlink(missing_ok=True)
