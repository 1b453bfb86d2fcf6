"""`sagapact demo` and `sagapact e2e`: the whole chain, and whole sagas with faults."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from saga_e2e.console import Console
from saga_verifier.isolation.with_parent import die_with_parent


@click.command()
@click.option("--out", default="build/demo", show_default=True, type=click.Path(path_type=Path), help="Where the results go.")
@click.option("--keep", is_flag=True, help="Leave the broker serving until interrupted.")
def demo(out: Path, keep: bool) -> None:  # noqa: FBT001  (click hands over flags)
    """Run the whole chain on the VAS purchase saga and write a report.

    Exit status: 0 when everything ended as told, 1 when something did not, 4 when it could not be found out.
    """
    from saga_e2e.demo import run  # noqa: PLC0415  (loads every part)

    _end_with_parent()
    sys.exit(run(out, Console(), wait=_wait if keep else None))


def _end_with_parent() -> None:
    """End politely on SIGTERM, which also comes when the parent goes: everything that was started is stopped."""

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    die_with_parent()


def _wait() -> None:
    """Wait until interrupted."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("")
