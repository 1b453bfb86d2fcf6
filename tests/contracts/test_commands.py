import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from saga_contracts.commands import contracts
from saga_contracts.derive import cases
from saga_contracts.sagafile import load_saga


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(contracts, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def faulty(tmp_path: Path, vas_file: Path) -> Path:
    file = tmp_path / "faulty.yaml"
    text = vas_file.read_text(encoding="utf-8").replace("after: [apply_vas, create_packages]", "after: [apply_vass]")
    file.write_text(text, encoding="utf-8")
    return file


def line_of(file: Path, part: str) -> int:
    return next(number for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if part in line)


def test_lint_says_that_a_file_is_valid(vas_file: Path) -> None:
    result = run("lint", vas_file)
    assert result.exit_code == 0
    assert result.stdout == f"{vas_file}: the saga vas_purchase is valid (4 steps, 4 participants).\n"


def test_lint_names_every_fault_with_its_line_and_exits_2(vas_file: Path, faulty: Path) -> None:
    result = run("lint", vas_file, faulty)
    assert result.exit_code == 2
    assert "is valid" in result.stdout
    line = line_of(faulty, "apply_vass")
    assert f"{faulty}:{line}:13: steps.notify.after.0: There is no step `apply_vass`. Did you mean `apply_vas`?" in result.stderr
    assert "Traceback" not in result.output


def test_lint_as_json_gives_the_faults_as_data(faulty: Path) -> None:
    result = run("lint", "--json", faulty)
    assert result.exit_code == 2
    [file] = json.loads(result.stdout)
    assert file["valid"] is False
    assert file["faults"][0]["line"] == line_of(faulty, "apply_vass")


def test_lint_without_a_file_is_wrong_usage() -> None:
    assert run("lint").exit_code == 2


@pytest.mark.parametrize("command", ["lint", "cases", "deck"])
def test_a_missing_file_is_said_without_a_traceback(command: str, tmp_path: Path) -> None:
    result = run(command, tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert "Cannot read the saga file" in result.stderr


def test_cases_lists_each_case_with_its_call_and_its_outcome(vas_file: Path) -> None:
    text = run("cases", vas_file).stdout
    assert "reserve_money at billing" in text
    assert "compensate/null" in text
    assert len(json.loads(run("cases", vas_file, "--json").stdout)) == text.count(" -> ")


def test_cases_of_one_step_only(vas_file: Path) -> None:
    found = json.loads(run("cases", vas_file, "--step", "notify", "--json").stdout)
    assert {case["step"] for case in found} == {"notify"}


def test_cases_with_all_that_a_client_meets(vas_file: Path) -> None:
    text = run("cases", vas_file, "--all").stdout
    assert "notification/compensation_failed" in text
    assert "saga_service -> vas_owner" in text
    assert "reserve_money/forward/no_answer" in text
    assert "503, then 201" in text
    found = json.loads(run("cases", vas_file, "--all", "--json").stdout)
    assert len({case["name"] for case in found}) == len(found) > 100


def test_an_unknown_step_is_wrong_usage_and_says_the_known_ones(vas_file: Path) -> None:
    result = run("deck", vas_file, "--step", "notifyy")
    assert result.exit_code == 2
    assert "Its steps: reserve_money, apply_vas, create_packages, notify." in result.stderr


def test_a_deck_is_told_in_words(vas_file: Path) -> None:
    text = run("deck", vas_file, "--step", "reserve_money", "--faults", "1").stdout
    assert "  F F   (by 1 fault: the reply to the forward call is lost)" in text
    assert "vas_purchase/reserve_money at billing: 13 histories, at most 1 fault" in text
    assert "C  compensation -> done (O8 null compensation); then status compensated (O8 null compensation)" in text
    assert "the probe reads no effect, although the precondition has become true (O32 sticky refusal)" in text
    assert "Not checked: other sagas on the same data" in text


def test_a_deck_as_json_holds_what_the_text_says(vas_file: Path) -> None:
    decks = json.loads(run("deck", vas_file, "--faults", "2", "--json").stdout)
    assert [deck["step"] for deck in decks] == ["reserve_money", "apply_vas", "create_packages", "notify"]
    history = next(one for one in decks[0]["histories"] if one["word"] == "C")
    assert history["causes"] == [{"fault": "requests_swallowed", "text": "an outage swallows every request of the forward call"}]
    said = {"replies": ["done"], "declared": ["done"], "obligation": "O8", "status": ["compensated"], "statusObligation": "O8"}
    assert history["plays"] == [{"letter": "C", **said}]


def test_a_saga_without_two_steps_at_one_participant_has_no_pairs(vas_file: Path) -> None:
    result = run("deck", vas_file, "--pairs")
    assert result.exit_code == 0
    assert "not applicable" in result.stdout


def test_pair_decks_are_told_in_words_and_as_json(vas_file: Path) -> None:
    file = vas_file.parents[1] / "shop_order" / "saga.yaml"
    text = run("deck", file, "--pairs").stdout
    assert "shop_order/create_order and confirm_order at orders: 10 mixed histories, at most 1 fault" in text
    assert "  create_order:F confirm_order:F   (without a fault)" in text
    [deck] = json.loads(run("deck", file, "--pairs", "--json").stdout)
    assert len(deck["histories"]) == 10


def test_pacts_in_folders_of_the_folder_count_for_the_coverage(vas_file: Path, tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    every = [{"key": case.name, "description": case.name} for case in cases.derive(load_saga(vas_file))]
    (tmp_path / "deep" / "deeper" / "pact.json").write_text(json.dumps({"interactions": every}), encoding="utf-8")
    result = run("coverage", vas_file, "--pacts", tmp_path)
    assert result.exit_code == 0, result.output


def test_too_many_faults_are_wrong_usage(vas_file: Path) -> None:
    assert run("deck", vas_file, "--faults", "9").exit_code == 2


def test_the_schema_is_a_json_schema_of_the_format() -> None:
    schema = json.loads(run("schema").stdout)
    assert {"saga", "steps", "payload"} <= set(schema["properties"])


def test_the_whole_command_finds_its_part_by_entry_point(vas_file: Path) -> None:
    script = "from saga_contracts.cli import main; main()"
    command = [sys.executable, "-c", script, "contracts", "lint", str(vas_file)]
    assert "is valid" in subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_lint_and_deck_load_neither_pact_nor_httpx() -> None:
    script = (
        "import sys, saga_contracts.cli, saga_contracts.commands;"
        "print(sorted({'pact', 'httpx', 'pytest', 'fastapi', 'sqlalchemy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"
