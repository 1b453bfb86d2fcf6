"""The one command, `sagapact`: finds its parts by entry point and loads only the part that is asked for.

Each package registers its own part in the group `sagapact.commands`; this module knows none of them by import, so the
lowest package can own the command. A part whose extra is missing says which extra to install.
"""

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec

import click

from saga_contracts.errors import DEBUG, SagapactError, UsageError, crash

GROUP = "sagapact.commands"
INTERRUPTED = 130
NEEDS = {
    "saga_broker.serve.commands": ("fastapi", "broker"),
    "saga_e2e.commands": ("aiohttp", "e2e"),
}
"""By the module of a part: a package that its extra brings, and the extra."""


class _Parts(click.Group):
    """A click group whose subcommands are loaded when they are used, not when the program starts."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(_entry_points())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = _entry_points().get(cmd_name)
        return None if entry is None else _load(entry)


def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _load(entry: EntryPoint) -> click.Command:
    package, extra = NEEDS.get(entry.module, ("", ""))
    if package and find_spec(package) is None:
        return _explain_missing(entry.name, extra, package)
    command = entry.load()
    if not isinstance(command, click.Command):
        msg = f"entry point {entry.name} is not a command"
        raise TypeError(msg)
    return command


def _explain_missing(name: str, extra: str, package: str) -> click.Command:
    @click.command(name, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
    def explain() -> None:
        click.echo(
            f"Cannot run `sagapact {name}`: {package} is not installed, since this is part of the extra [{extra}]. "
            f"Install it with: pip install 'sagapact[{extra}]'",
            err=True,
        )
        sys.exit(4)

    explain.short_help = f"(needs the extra [{extra}])"
    return explain


@click.group(cls=_Parts, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("sagapact"), prog_name="sagapact")
def sagapact() -> None:
    """Consumer-driven contract testing for sagas."""


def main() -> None:
    """Run the command line; exit status 0 yes, 1 no, 2 wrong usage, 3 unknown, 4 could not find out (130 interrupted).

    A defect of ours is "could not find out", told in one sentence; SAGAPACT_DEBUG shows where it happened. So is what could not
    be told, since nobody reads the output any more or its disk is full: no status of ours then stands for a verdict.
    """
    output = sys.stdout
    try:
        status = sagapact.main(standalone_mode=False)
    except SagapactError as error:
        _complain(str(error))
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(UsageError.exit_status)
    except SystemExit:
        if sys.stdout is not output:  # click has put another in its place, since nobody reads the output any more
            sys.exit(SagapactError.exit_status)
        raise
    except click.Abort:
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is not a no)
        if DEBUG in os.environ:
            traceback.print_exc()
        _complain(crash(error))
        sys.exit(SagapactError.exit_status)
    sys.exit(status if isinstance(status, int) else 0)


def _complain(text: str) -> None:
    """Say why there is nothing; where even that cannot be written, the exit status says it."""
    with suppress(OSError):
        click.echo(text, err=True)
