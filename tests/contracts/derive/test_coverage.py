import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from saga_contracts.commands import contracts
from saga_contracts.declare.saga import Saga
from saga_contracts.derive import cases
from saga_contracts.derive.coverage import Coverage, State, cover
from saga_contracts.show import coverage_views

Make = Callable[..., dict[str, Any]]
MakeSaga = Callable[..., Saga]
TODAY = date(2026, 6, 1)


def pact(saga: Saga, leave_out: tuple[str, ...] = (), source: str = "native", *, messages: bool = True) -> dict[str, Any]:
    everything = (*cases.derive(saga), *(cases.derive_messages(saga) if messages else ()))
    interactions = []
    for case in everything:
        if not any(part in case.name for part in leave_out):
            comments = {"comments": {"sagapact": case.slice.as_json()}} if case.slice else {}
            interactions.append({"key": case.name, "description": case.name, **comments})
    keys = {one["key"]: source for one in interactions}
    return {"consumer": {"name": "c"}, "interactions": interactions, "metadata": {"sagapact": {"source": keys}}}


def states(coverage: Coverage, step: str) -> dict[str, State]:
    return {cell.obligation: cell.state for cell in coverage.cells if cell.step == step}


def test_a_complete_pact_covers_everything_that_applies(vas: Saga) -> None:
    found = cover(vas, [pact(vas)], TODAY)
    assert found.percent == 100
    assert found.errors == ()
    assert found.cell("reserve_money", "O8").by == "native"
    assert states(found, "notify")["O8"] == State.NOT_APPLICABLE
    assert states(found, "reserve_money")["O18"] == State.NOT_APPLICABLE


def test_a_null_compensation_without_a_contract_is_an_error(vas: Saga) -> None:
    found = cover(vas, [pact(vas, ("reserve_money/compensate/null",))], TODAY)
    assert found.cell("reserve_money", "O8").state == State.MISSING
    [error] = found.errors
    assert error.startswith("The compensation that finds nothing to undo of reserve_money has no contract")


def test_a_missing_status_case_is_missing_and_no_error(vas: Saga) -> None:
    found = cover(vas, [pact(vas, ("apply_vas/status/absent",))], TODAY)
    assert found.cell("apply_vas", "O14").why == "No contract holds vas_purchase/apply_vas/status/absent."
    assert found.errors == ()
    assert 90 < found.percent < 100


def test_no_pact_at_all_is_an_error_and_covers_nothing(vas: Saga) -> None:
    found = cover(vas, [], TODAY)
    assert found.errors == ("No contract of the saga vas_purchase was found: run its contract tests first.",)
    assert {state for obligation, state in states(found, "notify").items() if obligation not in ("O25", "O33")} == {
        State.MISSING,
        State.NOT_APPLICABLE,
    }


def test_pacts_of_other_sagas_do_not_count(vas: Saga, make_step: Make, make_saga: MakeSaga) -> None:
    assert cover(vas, [pact(make_saga(make_step("a")))], TODAY).errors


def test_a_pact_of_another_version_of_the_file_does_not_count(make_step: Make, make_saga: MakeSaga) -> None:
    old, new = make_saga(make_step("a")), make_saga(make_step("a", tries=3))
    found = cover(new, [pact(old)], TODAY)
    assert "another version of the saga file" in found.errors[0]
    assert found.cell("a", "O3").state == State.MISSING


def test_a_waiver_counts_until_it_expires(make_step: Make, make_saga: MakeSaga) -> None:
    waiver = {"obligation": "O8", "step": "a", "reason": "old", "person": "Ann", "expires": "2026-06-01"}
    saga = make_saga(make_step("a"), waivers=[waiver])
    document = pact(saga, ("compensate/null",))
    assert cover(saga, [document], TODAY).cell("a", "O8").state == State.WAIVED
    assert cover(saga, [document], TODAY).errors == ()
    late = cover(saga, [document], date(2026, 6, 2))
    assert late.cell("a", "O8").state == State.MISSING
    assert "expired on 2026-06-01" in late.cell("a", "O8").why
    assert late.errors


def test_a_step_without_a_key_breaks_the_key_obligations_as_declared(make_step: Make, make_saga: MakeSaga) -> None:
    waiver = {"obligation": "O3", "step": "a", "reason": "old", "person": "Ann", "expires": "2027-01-01"}
    saga = make_saga(make_step("a", key="none"), waivers=[waiver])
    found = cover(saga, [pact(saga)], TODAY)
    assert found.cell("a", "O7").state == State.BROKEN
    assert found.cell("a", "O3").state == State.WAIVED
    assert found.cell("a", "O31").state == State.COVERED


def test_who_exercised_the_cases_is_told(vas: Saga) -> None:
    assert cover(vas, [pact(vas, source="library")], TODAY).cell("notify", "O1").by == "library"
    foreign = pact(vas)
    del foreign["metadata"]
    assert cover(vas, [foreign], TODAY).cell("notify", "O1").by == "other"


def test_a_step_without_a_status_call_misses_it_from_level_two_on(make_step: Make, make_saga: MakeSaga) -> None:
    one = make_step("a")
    del one["status"]
    for level, state in ((1, State.NOT_APPLICABLE), (2, State.MISSING)):
        saga = make_saga(one, level=level)
        assert cover(saga, [pact(saga)], TODAY).cell("a", "O14").state == state


def test_the_messages_of_the_owner_are_a_column_of_their_own(vas: Saga) -> None:
    found = cover(vas, [pact(vas, messages=False)], TODAY)
    assert states(found, "_saga") == {"O27": State.MISSING, "O28": State.MISSING}


def test_the_text_names_every_gap_and_the_picture_shows_it(vas: Saga) -> None:
    found = cover(vas, [pact(vas, ("reserve_money/compensate/null",))], TODAY)
    text = coverage_views.text(found)
    assert "reserve_money O8 null compensation: missing." in text
    assert text.splitlines()[-1].startswith("error: ")
    root = ET.fromstring(coverage_views.svg(found))  # noqa: S314  (our own text)
    assert any("missing" in "".join(node.itertext()) for node in root)
    assert json.loads(json.dumps(coverage_views.as_json(found)))["percent"] < 100


@pytest.mark.parametrize(
    ("leave_out", "options", "status"),
    [((), [], 0), (("compensate/null",), [], 1), (("status/absent",), [], 0), (("status/absent",), ["--threshold", "100"], 1)],
)
def test_the_exit_status_tells_whether_it_is_enough(
    vas: Saga, vas_file: Path, tmp_path: Path, leave_out: tuple[str, ...], options: list[str], status: int
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(pact(vas, leave_out)), encoding="utf-8")
    result = CliRunner().invoke(contracts, ["coverage", str(vas_file), "--pacts", str(tmp_path), *options])
    assert result.exit_code == status, result.output


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_file_that_is_no_pact_is_wrong_usage(vas_file: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content, encoding="utf-8")
    result = CliRunner().invoke(contracts, ["coverage", str(vas_file), "--pacts", str(tmp_path)])
    assert result.exit_code == 2
    assert "p.json" in result.stderr


def test_a_missing_folder_is_wrong_usage(vas_file: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(contracts, ["coverage", str(vas_file), "--pacts", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "There is no folder" in result.stderr


def test_pictures_are_written_where_they_are_asked_for(vas: Saga, vas_file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(pact(vas)), encoding="utf-8")
    run = CliRunner()
    table, saga = tmp_path / "new" / "coverage.svg", tmp_path / "saga.svg"
    assert run.invoke(contracts, ["coverage", str(vas_file), "--pacts", str(tmp_path), "--svg", str(table)]).exit_code == 0
    assert run.invoke(contracts, ["draw", str(vas_file), "-o", str(saga)]).exit_code == 0
    assert table.read_text(encoding="utf-8").startswith("<svg")
    assert saga.read_text(encoding="utf-8") == run.invoke(contracts, ["draw", str(vas_file)]).stdout
    assert run.invoke(contracts, ["draw", str(vas_file), "-o", str(tmp_path)]).exit_code == 2
