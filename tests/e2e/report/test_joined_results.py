"""`sagapact e2e report`: the results of several runs, as one report."""

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import ROOT, Sagapact
from saga_e2e import report
from saga_e2e.report import ReportData

SAGA_FILE = ROOT / "contracts/sagas/vas_purchase/saga.yaml"


@pytest.fixture
def provider_results(kept_run: ReportData, tmp_path: Path) -> list[Path]:
    """What `verify --json` printed for each provider."""
    files = [tmp_path / f"{one.provider}.json" for one in kept_run.providers]
    for file, one in zip(files, kept_run.providers, strict=True):
        file.write_text(one.model_dump_json(by_alias=True))
    return files


@pytest.fixture
def whole_run(kept_run: ReportData, tmp_path: Path) -> Path:
    """The `report.json` of an end-to-end run, which has scenarios only."""
    file = tmp_path / "night" / "report.json"
    file.parent.mkdir()
    file.write_text(report.as_json(kept_run.model_copy(update={"providers": (), "gates": (), "verdict": None})))
    return file


def test_results_of_providers_and_of_a_whole_run_become_one_report(
    provider_results: list[Path], whole_run: Path, kept_run: ReportData, tmp_path: Path
) -> None:
    done = Sagapact(tmp_path)("e2e", "report", *provider_results, whole_run, "--out", "joined")

    assert done.status == 0, done.text
    written = json.loads((tmp_path / "joined/report.json").read_text())
    assert [one["provider"] for one in written["providers"]] == [one.provider for one in kept_run.providers]
    assert [one["name"] for one in written["scenarios"]] == [one.name for one in kept_run.scenarios]
    assert (written["saga"]["saga"], written["verdict"]["status"]) == ("vas_purchase", "kept")
    assert "reserve_money" in (tmp_path / "joined/report.html").read_text()
    assert (tmp_path / "joined/junit.xml").read_text().startswith("<?xml")


def test_what_is_broken_in_one_result_is_the_status_of_all(broken_run: ReportData, whole_run: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(broken_run.providers[1].model_dump_json(by_alias=True))

    done = Sagapact(tmp_path)("e2e", "report", broken, whole_run)

    assert done.status == 1, done.text
    assert "1 broken" in done.out


def test_a_result_in_which_nothing_was_checked_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text('{"provider": "billing", "version": "1", "verdict": "kept", "pacts": []}')

    done = Sagapact(tmp_path)("e2e", "report", "empty.json", "--saga-file", SAGA_FILE)

    assert done.status == 3, done.text


def test_all_faults_of_all_files_are_named_and_nothing_is_written(provider_results: list[Path], tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("nothing")
    (tmp_path / "other.json").write_text('{"a": 1}')
    (tmp_path / "wrong.json").write_text('{"scenarios": [{"title": "it has no name"}]}')
    files: list[Any] = ["absent.json", "text.json", "other.json", "wrong.json", provider_results[0], provider_results[0]]

    done = Sagapact(tmp_path)("e2e", "report", *files)

    assert done.status == 2, done.text
    for part in (
        "absent.json cannot be read",
        "text.json is no result",
        "other.json is no result",
        "scenarios.0.name",
        "2 times",
    ):
        assert part in done.err
    assert not (tmp_path / "build").exists()


def test_results_of_different_sagas_are_not_put_together(whole_run: Path, tmp_path: Path) -> None:
    done = Sagapact(tmp_path)("e2e", "report", whole_run, "--saga-file", ROOT / "contracts/sagas/shop_order/saga.yaml")

    assert done.status == 2
    assert "shop_order, vas_purchase" in done.err
