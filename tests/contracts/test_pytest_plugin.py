"""The pytest plugin, seen from a team's repository: whole runs of pytest over a small saga and a client."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.timeout(300)  # whole runs of pytest, in processes of their own

RIGHT = """
import httpx
from saga_contracts.testing import CLIENT_ONLY, Given, contract_cases

HTTP = httpx.Client(trust_env=False)
CALLS = {"forward": ("POST", "/a"), "compensate": ("POST", "/a/undo"), "status": ("GET", "/a/status")}
MEANS = {
    "forward": {201: "done", 409: "suspended"},
    "compensate": {200: "done"},
    "status": {404: "absent"},
}
STATES = {"made": "applied", "undone": "compensated", "refused": "refused", "none_left": "refused", "key_reused": "misused"}


@contract_cases("saga.json", leave_out=CLIENT_ONLY)
def test_our_client(given: Given) -> str:
    method, path = CALLS[given.role]
    headers = {"Idempotency-Key": given.key, "Saga-Id": given.saga_id, "Saga-Step": given.step.step}
    body = {"order": given.payload["order_id"]} if given.role == "forward" else None
    reply = HTTP.request(method, given.url + path, headers=headers, json=body, timeout=given.timeout_s)
    if reply.status_code in MEANS[given.role]:
        return MEANS[given.role][reply.status_code]
    return STATES[reply.json().get("state") or reply.json()["error"]]
"""
LIBRARY = """
from saga_contracts.testing import library_contracts

test_contracts = library_contracts("saga.json")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, make_step: Make, make_definition: Make) -> pytest.Pytester:
    """A repository with one saga of one step; tests are added by the test."""
    definition = make_definition(make_step("a", participant="maker"), executes_as="shop")
    (pytester.path / "saga.json").write_text(json.dumps(definition), encoding="utf-8")
    return pytester


def pact(project: pytest.Pytester, folder: str = "build/pacts") -> bytes:
    return Path(project.path, folder, "shop-maker.json").read_bytes()


def write(project: pytest.Pytester, client: str) -> None:
    (project.path / "test_client.py").write_text(client, encoding="utf-8")


def test_a_right_client_passes_every_case_and_its_pact_is_written(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=15)
    result.stdout.fnmatch_lines(["sale: 15 cases exercised; pacts written:", "*build/pacts/shop-maker.json"])
    keys = [one["key"] for one in json.loads(pact(project))["interactions"]]
    assert len(keys) == 15
    assert keys == sorted(keys)


def test_running_again_or_in_parallel_does_not_change_a_byte(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    project.runpytest_subprocess("--pacts", "one").assert_outcomes(passed=15)
    project.runpytest_subprocess("-n", "2", "--pacts", "two").assert_outcomes(passed=15)
    assert pact(project, "one") == pact(project, "two")


def test_the_library_and_a_native_client_hold_the_same_contract(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    project.runpytest_subprocess("--pacts", "native").assert_outcomes(passed=15)
    write(project, LIBRARY)
    project.runpytest_subprocess("--pacts", "library").assert_outcomes(passed=34)
    native, library = json.loads(pact(project, "native")), json.loads(pact(project, "library"))
    assert native["interactions"] == library["interactions"]
    assert set(native["metadata"]["sagapact"]["source"].values()) == {"native"}
    assert set(library["metadata"]["sagapact"]["source"].values()) == {"library"}


def test_a_client_that_does_not_call_fails(project: pytest.Pytester) -> None:
    write(project, RIGHT.split("    method, path", maxsplit=1)[0] + "    return given.expected\n")
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=15)
    result.stdout.fnmatch_lines(["*sale/a/forward/done: the client did not call as the contract says.*"])
    assert not (project.path / "build").exists()


def test_a_client_that_reports_a_wrong_outcome_fails(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('409: "suspended"', '409: "done"'))
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=14, failed=1)
    result.stdout.fnmatch_lines(["*sale/a/forward/suspended: the client made 'done' of the reply 409, but it means 'suspended'*"])
    result.stdout.fnmatch_lines(["sale: no pact written, 1 cases were not exercised:", "  sale/a/forward/suspended"])


def test_a_client_that_raises_fails_with_its_own_error(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace("    method, path", "    raise RuntimeError('broken client')\n    method, path"))
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=15)
    result.stdout.fnmatch_lines(["*RuntimeError: broken client*"])


def test_a_client_that_sends_another_key_fails(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('"Idempotency-Key": given.key', '"Idempotency-Key": "x" + given.key'))
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=15)
    result.stdout.fnmatch_lines(["*Idempotency-Key*"])


def test_a_case_that_no_test_exercises_fails_the_run(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('cases("saga.json", ', 'cases("saga.json", roles=("forward", "compensate"), '))
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=10)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["sale: no pact written, 5 cases were not exercised:", "  sale/a/status/absent"])


def test_a_case_that_no_test_exercises_fails_a_parallel_run(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('cases("saga.json", ', 'cases("saga.json", roles=("forward",), '))
    result = project.runpytest_subprocess("-n", "2")
    result.assert_outcomes(passed=6)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_that_was_narrowed_on_purpose_does_not_fail_and_leaves_the_pacts_alone(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    project.runpytest_subprocess().assert_outcomes(passed=15)
    before = pact(project)
    result = project.runpytest_subprocess("-k", "status")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["sale: no pact written, 10 cases were not exercised:"])
    assert pact(project) == before


def test_a_case_that_the_saga_has_no_more_leaves_the_pact(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    project.runpytest_subprocess().assert_outcomes(passed=15)
    definition = json.loads((project.path / "saga.json").read_text(encoding="utf-8"))
    del definition["steps"][0]["status"]
    (project.path / "saga.json").write_text(json.dumps(definition), encoding="utf-8")
    project.runpytest_subprocess().assert_outcomes(passed=10)
    assert len(json.loads(pact(project))["interactions"]) == 10


def test_messages_stand_in_a_pact_of_their_receiver_when_they_are_exercised(project: pytest.Pytester) -> None:
    definition = json.loads((project.path / "saga.json").read_text(encoding="utf-8"))
    told = {
        "participant": "shop",
        "request": {"method": "POST", "path": "/e", "body": {"saga_id": "{saga_id}", "what": "{event}"}},
    }
    definition["policies"] = {"owner_notification": told | {"replies": {"done": {"status": 204}}}}
    definition["executes_as"] = "saga_service"
    (project.path / "saga.json").write_text(json.dumps(definition), encoding="utf-8")
    write(project, LIBRARY + 'test_messages = library_contracts("saga.json", roles=("creation", "notification"))\n')
    project.runpytest_subprocess().assert_outcomes(passed=36)
    folder = project.path / "build" / "pacts"
    assert sorted(path.name for path in folder.iterdir()) == [
        "saga_service-maker.json",
        "saga_service-shop.json",
        "shop-saga_service.json",
    ]
    [told_owner] = json.loads((folder / "shop-saga_service.json").read_text(encoding="utf-8"))["interactions"]
    assert told_owner["key"] == "sale/_saga/notification/compensation_failed"
    assert told_owner["type"] == "Asynchronous/Messages"


def test_a_kind_of_client_only_case_that_does_not_exist_is_an_error(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace("leave_out=CLIENT_ONLY", 'leave_out=("retryed",)'))
    result = project.runpytest_subprocess()
    result.stdout.fnmatch_lines(["*no kind of client-only case 'retryed'*"])


def test_a_choice_that_selects_no_case_is_an_error(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('cases("saga.json", ', 'cases("saga.json", steps=("b",), '))
    result = project.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No case of saga.json is selected*"])


def test_a_run_without_sagas_says_nothing_and_loads_nothing(pytester: pytest.Pytester) -> None:
    (pytester.path / "test_other.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'saga_contracts.declare.saga' not in sys.modules\n", encoding="utf-8"
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*sagapact*cases*")
    assert not (pytester.path / "build").exists()
