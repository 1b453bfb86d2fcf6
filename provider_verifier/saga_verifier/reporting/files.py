"""Writing results where they were asked for: whole or not at all, and known to work before anything is started."""

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saga_contracts.errors import SagapactError, UsageError
from saga_verifier.reporting import github, gitlab, junit, page
from saga_verifier.reporting.view import Provider

SUMMARY = "GITHUB_STEP_SUMMARY"
_FORMATS: dict[str, Callable[[Sequence[Provider]], str]] = {
    "junit": junit.junit,
    "html": page.page,
    "gitlab": gitlab.code_quality,
}
_MEND = "Name a file in a folder that can be written to."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written.

    Attributes:
        files: Where, by format: `junit`, `html`, `gitlab`.
        github: Are annotations printed, and a summary written to what `GITHUB_STEP_SUMMARY` names?
        as_json: Is the outcome printed as JSON instead of as text?
    """

    files: Mapping[str, Path]
    github: bool = False
    as_json: bool = False

    def check(self) -> None:
        """See that every file can be written, before anything is started.

        Raises:
            UsageError: when one cannot, nor the summary of a GitHub step, or two formats name the same.
        """
        named: dict[Path, str] = {}
        for form, path in self.files.items():
            other = named.setdefault(path.absolute(), form)
            if other != form:
                raise UsageError(f"--{other} and --{form} both name {path}. Give each a file of its own.")
            _try(path)
        if self.summary is not None:
            _append(self.summary, "", UsageError)

    @property
    def summary(self) -> Path | None:
        """Where the summary of a GitHub step goes; None: nowhere."""
        named = os.environ.get(SUMMARY, "") if self.github else ""
        return Path(named) if named else None

    def write(self, providers: Sequence[Provider]) -> None:
        """Write the files, and the summary of a GitHub step.

        Raises:
            SagapactError: when one cannot be written any more.
        """
        for form, path in self.files.items():
            write(path, _FORMATS[form](providers))
        if self.summary is not None:
            _append(self.summary, github.summary(providers), SagapactError)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        SagapactError: when it cannot be written.
    """
    part = _beside(path)
    try:
        part.write_text(text, encoding="utf-8", errors="replace")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SagapactError(f"Cannot write {path}: {error.strerror or error}. {_MEND}") from None


def _try(path: Path) -> None:
    """Write an empty file beside it, and take it away: an earlier result stays until there is a new one."""
    part = _beside(path)
    try:
        if path.is_dir():
            raise UsageError(f"Cannot write {path}: it is a folder. Name a file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        part.unlink()
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror or error}. {_MEND}") from None


def _append(path: Path, text: str, failed: type[SagapactError]) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        why = f"Cannot write the step's summary to {path} ({SUMMARY}): {error.strerror or error}."
        raise failed(f"{why} Correct the variable, or leave the summary out with --no-github.") from None


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
