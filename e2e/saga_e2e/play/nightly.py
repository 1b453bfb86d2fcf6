"""Whole sagas with faults, as a nightly run does it: play the scenarios, tell them, write the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict, exit_status, worst
from saga_contracts.errors import SagapactError
from saga_e2e.console import Console
from saga_e2e.derive.choosing import Choice, choose
from saga_e2e.derive.scenarios import Derived, Unplayed
from saga_e2e.judge.records import UNKNOWN, ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.play.afterwards import Afterwards, Wanted
from saga_e2e.report import ReportData
from saga_e2e.report import files as report_files
from saga_e2e.report.files import Results
from saga_e2e.stage.landscape import Landscape
from saga_verifier import VERSION
from saga_verifier.isolation.interface import Isolation

MOST_NAMED = 5
"""So many names are told for one reason."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict on a run, in one word and one sentence."""

    status: str
    sentence: str


def run(
    saga: Saga,
    landscape: Landscape,
    out: Results,
    console: Console,
    *,
    choice: Choice,
    isolation: Isolation | None = None,
    wanted: Wanted | None = None,
) -> int:
    """Play a saga's scenarios and write the report.

    Args:
        saga: The saga.
        landscape: How its services are started.
        out: Where the report goes.
        console: Where each scenario is told.
        choice: Which scenarios.
        isolation: The backend that starts the services; default: processes of this machine.
        wanted: What else is to be found out: contracts to hold calls against, failures to make smaller, the last report.

    Returns:
        The exit status: 0 kept, 1 broken, 3 unproven, 4 could not find out.

    Raises:
        SagapactError: when nothing was played, the services cannot be started, or one ends in the middle; then the report tells
            what was played before.
    """
    afterwards = Afterwards(saga, landscape, wanted or Wanted(), out.path)
    chosen, derived = choose(saga, choice)
    console.step(f"{saga.saga}: {len(chosen)} scenarios of the tier {choice.tier}, all services up")
    console.line(_counted(derived, choice))
    records: list[ScenarioRecord] = []
    unplayed = list(derived.unplayed)
    try:
        for record in runner.run(saga, landscape, isolation, choice=choice, left_out=unplayed.append):
            named = f"{record.name}: " if record.name.startswith("longer-") else ""
            why = f" ({record.error})" if record.error else ""
            console.result(record.verdict, f"{named}{record.title}: {record.outcome}{why}")
            records.append(record)
    except SagapactError as error:
        if records:
            given_up = Headline("unknown", f"The run was given up after {len(records)} scenarios: {str(error).splitlines()[0]}")
            write_report(out, saga, given_up, **_parts(records, unplayed))
        raise
    if not records:
        raise SagapactError(f"No scenario of {saga.saga} was played. Report this as a defect of sagapact.")
    headline = _headline(saga, [str(record.verdict) for record in records])
    parts = _parts(records, unplayed) | afterwards.parts(records, console, isolation)
    report_files.write(out, afterwards.changed(_report(saga, headline, parts)))
    _tell_unplayed(unplayed, console)
    console.line(f"{headline.sentence} The report: {out.path / 'report.html'}")
    if any(record.verdict == UNKNOWN for record in records):
        return SagapactError.exit_status
    return exit_status(worst(Verdict(record.verdict) for record in records))


def _counted(derived: Derived, choice: Choice) -> str:
    """Say how many schedules of faults there are, and what of them is played."""
    census = derived.census
    seed = f"; longer ones by chance: {choice.longer}, seed {choice.seed}" if choice.longer else ""
    return (
        f"{census.naive} schedules of at most two faults at every declared try; {census.reachable} of at most {choice.faults} "
        f"that the saga can meet, in {census.classes} classes, one of each is played{seed}."
    )


def _tell_unplayed(unplayed: Sequence[Unplayed], console: Console) -> None:
    """Tell what was not played, by its reason."""
    by_why: dict[str, list[str]] = {}
    for one in unplayed:
        by_why.setdefault(one.why, []).append(one.scenario)
    if by_why:
        console.line("Not played:")
    for why, names in by_why.items():
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        console.line(f"  {', '.join(names[:MOST_NAMED])}{more}: {why}")


def _parts(records: Sequence[ScenarioRecord], unplayed: Sequence[Unplayed]) -> dict[str, Any]:
    return {"scenarios": [one.as_json() for one in records], "not_played": [one.as_json() for one in unplayed]}


def write_report(out: Results, saga: Saga, headline: Headline, **parts: list[dict[str, Any]]) -> None:
    """Write a report as a page, JSON and JUnit.

    Args:
        out: Where to.
        saga: The saga that it is about.
        headline: The verdict on the whole.
        parts: `providers`, `gates`, `scenarios`, `figures`, `not_played`, as far as there are any.
    """
    report_files.write(out, _report(saga, headline, parts))


def _report(saga: Saga, headline: Headline, parts: Mapping[str, Any]) -> ReportData:
    return ReportData.model_validate(
        {
            "title": f"Sagapact: {saga.saga}",
            "generated_at": datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "sagapact": VERSION,
            "saga": saga.as_json(),
            "verdict": {"status": headline.status, "sentence": headline.sentence},
            **parts,
        }
    )


def _headline(saga: Saga, verdicts: list[str]) -> Headline:
    kept = sum(verdict == "kept" for verdict in verdicts)
    if kept == len(verdicts):
        return Headline("kept", f"The saga {saga.saga} holds: all {kept} scenarios ended as they must.")
    broken = sum(verdict == "broken" for verdict in verdicts)
    rest = len(verdicts) - kept - broken
    sentence = f"Of {len(verdicts)} scenarios of {saga.saga}, {broken} are broken and {rest} could not be judged."
    return Headline("broken" if broken else "unknown", sentence)
