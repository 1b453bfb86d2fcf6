"""The pytest plugin, seen from a team's repository: whole runs of pytest over a small saga and a client."""

import json
from pathlib import Path

import httpcore
import httpx
import pytest

from saga_contracts import client, testing
from saga_contracts.exercise.served import interactions

LOADED = (client, httpcore, httpx, interactions, testing)
"""Runs in this process take these modules as they are, and do not load them once more each time."""

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
SHORT = LIBRARY.replace("import library_contracts", "import CLIENT_ONLY, library_contracts").replace(
    'saga.json"', 'saga.json", leave_out=CLIENT_ONLY'
)


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest in this process; with pytest-xdist, and where modules must not be loaded before, use one of its own."""
    return project.runpytest_inprocess("-p", "no:cacheprovider", *options)


def pact(project: pytest.Pytester, folder: str = "build/pacts") -> bytes:
    return Path(project.path, folder, "shop-maker.json").read_bytes()


def write(project: pytest.Pytester, client: str) -> None:
    (project.path / "test_client.py").write_text(client, encoding="utf-8")


def test_a_right_client_passes_every_case_and_its_pact_is_written(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    result = run(project)
    result.assert_outcomes(passed=15)
    result.stdout.fnmatch_lines(["sale: 15 cases exercised; pacts written:", "*build/pacts/shop-maker.json"])
    keys = [one["key"] for one in json.loads(pact(project))["interactions"]]
    assert len(keys) == 15
    assert keys == sorted(keys)


@pytest.mark.slow
def test_running_again_or_in_parallel_does_not_change_a_byte(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project, "--pacts", "one").assert_outcomes(passed=15)
    project.runpytest_subprocess("-n", "2", "--pacts", "two").assert_outcomes(passed=15)
    assert pact(project, "one") == pact(project, "two")


def test_the_library_and_a_native_client_hold_the_same_contract(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project, "--pacts", "native").assert_outcomes(passed=15)
    write(project, LIBRARY)
    run(project, "--pacts", "library").assert_outcomes(passed=34)
    native, library = json.loads(pact(project, "native")), json.loads(pact(project, "library"))
    assert native["interactions"] == library["interactions"]
    assert set(native["metadata"]["sagapact"]["source"].values()) == {"native"}
    assert set(library["metadata"]["sagapact"]["source"].values()) == {"library"}


def test_a_client_that_does_not_call_fails(project: pytest.Pytester) -> None:
    write(project, RIGHT.split("    method, path", maxsplit=1)[0] + "    return 'done'\n")
    result = run(project)
    result.assert_outcomes(failed=15)
    result.stdout.fnmatch_lines(["sale/a/forward/done: the client did not call as the contract says: no call came.*"])
    assert not (project.path / "build").exists()


def test_a_client_that_reports_a_wrong_outcome_fails(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('409: "suspended"', '409: "done"'))
    result = run(project)
    result.assert_outcomes(passed=14, failed=1)
    result.stdout.fnmatch_lines(["*sale/a/forward/suspended: the client made 'done' of the reply 409, but it means 'suspended'*"])
    result.stdout.fnmatch_lines(["sale: no pact written, 1 cases were not exercised:", "  sale/a/forward/suspended"])


def test_a_client_that_raises_fails_with_its_own_error(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace("    method, path", "    raise RuntimeError('broken client')\n    method, path"))
    result = run(project)
    result.assert_outcomes(failed=15)
    result.stdout.fnmatch_lines(["*RuntimeError: broken client*"])


def test_a_client_that_sends_another_key_fails(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('"Idempotency-Key": given.key', '"Idempotency-Key": "x" + given.key'))
    result = run(project)
    result.assert_outcomes(failed=15)
    result.stdout.fnmatch_lines(["*Idempotency-Key*"])


def test_a_case_that_no_test_exercises_fails_the_run(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('cases("saga.json", ', 'cases("saga.json", roles=("forward", "compensate"), '))
    result = run(project)
    result.assert_outcomes(passed=10)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["sale: no pact written, 5 cases were not exercised:", "  sale/a/status/absent"])


@pytest.mark.slow
def test_a_case_that_no_test_exercises_fails_a_parallel_run(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('cases("saga.json", ', 'cases("saga.json", roles=("forward",), '))
    result = project.runpytest_subprocess("-n", "2")
    result.assert_outcomes(passed=6)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_that_was_narrowed_on_purpose_does_not_fail_and_leaves_the_pacts_alone(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project).assert_outcomes(passed=15)
    before = pact(project)
    result = run(project, "-k", "status")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["sale: no pact written, 10 cases were not exercised:"])
    assert pact(project) == before


def test_a_case_that_the_saga_has_no_more_leaves_the_pact(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project).assert_outcomes(passed=15)
    definition = json.loads((project.path / "saga.json").read_text(encoding="utf-8"))
    del definition["steps"][0]["status"]
    (project.path / "saga.json").write_text(json.dumps(definition), encoding="utf-8")
    run(project).assert_outcomes(passed=10)
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
    run(project).assert_outcomes(passed=36)
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
    result = run(project)
    result.stdout.fnmatch_lines(["*no kind of client-only case 'retryed'*"])


def test_a_choice_that_selects_no_case_is_an_error(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('cases("saga.json", ', 'cases("saga.json", roles=("callback",), '))
    result = run(project)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No case of saga.json is selected*"])


def other_saga(project: pytest.Pytester, name: str, **changes: object) -> None:
    """Write a further saga file beside the first one."""
    definition = json.loads((project.path / "saga.json").read_text(encoding="utf-8"))
    (project.path / name).write_text(json.dumps(definition | changes), encoding="utf-8")


@pytest.mark.parametrize(
    "mark", ["skip(reason='not now')", "skipif(True, reason='not here')", "xfail(run=False)", "xfail(condition=False, reason='')"]
)
def test_cases_that_are_all_skipped_are_told_and_the_pact_stays(project: pytest.Pytester, mark: str) -> None:
    write(project, RIGHT)
    run(project).assert_outcomes(passed=15)
    before = pact(project)
    write(project, RIGHT.replace("@contract_cases", f"import pytest\n\n@pytest.mark.{mark}\n@contract_cases"))
    result = run(project)
    assert pact(project) == before
    if "condition=False" in mark:  # such a mark does nothing
        result.assert_outcomes(passed=15)
        return
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["sale: no pact written, 15 cases were not exercised:", f"  What {project.path}/build/pacts holds of it stays as it was."]
    )


@pytest.mark.slow
@pytest.mark.parametrize("how", ["-n2", "-n0"])
def test_a_module_whose_cases_are_all_skipped_is_told_in_parallel_too(project: pytest.Pytester, how: str) -> None:
    write(project, RIGHT + "\nimport pytest\npytestmark = pytest.mark.skip\n")
    result = project.runpytest_subprocess(how)
    result.assert_outcomes(skipped=15)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["sale: no pact written, 15 cases were not exercised:"])


def test_a_case_that_fails_as_expected_is_no_contract(project: pytest.Pytester) -> None:
    failing = RIGHT.replace('409: "suspended"', '409: "done"')
    write(project, failing.replace("@contract_cases", "import pytest\n\n@pytest.mark.xfail\n@contract_cases"))
    result = run(project)
    result.assert_outcomes(xfailed=1, xpassed=14)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["sale: no pact written, 1 cases were not exercised:", "  sale/a/forward/suspended"])


def test_a_case_that_fails_by_one_test_and_passes_by_another_is_no_contract(project: pytest.Pytester) -> None:
    write(project, RIGHT.replace('409: "suspended"', '409: "done"') + SHORT)
    result = run(project)
    result.assert_outcomes(passed=14 + 15, failed=1)
    result.stdout.fnmatch_lines(["sale: no pact written, 1 cases were not exercised:", "  sale/a/forward/suspended"])
    assert not (project.path / "build").exists()


@pytest.mark.parametrize("change", [("def test_our_client", "def our_client"), ("def test_our_client", "def check_our_client")])
def test_a_client_that_pytest_does_not_take_for_a_test_is_told(project: pytest.Pytester, change: tuple[str, str]) -> None:
    write(project, RIGHT.replace(*change) + "\ndef test_other(): pass\n")
    result = run(project)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["sale: no pact written, 15 cases were not exercised:"])


def test_looking_at_the_tests_writes_and_demands_nothing(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    result = run(project, "--collect-only", "-q")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*no pact written*")


@pytest.mark.parametrize(
    "option", ["--deselect=test_client.py::test_our_client[sale/a/status/absent]", "test_client.py::test_our_client"]
)
def test_tests_that_are_left_out_by_name_are_told_without_failing(project: pytest.Pytester, option: str) -> None:
    write(project, RIGHT + "\n\ntest_twice = test_our_client\n")
    result = run(project, option, "-k", "absent")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["sale: no pact written, 14 cases were not exercised:"])


def test_a_run_that_stops_early_keeps_what_was_there(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project).assert_outcomes(passed=15)
    before = pact(project)
    write(project, RIGHT.replace("    method, path", "    raise KeyboardInterrupt\n    method, path"))
    result = project.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert pact(project) == before


def test_pacts_go_where_pytest_was_started_and_their_place_is_told(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    other_build = project.path / "build" / "pacts" / "shop-maker.json"
    other_build.parent.mkdir(parents=True)
    other_build.write_text("mine", encoding="utf-8")
    folder = project.mkdir("inner")
    write(project, RIGHT.replace('"saga.json"', f'"{project.path}/saga.json"'))
    (project.path / "test_client.py").rename(folder / "test_client.py")
    monkeypatch.chdir(folder)
    result = run(project)
    result.assert_outcomes(passed=15)
    result.stdout.fnmatch_lines([f"  {folder}/build/pacts/shop-maker.json"])
    assert other_build.read_text(encoding="utf-8") == "mine"


def test_two_sagas_of_one_name_in_one_run_are_told_and_neither_is_written(project: pytest.Pytester) -> None:
    other_saga(project, "other.json", owner="another")
    write(project, RIGHT + SHORT.replace("saga.json", "other.json"))
    result = run(project)
    result.assert_outcomes(passed=15 + 15)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["sale: Different saga files of this run bear the name sale.*"])
    assert not (project.path / "build").exists()


def test_two_sagas_share_a_participant_and_its_pact(project: pytest.Pytester) -> None:
    other_saga(project, "other.json", saga="order")
    write(project, RIGHT + SHORT.replace("saga.json", "other.json"))
    result = run(project)
    result.assert_outcomes(passed=15 + 15)
    assert result.ret == pytest.ExitCode.OK
    assert {one["key"].split("/")[0] for one in json.loads(pact(project))["interactions"]} == {"sale", "order"}


def test_two_pairs_whose_names_are_one_file_name_have_two_files(project: pytest.Pytester) -> None:
    for name, consumer, provider in (("other.json", "shop", "maker-x"), ("saga.json", "shop-maker", "x")):
        other_saga(project, name, saga=name.split(".")[0], executes_as=consumer)
        path = project.path / name
        path.write_text(path.read_text(encoding="utf-8").replace('"maker"', f'"{provider}"'), encoding="utf-8")
    write(project, RIGHT + SHORT.replace("saga.json", "other.json"))
    assert run(project).ret == pytest.ExitCode.OK
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (project.path / "build" / "pacts").iterdir()]
    found = {(one["consumer"]["name"], one["provider"]["name"]): len(one["interactions"]) for one in documents}
    assert found == {("shop-maker", "x"): 15, ("shop", "maker-x"): 15}


def test_a_file_that_is_no_pact_of_the_pair_is_left_alone_and_fails_the_run(project: pytest.Pytester) -> None:
    path = project.path / "build" / "pacts" / "shop-maker.json"
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    write(project, RIGHT)
    result = run(project)
    result.assert_outcomes(passed=15)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"sale: {path} is in the way:*Move it, or name another folder by --pacts."])
    assert path.read_text(encoding="utf-8") == "mine"


def test_ordinary_interactions_of_the_pair_stay_in_its_file(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project).assert_outcomes(passed=15)
    document = json.loads(pact(project))
    document["interactions"].append({"type": "Synchronous/HTTP", "description": "a price is asked", "response": {"status": 200}})
    (project.path / "build" / "pacts" / "shop-maker.json").write_text(json.dumps(document), encoding="utf-8")
    run(project).assert_outcomes(passed=15)
    assert "a price is asked" in pact(project).decode()
    assert len(json.loads(pact(project))["interactions"]) == 16


def test_a_participant_that_the_saga_has_no_more_is_told(project: pytest.Pytester) -> None:
    write(project, RIGHT)
    run(project).assert_outcomes(passed=15)
    path = project.path / "saga.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"maker"', '"other_maker"'), encoding="utf-8")
    result = run(project)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [f"  {project.path}/build/pacts/shop-maker.json holds contracts of it that no case asks for any more.*"]
    )


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ('steps=("a", "b")', "There is no step 'b'. Known: a."),
        ('roles=("forwards",)', "There is no role 'forwards'. Known: forward, *"),
        ('roles="forward"', "'forward' is one text instead of several: write ('forward',)."),
        ('steps=("a",), roles=("creation",)', "The roles creation and notification belong to no step.*"),
    ],
)
def test_a_choice_that_names_what_is_not_there_is_an_error(project: pytest.Pytester, choice: str, said: str) -> None:
    write(project, RIGHT.replace("leave_out=CLIENT_ONLY", choice))
    result = run(project)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([f"*{said}"])


@pytest.mark.slow
def test_a_run_leaves_no_folder_behind(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, RIGHT)
    folder = project.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    for options in (["-q"], ["--no-such-option"], ["-n", "1"]):
        project.runpytest_subprocess(*options)
    assert [path for path in folder.iterdir() if path.name.startswith("sagapact")] == []


def test_a_run_without_sagas_says_nothing_and_loads_nothing(pytester: pytest.Pytester) -> None:
    (pytester.path / "test_other.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'saga_contracts.declare.saga' not in sys.modules\n", encoding="utf-8"
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*sagapact*cases*")
    assert not (pytester.path / "build").exists()
