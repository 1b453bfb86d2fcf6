"""The command `sagapact stub`: serves a participant made from a saga file, right or with planted deviations, until it is ended.

Exit status: 0 ended by Ctrl+C or a signal to terminate, 2 wrong usage or a faulty saga file.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import click

from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive.slices import step_slice
from saga_contracts.errors import UsageError
from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in import deviations
from saga_contracts.stand_in.deviations import Deviation
from saga_contracts.stand_in.doubts import doubts
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.server import STATES, Serving
from saga_contracts.stand_in.store import SqliteStore, Store


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--step", "steps", multiple=True, help="Serve this step only; may be given several times.")
@click.option("--participant", help="Serve the steps of this participant only.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Where to listen on 127.0.0.1; default: a free port.")
@click.option("--deviate", "planted", multiple=True, metavar="KIND[:STEP]", help="Plant a deviation; may be given several times.")
@click.option("--database", type=click.Path(path_type=Path), help="Remember in this SQLite file; default: in memory.")
@click.option("--list-deviations", is_flag=True, help="Show what can be planted (with FILE: at which of its steps), and end.")
def stub(
    file: Path | None,
    steps: tuple[str, ...],
    participant: str | None,
    port: int,
    planted: tuple[str, ...],
    database: Path | None,
    *,
    list_deviations: bool,
) -> None:
    """Serve a participant that keeps every promise of a saga file, or breaks the one that you plant."""
    if file is None and not list_deviations:
        raise click.UsageError("Name the saga file.")
    chosen = () if file is None else _chosen(load_saga(file), steps, participant)
    if list_deviations:
        click.echo("\n".join(_listed(chosen)))
        return
    rules = _planted(chosen, planted)
    store = Store() if database is None else SqliteStore(database)
    for one in doubts([rule.slice for rule in rules]):
        click.echo(f"note: {one}", err=True)
    _serve(rules, store, port, planted)


def _serve(rules: Sequence[Right], store: Store, port: int, planted: Sequence[str]) -> None:
    over = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        over.set()

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, end)
    try:
        with Serving(rules, store, port=port) as serving:
            names = ", ".join(f"{rule.step.step} ({rule.step.participant})" for rule in rules)
            wrong = f", deviating: {', '.join(planted)}" if planted else ""
            click.echo(f"Serving {names} at {serving.base_url}{wrong}")
            click.echo(f"States: POST {serving.base_url}{STATES}. End with Ctrl+C.")
            over.wait()
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"Cannot listen at port {port}: {reason}. Name another one, or none for a free one.") from None


def _chosen(saga: Saga, names: Sequence[str], participant: str | None) -> tuple[Right, ...]:
    known = [step.step for step in saga.steps]
    odd = [name for name in names if name not in known]
    if odd:
        raise click.UsageError(f"The saga {saga.saga} has no step {odd[0]!r}. Its steps: {', '.join(known)}.")
    participants = sorted({step.participant for step in saga.steps})
    if participant is not None and participant not in participants:
        raise click.UsageError(f"No step of {saga.saga} is at {participant!r}. Its participants: {', '.join(participants)}.")

    def is_chosen(step: Step) -> bool:
        return (not names or step.step in names) and participant in (None, step.participant)

    found = tuple(Right(step_slice(saga, step.step)) for step in saga.steps if is_chosen(step))
    if not known:
        raise click.UsageError(f"The saga {saga.saga} has no steps that are called, so there is nothing to stand in for.")
    if not found:
        raise click.UsageError(f"None of the steps {', '.join(names)} is at {participant}.")
    return found


def _planted(rules: Sequence[Right], planted: Sequence[str]) -> list[Right]:
    """Give the rules with the deviations that are asked for."""
    by_step = {rule.step.step: rule for rule in rules}
    deviating: set[str] = set()
    for text in planted:
        kind, _, step = text.partition(":")
        deviation = deviations.by_kind(kind)
        if deviation is None:
            raise click.UsageError(f"There is no deviation {kind!r}. See them all with --list-deviations.")
        if step and step not in by_step:
            raise click.UsageError(f"The step {step!r} is not served. Served: {', '.join(by_step)}.")
        places = [name for name in ([step] if step else by_step) if deviation.possible(by_step[name].slice)]
        if not places:
            raise click.UsageError(f"A participant of {step or 'these steps'} cannot be one that {deviation.does}.")
        if deviating & set(places):
            raise click.UsageError(f"{', '.join(sorted(deviating & set(places)))} deviates already; plant one in each step.")
        deviating |= set(places)
        by_step |= {name: deviation.rules(by_step[name].slice) for name in places}
    return list(by_step.values())


def _listed(rules: Sequence[Right]) -> Iterator[str]:
    width = max(len(one.kind) for one in deviations.CATALOGUE)
    for one in deviations.CATALOGUE:
        places = [rule.step.step for rule in rules if one.possible(rule.slice)]
        if places or not rules:
            yield f"{one.kind:{width}}  {one.obligation:3}  {_where(one, places)}"


def _where(deviation: Deviation, places: Sequence[str]) -> str:
    return f"{deviation.does} ({', '.join(places)})" if places else deviation.does
