"""`sagapact demo` and `sagapact e2e`: the whole chain, and whole sagas with faults."""

import contextlib
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from saga_contracts.errors import UsageError
from saga_e2e.console import Console
from saga_verifier.isolation.guarding.with_parent import die_with_parent

if TYPE_CHECKING:
    from saga_contracts.declare.saga import Saga
    from saga_contracts.rim.redact import Redactor
    from saga_e2e.stage.landscape import Landscape
    from saga_verifier.isolation.interface import Isolation

_Command = TypeVar("_Command", bound=Callable[..., Any])
REFERENCE_SAGA = "vas_purchase"
CONTAINER = "container"
LAST_PORT = 65535
_NEW = "A new or empty folder for the results, or the one of an earlier run: only what that one wrote is replaced."


def _out(default: str) -> Callable[[_Command], _Command]:
    """Give the option that names the folder for results."""
    return click.option("--out", default=default, show_default=True, type=click.Path(path_type=Path), help=_NEW)


_ISOLATION = click.option(
    "--isolation",
    "kind",
    default="process",
    show_default=True,
    type=click.Choice(["process", CONTAINER]),
    help="Start each service as a process, or in a container with a database on PostgreSQL.",
)


@click.command()
@_out("build/demo")
@click.option("--keep", is_flag=True, help="Leave the broker serving until interrupted.")
@_ISOLATION
def demo(out: Path, keep: bool, kind: str) -> None:  # noqa: FBT001  (click hands over flags)
    """Run the whole chain on the VAS purchase saga and write a report.

    Exit status: 0 when everything ended as told, 1 when something did not, 4 when it could not be found out.
    """
    from saga_e2e.demo.chain import SAGA, run  # noqa: PLC0415  (loads every part)
    from saga_e2e.report.files import results_in  # noqa: PLC0415

    _end_with_parent(kind)
    land = _landscape(None, None)
    with _stage(land, land.saga(SAGA)) as (hide, console):
        results = results_in(out, hide)
        isolation = _isolation(kind, land, land.saga(SAGA), console, out / "logs", broker=True)
        status = run(results, console, isolation, wait=_wait if keep else None)
    sys.exit(status)


@click.group()
def e2e() -> None:
    """Run whole sagas, with faults."""


_SAGA = click.option("--saga", default=REFERENCE_SAGA, show_default=True, help="Name of the saga.")
_SAGAS = click.option("--sagas", type=click.Path(path_type=Path), help="Folder of saga folders; default: the reference sagas.")
_SERVICES = click.option("--services", type=click.Path(path_type=Path), help="Folder with `participants` and `saga_service`.")
_ORCHESTRATOR = click.option(
    "--orchestrator",
    type=click.Path(path_type=Path),
    help="Provider file of the orchestrator that runs the saga; default: the one that the saga file names.",
)


@e2e.command("run")
@_SAGA
@_SAGAS
@_SERVICES
@_ORCHESTRATOR
@click.option("--tier", default="nightly", show_default=True, type=click.Choice(["demo", "nightly"]))
@click.option(
    "--scenario",
    "names",
    multiple=True,
    help="Only this scenario (repeatable): its name, or its faults as KIND:ROLE:STEP:TRY, joined by commas.",
)
@click.option("--only", default="*", metavar="GLOB", help="Only scenarios whose name fits this pattern, such as 'undo-*'.")
@click.option("--faults", default=1, show_default=True, type=click.IntRange(1, 2), help="How many faults happen at most.")
@click.option("--shard", default="1/1", metavar="I/N", help="Play the I-th of N parts, for several machines.")
@click.option("--longer", default=0, type=click.IntRange(0, 10_000), help="So many longer schedules (3 to 6 faults) by chance.")
@click.option("--seed", type=click.IntRange(0), help="Where longer schedules come from; default: another one each time.")
@click.option(
    "--pacts", metavar="PLACE", help="Hold every call against published contracts: a folder of pacts, or a broker's URL."
)
@click.option("--shrink", default=3, show_default=True, type=click.IntRange(0, 20), help="Make so many failures smaller.")
@click.option("--previous", type=click.Path(path_type=Path), help="The last report.json; default: the one in --out, if any.")
@_out("build/e2e")
@_ISOLATION
def run_scenarios(
    saga: str,
    sagas: Path | None,
    services: Path | None,
    orchestrator: Path | None,
    tier: str,
    names: tuple[str, ...],
    only: str,
    faults: int,
    shard: str,
    longer: int,
    seed: int | None,
    pacts: str | None,
    shrink: int,
    previous: Path | None,
    out: Path,
    kind: str,
) -> None:
    """Start all services of a saga, play its fault scenarios, check the invariants, write the report.

    Exit status: 0 kept, 1 broken, 3 unproven, 4 could not find out.
    """
    from saga_e2e.derive.choosing import Choice  # noqa: PLC0415  (loads every part)
    from saga_e2e.derive.scenarios import Tier  # noqa: PLC0415
    from saga_e2e.play import nightly  # noqa: PLC0415
    from saga_e2e.play.afterwards import Wanted  # noqa: PLC0415
    from saga_e2e.report.files import results_in  # noqa: PLC0415

    _end_with_parent(kind)
    wanted = Wanted(pacts, shrink, previous, sagas, services, orchestrator)
    drawn = secrets.randbelow(1_000_000) if seed is None else seed
    choice = Choice(Tier(tier), names, only, faults, _shard(shard), drawn, longer)
    land = _landscape(sagas, services, orchestrator)
    played = land.saga(saga)
    with _stage(land, played) as (hide, console):
        results = results_in(out, hide)
        isolation = _isolation(kind, land, played, console, out / "logs")
        status = nightly.run(played, land, results, console, choice=choice, isolation=isolation, wanted=wanted)
    sys.exit(status)


@e2e.command()
@_SAGA
@_SAGAS
@_SERVICES
@_ORCHESTRATOR
@click.option(
    "--port", "ports", multiple=True, metavar="NAME=PORT", help="A fixed port for a service (repeatable); default: free ones."
)
@_ISOLATION
def up(
    saga: str, sagas: Path | None, services: Path | None, orchestrator: Path | None, ports: tuple[str, ...], kind: str
) -> None:
    """Start all services of a saga and a broker, print their addresses, and leave them running until interrupted.

    Exit status: 0 when interrupted, 4 when a service could not be started or has ended.
    """
    from saga_e2e.play.up import run  # noqa: PLC0415  (loads every part)

    _end_with_parent(kind)
    land = _landscape(sagas, services, orchestrator)
    shown = land.saga(saga)
    with _stage(land, shown) as (_, console):
        isolation = _isolation(kind, land, shown, console, None, broker=True)
        try:
            run(shown, land, console, isolation, threading.Event().wait, ports=dict(map(_port, ports)))
        except KeyboardInterrupt:
            click.echo("")


@e2e.command("report")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--saga-file", type=click.Path(path_type=Path), help="The saga file; default: the saga that a report.json holds.")
@_out("build/report")
def join_results(results: tuple[Path, ...], saga_file: Path | None, out: Path) -> None:
    """Put RESULTS of several runs into one report: what `verify --json` printed, and `report.json` files.

    Exit status: 0 kept, 1 broken, 2 a file is wrong, 3 not all is known.
    """
    from saga_contracts.sagafile import load_saga  # noqa: PLC0415  (loads every part)
    from saga_e2e import report  # noqa: PLC0415
    from saga_e2e.report import files as report_files  # noqa: PLC0415

    data = report_files.join(results, load_saga(saga_file) if saga_file else None)
    report_files.write(report_files.results_in(out), data)
    headline = report.headline(data)
    click.echo(f"{headline.sentence} The report: {out / 'report.html'}")
    sys.exit({"kept": 0, "broken": 1, "unknown": 3}[headline.status])


@contextlib.contextmanager
def _stage(land: "Landscape", saga: "Saga") -> Iterator[tuple["Redactor", Console]]:
    """Give what hides the secrets of a saga's services, and a console that goes through it; so do errors inside the block."""
    from saga_e2e.stage.secrets import hidden_in_errors, redactor_of  # noqa: PLC0415  (loads every part)

    hide = redactor_of(land.services(saga))
    with hidden_in_errors(hide):
        yield hide, Console(hide=hide)


def _landscape(sagas: Path | None, services: Path | None, orchestrator: Path | None = None) -> "Landscape":
    from saga_e2e.stage.landscape import landscape_in, reference_landscape  # noqa: PLC0415

    if sagas is None and services is None:
        return replace(reference_landscape(), orchestrator=orchestrator)
    if sagas is None or services is None:
        raise UsageError("Only one of --sagas and --services is given. Name both folders, or none for the reference landscape.")
    return replace(landscape_in(sagas, services), orchestrator=orchestrator)


def _isolation(
    kind: str, land: "Landscape", saga: "Saga", console: Console, log_folder: Path | None, *, broker: bool = False
) -> "Isolation":
    """Make the backend that starts the services of a saga."""
    if kind != CONTAINER:
        from saga_verifier.isolation.process.backend import ProcessIsolation  # noqa: PLC0415  (loads every part)

        return ProcessIsolation()
    from saga_e2e.stage.containers import container_isolation  # noqa: PLC0415  (loads the Docker library)

    return container_isolation(land.services(saga), broker=broker, log_folder=log_folder, say=console.line)


def _shard(text: str) -> tuple[int, int]:
    which, _, of = text.partition("/")
    if not (which.isdecimal() and of.isdecimal() and 0 < int(which) <= int(of)):
        raise UsageError(
            f"--shard {text!r} names no part. Write it as I/N, for example --shard 2/4 for the second of four parts."
        )
    return int(which), int(of)


def _port(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= LAST_PORT):
        raise UsageError(f"--port {text!r} names no port. Write it as NAME=PORT, for example --port saga_service=8100.")
    return name, int(port)


def _end_with_parent(kind: str) -> None:
    """End politely on SIGTERM and when the terminal goes; when the parent goes, too.

    Processes are ended by their own guards either way, so that this one may go at once then: a polite end would wait for what is
    under way, with nobody there to see it. Containers have no guard but this process.
    """

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup` asks to stay
        signal.signal(signal.SIGHUP, leave)
    die_with_parent(signum=signal.SIGTERM if kind == CONTAINER else signal.SIGKILL)


def _wait() -> None:
    """Wait until interrupted."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("")
