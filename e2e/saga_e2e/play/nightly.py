"""Whole sagas with faults, as a nightly run does it: play the scenarios, tell them, write the report."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict, exit_status, worst
from saga_contracts.errors import SagapactError
from saga_e2e.console import Console
from saga_e2e.judge.records import UNKNOWN, ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.report import ReportData
from saga_e2e.report import files as report_files
from saga_e2e.report.files import Results
from saga_e2e.stage.landscape import Landscape
from saga_verifier import VERSION
from saga_verifier.isolation.interface import Isolation


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
    tier: str,
    names: Iterable[str] = (),
    isolation: Isolation | None = None,
) -> int:
    """Play a saga's scenarios and write the report.

    Args:
        saga: The saga.
        landscape: How its services are started.
        out: Where the report goes.
        console: Where each scenario is told.
        tier: `demo` or `nightly`.
        names: Only these scenarios; none: all of the tier.
        isolation: The backend that starts the services; default: processes of this machine.

    Returns:
        The exit status: 0 kept, 1 broken, 3 unproven, 4 could not find out.

    Raises:
        SagapactError: when nothing was played, the services cannot be started, or one ends in the middle; then the report tells
            what was played before.
    """
    console.step(f"{saga.saga}: scenarios of the tier {tier}, all services up")
    records: list[ScenarioRecord] = []
    try:
        for record in runner.run(saga, landscape, isolation, tier=tier, names=names):
            console.result(record.verdict, f"{record.title}: {record.outcome}{f' ({record.error})' if record.error else ''}")
            records.append(record)
    except SagapactError as error:
        if records:
            given_up = Headline("unknown", f"The run was given up after {len(records)} scenarios: {str(error).splitlines()[0]}")
            write_report(out, saga, given_up, scenarios=[record.as_json() for record in records])
        raise
    if not records:
        raise SagapactError(f"No scenario of {saga.saga} was played. Report this as a defect of sagapact.")
    headline = _headline(saga, [str(record.verdict) for record in records])
    write_report(out, saga, headline, scenarios=[record.as_json() for record in records])
    console.line(f"{headline.sentence} The report: {out.path / 'report.html'}")
    if any(record.verdict == UNKNOWN for record in records):
        return SagapactError.exit_status
    return exit_status(worst(Verdict(record.verdict) for record in records))


def write_report(out: Results, saga: Saga, headline: Headline, **parts: list[dict[str, Any]]) -> None:
    """Write a report as a page, JSON and JUnit.

    Args:
        out: Where to.
        saga: The saga that it is about.
        headline: The verdict on the whole.
        parts: `providers`, `gates`, `scenarios`, `figures`, as far as there are any.
    """
    data = ReportData.model_validate(
        {
            "title": f"Sagapact: {saga.saga}",
            "generated_at": datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "sagapact": VERSION,
            "saga": saga.as_json(),
            "verdict": {"status": headline.status, "sentence": headline.sentence},
            **parts,
        }
    )
    report_files.write(out, data)


def _headline(saga: Saga, verdicts: list[str]) -> Headline:
    kept = sum(verdict == "kept" for verdict in verdicts)
    if kept == len(verdicts):
        return Headline("kept", f"The saga {saga.saga} holds: all {kept} scenarios ended as they must.")
    broken = sum(verdict == "broken" for verdict in verdicts)
    rest = len(verdicts) - kept - broken
    sentence = f"Of {len(verdicts)} scenarios of {saga.saga}, {broken} are broken and {rest} could not be judged."
    return Headline("broken" if broken else "unknown", sentence)
