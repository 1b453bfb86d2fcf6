"""The options of `sagapact verify` that say what becomes of the results, for the command to take over as one value."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from saga_verifier.reporting.files import Wanted

_FILES = {
    "junit": "Write the results as JUnit XML into this file.",
    "html": "Write the results as one HTML page into this file.",
    "gitlab": "Write what was found as a Code Quality report for GitLab into this file.",
}


def result_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of its results; it gets them as one argument, `wanted`."""

    @functools.wraps(command)
    def with_results(*args: Any, as_json: bool, github: bool | None, **values: Any) -> None:
        files = {name: path for name in _FILES if (path := values.pop(f"{name}_file")) is not None}
        in_github = os.environ.get("GITHUB_ACTIONS") == "true" if github is None else github
        command(*args, wanted=Wanted(files, in_github, as_json), **values)

    decorated: Callable[..., None] = with_results
    for name, text in reversed(_FILES.items()):
        decorated = click.option(f"--{name}", f"{name}_file", type=click.Path(path_type=Path), metavar="FILE", help=text)(
            decorated
        )
    on_github = "Annotate, and write the step's summary; default: where GITHUB_ACTIONS is true."
    decorated = click.option("--github/--no-github", default=None, help=on_github)(decorated)
    return click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")(decorated)
