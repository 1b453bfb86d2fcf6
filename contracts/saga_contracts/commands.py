"""The command line of the contracts: `sagapact contracts lint|cases|deck|coverage|draw|schema|init` (click only, starts fast).

Prints what the pure modules derive. Exit status: 0 fine, 2 wrong usage or a faulty saga file.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from saga_contracts import sagafile
from saga_contracts.declare.elements import parted
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases as all_cases
from saga_contracts.derive import causes, client_cases, compatibility, decks, pairs
from saga_contracts.derive import coverage as all_coverage
from saga_contracts.derive.event_graph import EventGraph
from saga_contracts.derive.event_report import report
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.read import lint_conditions, lint_demands, lint_elements, lint_written
from saga_contracts.rim import pictures
from saga_contracts.sagafile import SagaFileError, load_saga
from saga_contracts.show import coverage_views, event_words, wording
from saga_contracts.show.draw import saga_svg
from saga_contracts.show.event_drawing import events_svg
from saga_contracts.show.written import as_yaml
from saga_contracts.start.commands import init

_file = click.argument("file", type=click.Path(path_type=Path))
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def contracts() -> None:
    """Declare sagas; see what follows from them."""


@contracts.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--expand", is_flag=True, help="Print each file written out: what its dialects fill in, defaults left out.")
@_as_json
def lint(files: tuple[Path, ...], *, expand: bool, as_json: bool) -> None:
    """Check saga files and name every fault with its line, its reason and its mend."""
    if expand:
        _expand(files, as_json=as_json)
        return
    results = [_linted(file) for file in files]
    if as_json:
        _print_json(results)
    else:
        for result in results:
            click.echo(_lint_text(result), err=not result["valid"])
    if not all(result["valid"] for result in results):
        raise SystemExit(UsageError.exit_status)


@contracts.command()
@_file
@click.option("--step", "step", help="Only this step.")
@click.option("--all", "with_all", is_flag=True, help="Client-only cases and the owner's messages, too.")
@_as_json
def cases(file: Path, step: str | None, *, with_all: bool, as_json: bool) -> None:
    """List the cases that the contracts of a saga must hold."""
    saga = _load(file)
    names = _chosen(saga, step)
    found = [case for case in all_cases.derive(saga) if case.step in names]
    messages = all_cases.derive_messages(saga) if with_all and step is None else ()
    alone = [case for case in client_cases.derive(saga) if with_all and case.step in names]
    if as_json:
        plain = [wording.case_json(case) for case in (*found, *messages)]
        _print_json([*plain, *(wording.client_case_json(case) for case in alone)])
        return
    click.echo(wording.cases_text(saga.saga, found))
    for case, reason in (one for name in names for one in all_cases.derive_left_out(saga, saga.step(name))):
        click.echo(f"  {case.name}: not the client's business ({reason})")
    if messages:
        click.echo(f"\n{wording.messages_text(messages)}")
    if alone:
        click.echo(f"\n{wording.client_cases_text(alone)}")


@contracts.command()
@_file
@click.option("--step", "step", help="Only this step.")
@click.option(
    "--faults", default=1, show_default=True, type=click.IntRange(0, decks.MAX_FAULTS), help="Most faults in a history."
)
@click.option("--pairs", "in_pairs", is_flag=True, help="The decks of every two steps at the same participant instead.")
@_as_json
def deck(file: Path, step: str | None, faults: int, *, in_pairs: bool, as_json: bool) -> None:
    """Show each step's deck: every order in which its calls can arrive, and what must follow."""
    saga = _load(file)
    if in_pairs:
        _pair_decks(saga, _chosen(saga, step), faults, as_json=as_json)
        return
    found = [(one, causes.of_deck(slice_, one)) for slice_, one in _decks(saga, _chosen(saga, step), faults)]
    if as_json:
        _print_json([wording.deck_json(*one) for one in found])
    else:
        click.echo("\n\n".join(wording.deck_text(*one) for one in found))


@contracts.command()
@_file
@click.option(
    "--pacts", "folder", type=click.Path(path_type=Path), required=True, help="Folder with the pact files, also in folders of it."
)
@click.option("--threshold", default=0, show_default=True, type=click.IntRange(0, 100), help="Least percentage to accept.")
@click.option(
    "--svg", "picture", type=click.Path(path_type=Path), help="Write the table as a picture, too; an earlier picture is replaced."
)
@_as_json
def coverage(file: Path, folder: Path, threshold: int, picture: Path | None, *, as_json: bool) -> None:
    """Show which obligations of which step the contracts hold. Exit status 1: a compensation has no contract, or too few have."""
    saga = _load(file)
    _chosen(saga, None)
    found = all_coverage.cover(saga, _pacts(folder), datetime.now(UTC).date())
    if picture is not None:
        _write(picture, coverage_views.svg(found))
    if as_json:
        _print_json(coverage_views.as_json(found))
    else:
        click.echo(coverage_views.text(found))
    if found.percent < threshold:
        click.echo(f"error: {found.percent:.1f} % is less than the threshold of {threshold} %.", err=True)
    if found.errors or found.percent < threshold:
        raise SystemExit(1)


@contracts.command()
@_file
@click.option(
    "-o",
    "--out",
    "target",
    type=click.Path(path_type=Path),
    help="Where to write the picture, replacing an earlier one; default: print it.",
)
@click.option("--events", "of_events", is_flag=True, help="Of a saga with steps, too: who hears what others publish.")
def draw(file: Path, target: Path | None, *, of_events: bool) -> None:
    """Draw a saga as an SVG picture: its steps, their order and how they are undone; or its events, and who reacts to them."""
    saga = _load(file)
    if of_events and not saga.reactions:
        _stop(f"The saga {saga.saga} has no reactions, so there is nothing to draw of events. Leave --events out.")
    text = events_svg(saga) if of_events or not saga.steps else saga_svg(saga)
    if target is None:
        click.echo(text, nl=False)
    else:
        _write(target, text)


@contracts.command()
@_file
@_as_json
def events(file: Path, *, as_json: bool) -> None:
    """Tell of a choreographed saga: who hears what, the longest path in hops and time, hidden orchestrators, unseen failures."""
    saga = _load(file)
    if not saga.reactions:
        _stop(f"The saga {saga.saga} has no reactions: its steps are called. See `sagapact contracts draw`.")
    graph = EventGraph(saga)
    if as_json:
        _print_json(event_words.as_json(graph, report(graph)))
    else:
        click.echo(event_words.text(graph, report(graph)))


@contracts.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_as_json
def compatible(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Compare every two versions of each event in both directions (E2), the oldest file first: 0 yes, 1 no, 3 unknown.

    Name all versions that are deployed, or whose messages may still lie in a topic.
    """
    sagas = [(str(file), _load(file)) for file in files]
    if len(sagas) < len(("old", "new")) or not any(saga.events for _, saga in sagas):
        _stop("There is nothing to compare: name two or more versions of a saga file that has `events`, the oldest first.")
    found = compatibility.compare([(name, saga.events) for name, saga in sagas])
    if as_json:
        _print_json(event_words.compared_json(found))
    else:
        click.echo(event_words.compared_text(len(sagas), found))
    verdicts = {one.verdict for one in found}
    status = 1 if compatibility.NO in verdicts else 3 if compatibility.UNKNOWN in verdicts else 0
    if status:
        raise SystemExit(status)


@contracts.command()
def schema() -> None:
    """Print the JSON Schema of the saga file."""
    click.echo(sagafile.schema_text(), nl=False)


contracts.add_command(init)


def _decks(saga: Saga, names: tuple[str, ...], faults: int) -> Iterator[tuple[StepSlice, decks.Deck]]:
    for name in names:
        slice_ = step_slice(saga, name)
        yield slice_, decks.derive(slice_, faults)


def _pair_decks(saga: Saga, names: tuple[str, ...], faults: int, *, as_json: bool) -> None:
    found = [pairs.derive_pair(saga, *two, faults) for two in pairs.pairs(saga) if {parted(one)[0] for one in two} & set(names)]
    if as_json:
        _print_json([wording.pair_json(one) for one in found])
    elif found:
        click.echo("\n\n".join(wording.pair_text(one) for one in found))
    else:
        click.echo(f"The saga {saga.saga} has no two steps at the same participant here: not applicable.")


def _expand(files: tuple[Path, ...], *, as_json: bool) -> None:
    written = [_load(file).as_json() for file in files]
    if as_json:
        _print_json(written)
    else:
        click.echo("---\n".join(as_yaml(one) for one in written), nl=False)


def _linted(file: Path) -> dict[str, Any]:
    try:
        saga = load_saga(file)
    except SagaFileError as error:
        faults = [
            {"line": one.line, "column": one.column, "where": one.where, "what": one.what, "mend": one.mend}
            for one in error.faults
        ]
        return {"file": str(file), "valid": False, "faults": faults, "text": str(error)}
    except SagapactError as error:
        return {"file": str(file), "valid": False, "faults": [], "text": str(error)}
    text = f"{file}: the saga {saga.saga} is valid ({_size(saga)})."
    notes = [*lint_demands.notes(saga), *lint_written.notes(saga), *lint_conditions.notes(saga), *lint_elements.notes(saga)]
    return {
        "file": str(file),
        "valid": True,
        "faults": [],
        "notes": notes,
        "text": "\n".join([text, *(f"  note: {one}" for one in notes)]),
    }


def _size(saga: Saga) -> str:
    reacting = {one.participant for one in saga.reactions} | {one.publisher for one in saga.events.values()}
    participants = len({step.participant for step in saga.steps} | reacting)
    events = [f"{len(saga.reactions)} reactions", f"{len(saga.events)} events"] if saga.reactions else []
    steps = [f"{len(saga.steps)} steps"] if saga.steps or not events else []
    return ", ".join([*steps, *events, f"{participants} participants"])


def _lint_text(result: dict[str, Any]) -> str:
    return str(result["text"])


def _load(file: Path) -> Saga:
    try:
        return load_saga(file)
    except UsageError as error:
        _stop(str(error))


def _pacts(folder: Path) -> list[dict[str, Any]]:
    if not folder.is_dir():
        _stop(f"There is no folder {folder}. Name the one that the contract tests wrote their pacts to.")
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            _stop(f"Cannot read the pact file {path}: {error}. Write it anew with the contract tests.")
        if not isinstance(document, dict):
            _stop(f"{path} is no pact file. Keep other files out of the folder.")
        found.append(document)
    return found


def _write(path: Path, text: str) -> None:
    try:
        pictures.write(path, text)
    except UsageError as error:
        _stop(str(error))
    click.echo(f"wrote {path}", err=True)


def _stop(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(UsageError.exit_status)


def _chosen(saga: Saga, step: str | None) -> tuple[str, ...]:
    names = tuple(one.step for one in saga.steps)
    if not names:
        _stop(f"The saga {saga.saga} has no steps, and this command speaks of steps. See `sagapact contracts events`.")
    if step is None:
        return names
    if step not in names:
        raise click.UsageError(f"The saga {saga.saga} has no step {step!r}. Its steps: {', '.join(names)}.")
    return (step,)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
