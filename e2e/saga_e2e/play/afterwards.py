"""What is made of a run once its scenarios were played: shrunk failures, traffic against contracts, changes since the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from saga_contracts.declare import elements
from saga_contracts.declare.saga import Saga
from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.console import Console
from saga_e2e.derive.scenarios import Scenario, derive
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.judge.traffic.comparison import compare
from saga_e2e.judge.traffic.contracts import Contract
from saga_e2e.play import published, shrinking
from saga_e2e.report import files
from saga_e2e.report.data import ReportData
from saga_e2e.report.night import changes
from saga_e2e.shrink.telling import Place
from saga_e2e.stage.landscape import Landscape
from saga_verifier.isolation.interface import Isolation

REPORT = "report.json"
MUTANTS = "MUTANTS.md"
"""The kill table of the harness's own known-bad orchestrators, where the source is at hand."""
_RUN = "from saga_e2e.play.runner import run"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What else a run is to find out.

    Attributes:
        pacts: A folder of pact files, or the URL of a broker; None: calls are held against no contract.
        shrink: How many failures are made smaller at most.
        previous: The report of the last run; None: the one that lies where this run's goes.
        sagas: The folder of saga folders that was named.
        services: The folder of services that was named.
        orchestrator: The orchestrator's provider file that was named.
    """

    pacts: str | None = None
    shrink: int = shrinking.MOST
    previous: Path | None = None
    sagas: Path | None = None
    services: Path | None = None
    orchestrator: Path | None = None

    @property
    def options(self) -> str:
        """The options by which a command names the landscape."""
        named = {"--sagas": self.sagas, "--services": self.services, "--orchestrator": self.orchestrator}
        return " ".join(f"{option} {path}" for option, path in named.items() if path is not None)

    @property
    def landscape(self) -> tuple[str, tuple[str, ...]]:
        """The landscape as an expression of Python, and the imports that it needs."""
        place = "from saga_e2e.stage.landscape import "
        if self.sagas is None:
            made, imports = "reference_landscape()", [_RUN, f"{place}reference_landscape"]
        else:
            made, imports = f'landscape_in(Path("{self.sagas}"), Path("{self.services}"))', [_RUN, f"{place}landscape_in"]
        if self.orchestrator is not None:
            made = f'replace({made}, orchestrator=Path("{self.orchestrator}"))'
            imports.insert(0, "from dataclasses import replace")
        return made, tuple(["from pathlib import Path", *imports] if "Path(" in made else imports)


class Afterwards:
    """Gathers what is needed before a run begins, and makes the parts of the report when it is over.

    Args:
        saga: The saga.
        landscape: How its services are started.
        wanted: What is to be found out.
        out: The folder of the report.

    Raises:
        UsageError: when contracts or the last report are not where they are said to be.
    """

    def __init__(self, saga: Saga, landscape: Landscape, wanted: Wanted, out: Path) -> None:
        self._saga, self._landscape, self._wanted = saga, landscape, wanted
        self._previous = _previous(wanted.previous, out / REPORT)
        self._contracts = _contracts(saga, wanted.pacts)

    def parts(self, records: Sequence[ScenarioRecord], console: Console, isolation: Isolation | None) -> dict[str, Any]:
        """Give the further parts of the report, as plain JSON; a failure that cannot be shrunk is told, no error."""
        found: dict[str, Any] = {"shrunk": self._shrunk(records, console, isolation), "kills": kills()}
        if self._contracts:
            found["traffic"] = compare(
                elements.unfolded(self._saga, self._saga.payload.example, most=2), records, self._contracts
            ).as_json()
        return found

    def changed(self, data: ReportData) -> ReportData:
        """Give the report with what differs from the last run of this saga."""
        if self._previous is None:
            return data
        return data.model_copy(update={"changes": changes.between(self._previous, data)})

    def _shrunk(
        self, records: Sequence[ScenarioRecord], console: Console, isolation: Isolation | None
    ) -> list[dict[str, object]]:
        if not self._wanted.shrink or all(record.verdict != "broken" for record in records):
            return []
        console.step(f"{self._saga.saga}: making failures smaller, all services up once more")
        try:
            told = shrinking.shrunk(self._saga, self._landscape, records, self._place(), isolation, most=self._wanted.shrink)
        except SagapactError as error:
            console.line(f"The failures were not made smaller: {str(error).splitlines()[0]}")
            return []
        for one in told:
            console.line(f"{one.invariant}: {one.scenario}. {one.orchestrator or one.guilty[0]['why']}")
            console.line(f"  {one.command}")
        return [one.as_json() for one in told]

    def _place(self) -> Place:
        known = frozenset(one.name for one in derive(self._saga))
        files_of = {name: str(file) for name, file in self._landscape.providers.items() if isinstance(file, Path)}

        def choose(scenario: Scenario) -> tuple[str, str]:
            name = scenario.name if scenario.name in known else ",".join(fault.code for fault in scenario.faults)
            return f"--scenario {name}", f'names=["{name}"]'

        short = {name: _short(file) for name, file in files_of.items()}
        return Place(self._wanted.options, *self._wanted.landscape, short, choose)


def kills() -> list[dict[str, str]]:
    """Read the kill table, where it is at hand: a table of fault, invariant and scenario."""
    file = Path(__file__).resolve().parents[2] / MUTANTS
    if not file.is_file():
        return []
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip(" *`") for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [{"fault": row[0], "caught_by": row[1], "scenario": row[2]} for row in rows if len(row) > 2]  # noqa: PLR2004


def _previous(named: Path | None, usual: Path) -> ReportData | None:
    """Read the last report; the usual one may be missing, or of another version."""
    if named is None and not usual.is_file():
        return None
    try:
        return files.read(named or usual)
    except UsageError:
        if named is not None:
            raise
        return None


def _contracts(saga: Saga, where: str | None) -> tuple[Contract, ...]:
    told = saga.policies.owner_notification
    names = [*(step.participant for step in saga.steps), *([] if told is None else [told.participant])]
    return () if where is None else published.contracts(where, dict.fromkeys(names))


@cache
def _here() -> Path:
    return Path.cwd()


def _short(file: str) -> str:
    """Give a path as it is written from here."""
    path = Path(file)
    return str(path.relative_to(_here())) if path.is_relative_to(_here()) else file
