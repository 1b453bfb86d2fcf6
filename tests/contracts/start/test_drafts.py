"""A draft takes over what a document tells: the drafts of small documents of each kind, as they are kept beside this file."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from saga_contracts.commands import contracts
from saga_contracts.read.positions import MOST_FAULTS
from saga_contracts.sagafile import SagaFileError, parse_saga

HERE = Path(__file__).parent
DOCUMENTS, DRAFTS = HERE / "documents", HERE / "drafts"
HOLD = "reserve=placeHold,DELETE /holds/mine,GET /holds/mine"
CASES = {
    "openapi": ["--from-openapi", "warehouse.openapi.yaml", "--step", HOLD, "--saga", "sale", "--owner", "shop"],
    "openapi_by_id": ["--from-openapi", "stock=warehouse.openapi.yaml", "--step", "reserve=placeHold,releaseHold,getHold"],
    "two_openapi": [
        *("--from-openapi", "warehouse.openapi.yaml", "--from-openapi", "bank=bank.swagger.json"),
        *("--step", f"{HOLD.replace('=', '@warehouse=', 1)}", "--step", "pay@bank=pay,DELETE /payments/{number}"),
        *("--step", "tell@bank=POST /messages", "--owner", "shop"),
    ],
    "openapi_that_tells_what_follows": [
        *(
            "--from-openapi",
            "payments.openapi.yaml",
            "--step",
            "look=getRate",
            "--step",
            "pay=startPayment,cancelPayment,readPayment",
        ),
        *("--step", "ship=POST /shipments,DELETE /shipments/{number}", "--saga", "payment", "--owner", "shop"),
    ],
    "openapi_that_is_polled": [
        *(
            "--from-openapi",
            "jobs.openapi.yaml",
            "--step",
            "job=startJob,stopJob,readJob,findJobs",
            "--saga",
            "job",
            "--owner",
            "shop",
        ),
    ],
    "pact": ["--from-pact", "shop-bank.pact.json", "--step", "pay=POST /payments,POST /payments/{id}/refund", "--saga", "sale"],
    "har": [
        *("--from-har", "purchase.har", "--step", "reserve=POST /holds,DELETE /holds/{id},GET /holds/{id}"),
        *("--step", "pay=POST /charges"),
    ],
    "bpmn_camunda": ["--from-bpmn", "trip.bpmn"],
    "bpmn_pools": ["--from-bpmn", "order.bpmn", "--process", "order"],
    "arazzo": ["--from-arazzo", "purchase.arazzo.yaml", "--from-openapi", "warehouse=warehouse.openapi.yaml"],
    "arazzo_of_workflows": ["--from-arazzo", "checkout.arazzo.yaml", "--process", "checkout"],
    "arazzo_alone": ["--from-arazzo", "purchase.arazzo.yaml"],
}


def drafted(arguments: list[str], folder: Path) -> str:
    """Give the draft that a command writes; documents are named as they stand in the folder of documents."""
    found = [_with_folder(one) for one in arguments]
    result = CliRunner().invoke(contracts, ["init", str(folder), *found], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return (folder / "saga.yaml").read_text(encoding="utf-8")


def _with_folder(argument: str) -> str:
    participant, named, file = argument.rpartition("=")
    return f"{participant}{named}{DOCUMENTS / file}" if (DOCUMENTS / file).is_file() else argument


@pytest.mark.parametrize("name", CASES)
def test_a_document_gives_this_draft(name: str, tmp_path: Path) -> None:
    found = drafted(CASES[name], tmp_path / "sale")
    assert found == (DRAFTS / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_lint_names_every_open_question_of_a_draft_with_its_line(name: str, tmp_path: Path) -> None:
    text = (DRAFTS / f"{name}.yaml").read_text(encoding="utf-8")
    asked = [
        (line, found[1]) for line, one in enumerate(text.splitlines(), 1) if (found := re.match(r" *# TODO\((\d+)\): ", one))
    ]
    assert [number for _, number in asked] == [str(number) for number in range(1, len(asked) + 1)]
    with pytest.raises(SagaFileError) as caught:
        parse_saga(text, "saga.yaml")
    named = [(one.line, one.what) for one in caught.value.faults if one.what.startswith("Open question")]
    assert len(asked) < MOST_FAULTS
    assert [(line, what.partition(":")[0]) for line, what in named] == [(line, f"Open question {one}") for line, one in asked]


def answered(text: str) -> str:
    """Answer the questions of a draft as the owner of a simple service would; most guesses are right."""
    found = []
    for line in text.splitlines():
        if "# TODO(" not in line:
            found.append(line)
        elif "after its compensation" in line:
            found.append(f"{line[: len(line) - len(line.lstrip())]}suspended: {{status: 410}}")
    return "\n".join(found).replace("{outputs.look.sum}", "{outputs.look.total}")


@pytest.mark.parametrize("name", CASES)
def test_a_draft_is_accepted_once_its_questions_are_answered(name: str) -> None:
    saga = parse_saga(answered((DRAFTS / f"{name}.yaml").read_text(encoding="utf-8")), "saga.yaml")
    assert saga.steps


def test_the_states_of_a_pact_become_the_preconditions_of_a_step() -> None:
    [step] = parse_saga(answered((DRAFTS / "pact.yaml").read_text(encoding="utf-8")), "saga.yaml").steps
    assert [one.state for one in step.given.enough] == ["the account has"]
    assert step.given.enough[0].params == {"account": "{payload.account}", "amount": "{payload.amount}"}
    assert step.given.refusing[0].params == {"account": "{payload.account}", "amount": 0}


def test_what_may_be_a_secret_stays_in_the_recording() -> None:
    assert "canary" not in (DRAFTS / "har.yaml").read_text(encoding="utf-8")


def test_a_draft_is_made_the_same_way_again(tmp_path: Path) -> None:
    assert drafted(CASES["two_openapi"], tmp_path / "one") == drafted(CASES["two_openapi"], tmp_path / "two")


def test_the_contract_tests_beside_an_answered_draft_run(tmp_path: Path) -> None:
    text = drafted(CASES["openapi"], tmp_path / "sale")
    (tmp_path / "sale" / "saga.yaml").write_text(answered(text), encoding="utf-8")
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "sale", "--pacts", "pacts"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "SAGAPACT_"))}
    done = subprocess.run(line, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "pacts" / "shop-warehouse.json").is_file()
