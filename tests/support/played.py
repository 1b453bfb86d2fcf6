"""Plays scenarios of a reference saga by an orchestrator of the test beds, and says in one line what came of each."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play import runner
from saga_e2e.stage.landscape import reference_landscape

BEDS = Path(__file__).parents[1] / "orchestrators"


def played(bed: str, *names: str, env: Mapping[str, str] | None = None) -> dict[str, ScenarioRecord]:
    """Play scenarios of `vas_purchase`; give their records by name.

    Args:
        bed: The folder of the orchestrator.
        names: The scenarios; none: all of them.
        env: Variables of the orchestrator's process.
    """
    land = replace(reference_landscape(), orchestrator=BEDS / bed / "provider.yaml")
    saga = land.saga()
    service = next(iter(land.services(saga)))
    records = runner.run(saga, land, names=names, env={service: dict(env or {})})
    return {record.name: record for record in records}


def outcomes(records: Mapping[str, ScenarioRecord]) -> dict[str, str]:
    """Say for each scenario how it ended, or why it is not kept."""
    return {name: record.outcome if record.verdict == "kept" else why(record) for name, record in records.items()}


def why(record: ScenarioRecord) -> str:
    """Say what is wrong with a scenario."""
    return record.error or "; ".join(f"{finding.id}: {finding.text}" for finding in record.broken)
