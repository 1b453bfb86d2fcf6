"""`sagapact demo` and `sagapact e2e`: the whole chain, and whole sagas with faults."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from saga_contracts.errors import UsageError
from saga_e2e.console import Console
from saga_verifier.isolation.with_parent import die_with_parent

if TYPE_CHECKING:
    from saga_e2e.landscape import Landscape

REFERENCE_SAGA = "vas_purchase"


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


@click.group()
def e2e() -> None:
    """Run whole sagas, with faults."""


_SAGA = click.option("--saga", default=REFERENCE_SAGA, show_default=True, help="Name of the saga.")
_SAGAS = click.option("--sagas", type=click.Path(path_type=Path), help="Folder of saga folders; default: the reference sagas.")
_SERVICES = click.option("--services", type=click.Path(path_type=Path), help="Folder with `participants` and `saga_service`.")


@e2e.command("run")
@_SAGA
@_SAGAS
@_SERVICES
@click.option("--tier", default="nightly", show_default=True, type=click.Choice(["demo", "nightly"]))
@click.option("--scenario", "names", multiple=True, help="Only this scenario (repeatable).")
@click.option("--out", default="build/e2e", show_default=True, type=click.Path(path_type=Path), help="Where the report goes.")
def run_scenarios(saga: str, sagas: Path | None, services: Path | None, tier: str, names: tuple[str, ...], out: Path) -> None:
    """Start all services of a saga, play its fault scenarios, check the invariants, write the report.

    Exit status: 0 kept, 1 broken, 3 unproven, 4 could not find out.
    """
    from saga_e2e import nightly  # noqa: PLC0415  (loads every part)

    _end_with_parent()
    land = _landscape(sagas, services)
    sys.exit(nightly.run(land.saga(saga), land, out, Console(), tier=tier, names=names))


@e2e.command()
@_SAGA
@_SAGAS
@_SERVICES
def up(saga: str, sagas: Path | None, services: Path | None) -> None:
    """Start all services of a saga, print their addresses, and leave them running until interrupted."""
    from saga_e2e.topology import Topology  # noqa: PLC0415

    _end_with_parent()
    land = _landscape(sagas, services)
    with Topology(land, land.saga(saga)) as topology:
        for name in topology.names:
            click.echo(f"{name}\t{topology.url_of(name)}")
        click.echo("Press Ctrl+C to stop.")
        sys.stdout.flush()
        _wait()


def _landscape(sagas: Path | None, services: Path | None) -> "Landscape":
    from saga_e2e.landscape import landscape_in, reference_landscape  # noqa: PLC0415

    if sagas is None and services is None:
        return reference_landscape()
    if sagas is None or services is None:
        raise UsageError("Only one of --sagas and --services is given. Name both folders, or none for the reference landscape.")
    return landscape_in(sagas, services)


def _end_with_parent() -> None:
    """End politely on SIGTERM, and at once when the parent goes: what was started is ended by its own guards either way."""

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    die_with_parent(signum=signal.SIGKILL)  # a polite end would wait for what is under way, with nobody there to see it


def _wait() -> None:
    """Wait until interrupted."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("")
