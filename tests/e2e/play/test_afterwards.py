"""What is made of a run afterwards: its failures made smaller on real services, its report compared with the last one."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrators import ORCHESTRATORS, PLAIN, landscape_with
from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_e2e.console import Console
from saga_e2e.derive.choosing import Choice
from saga_e2e.play import nightly
from saga_e2e.play.afterwards import Afterwards, Wanted, kills
from saga_e2e.report.data import ReportData
from saga_e2e.report.files import read, results_in
from saga_e2e.stage.landscape import Landscape, reference_landscape

FAULTY = "undoes in forward order"


def faulty(tmp_path: Path) -> Path:
    """Write the provider file of a plain orchestrator with a planted fault."""
    file = ORCHESTRATORS / PLAIN / "provider.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    start = content["start"]
    folder = (file.parent / start["cwd"]).resolve()
    start["env"] = {**start["env"], "FAULT": FAULTY, "SAGA_FILES": str((folder / start["env"]["SAGA_FILES"]).resolve())}
    start["cwd"] = str(folder)
    path = tmp_path / "faulty.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_failure_of_an_orchestrator_comes_down_to_the_fault_that_it_needs(
    tmp_path: Path, vas_purchase: Saga, capsys: pytest.CaptureFixture[str]
) -> None:
    file = faulty(tmp_path)
    land = replace(landscape_with(PLAIN), orchestrator=file)
    out = results_in(tmp_path / "out")

    choice, wanted = Choice(names=("undo-reply-lost-at-apply_vas",)), Wanted(orchestrator=file)
    status = nightly.run(vas_purchase, land, out, Console(), choice=choice, wanted=wanted)

    (found,) = read(out.path / "report.json").shrunk
    assert status == 1
    assert (found.invariant, found.scenario, found.guilty) == ("I7", "refused-at-create_packages", ())
    assert found.orchestrator.startswith("Every participant did right by what arrived, so plain is at fault (I7): ")
    assert found.command.endswith(f"--orchestrator {file} --scenario refused-at-create_packages")
    assert ast.parse(found.test)
    assert found.command in capsys.readouterr().out


def afterwards(saga: Saga, out: Path, wanted: Wanted, land: Landscape | None = None) -> Afterwards:
    return Afterwards(saga, land or reference_landscape(), wanted, out)


def report_of(**scenario: Any) -> dict[str, Any]:
    return {"generated_at": "yesterday", "scenarios": [{"name": "committed", **scenario}]}


def test_a_report_is_compared_with_the_one_that_lies_in_its_folder(tmp_path: Path, vas_purchase: Saga) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report_of(verdict="kept")))
    now = ReportData.model_validate(report_of(verdict="broken"))

    changes = afterwards(vas_purchase, tmp_path, Wanted()).changed(now).changes

    assert changes is not None
    assert (changes.since, changes.broken) == ("yesterday", ("committed",))


def test_a_folder_without_a_readable_report_is_no_reason_to_stop_but_a_named_file_is(tmp_path: Path, vas_purchase: Saga) -> None:
    now = ReportData()
    assert afterwards(vas_purchase, tmp_path, Wanted()).changed(now).changes is None
    (tmp_path / "report.json").write_text("no report")
    assert afterwards(vas_purchase, tmp_path, Wanted()).changed(now).changes is None
    with pytest.raises(UsageError, match=r"report\.json is no result of sagapact"):
        afterwards(vas_purchase, tmp_path, Wanted(previous=tmp_path / "report.json"))


def test_contracts_that_are_not_there_are_told_before_anything_is_started(tmp_path: Path, vas_purchase: Saga) -> None:
    with pytest.raises(UsageError, match="holds no pact file"):
        afterwards(vas_purchase, tmp_path, Wanted(pacts=str(tmp_path)))


def test_nothing_is_shrunk_when_all_was_kept(tmp_path: Path, vas_purchase: Saga) -> None:
    assert afterwards(vas_purchase, tmp_path, Wanted()).parts([], Console(), None)["shrunk"] == []


def test_the_kill_table_is_read_where_it_is_at_hand() -> None:
    assert all(set(one) == {"fault", "caught_by", "scenario"} for one in kills())


def test_a_landscape_of_ones_own_is_named_in_the_command_and_in_the_test() -> None:
    wanted = Wanted(sagas=Path("s"), services=Path("x"), orchestrator=Path("o.yaml"))

    made, imports = wanted.landscape
    assert wanted.options == "--sagas s --services x --orchestrator o.yaml"
    assert made == 'replace(landscape_in(Path("s"), Path("x")), orchestrator=Path("o.yaml"))'
    assert ast.parse("\n".join(imports))
