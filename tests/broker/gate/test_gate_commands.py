"""The commands that ask the gate and record what is where, on the real command line, against a real broker."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from command_line import Done, here
from small_sagas import retriable, step

CHANGED = (step(timeout_ms=2000), retriable())


@pytest.fixture
def next_one(landscape: Any) -> Any:
    """Shop 2 may be deployed together with `pay_service` 11 only."""
    landscape.holds()
    landscape.saga("2", steps=CHANGED)
    landscape.pacts("2")
    landscape.kept("tell_service", of="2")
    landscape.kept("pay_service", "11")
    landscape.kept("pay_service", "11", of="2")
    return landscape


def _run(landscape: Any, *words: str, **env: str) -> Done:
    return here(*words, SAGAPACT_BROKER_URL=landscape.broker.url, **env)


def test_can_i_deploy_tells_reasons_mends_commands_and_the_smallest_set(next_one: Any) -> None:
    done = _run(next_one, "can-i-deploy", "--with", "shop:2", "--to-environment", "test")
    assert done.status == 3, done.text
    assert "unknown: There is no verified pact between version 2 of shop and the version of pay_service" in done.out
    assert "next: sagapact verify provider.yaml --provider-version 10" in done.out
    assert "Smallest set: Together with pay_service 11 they may be deployed" in done.out
    assert "next: sagapact can-i-deploy --with shop:2 --with pay_service:11 --to-environment test" in done.out


def test_can_i_deploy_takes_the_options_of_the_pact_brokers_own_command(next_one: Any) -> None:
    both = ("-a", "shop", "-e", "2", "--pacticipant", "pay_service", "--version", "11")
    done = _run(next_one, "can-i-deploy", *both, "--to-environment", "test", "--output", "json")
    assert done.status == 0, done.text
    answer = json.loads(done.out)
    assert (answer["canDeploy"], answer["together"]) == (True, None)
    assert [one["type"] for one in answer["sagas"][0]["reasons"]].count("step_kept") == 3


def test_a_table_has_a_reason_in_each_row(next_one: Any) -> None:
    done = _run(next_one, "can-i-deploy", "--with", "shop:2", "--to-environment", "test", "-o", "table", "--alone")
    head, *rows = done.out.splitlines()[2:]
    assert head.split() == ["VERDICT", "ABOUT", "STEP", "PACTICIPANT", "VERSION", "REASON", "UNTIL"]
    assert rows[0].split() == ["unknown", "pacts", "pay_service", "10", "pact_unverified"]
    assert any(row.split() == ["unknown", "sale", "pay", "pay_service", "10", "deck_missing"] for row in rows)
    assert "Smallest set" not in done.out


def test_an_answer_is_added_to_the_summary_of_a_github_step(next_one: Any, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    asked = ("can-i-deploy", "--with", "shop:2", "--to-environment", "test", "--github-summary")

    done = _run(next_one, *asked, GITHUB_STEP_SUMMARY=str(summary))
    without = _run(next_one, *asked, GITHUB_STEP_SUMMARY="")

    assert done.status == 3
    written = summary.read_text()
    assert written.startswith("before\n### ❔ shop 2 is not known to be deployable to test")
    assert "| unknown | sale | pay | pay\\_service | 10 | deck\\_missing |  |" in written
    assert "- Smallest set: Together with pay\\_service 11" in written
    assert without.status == 2
    assert "GITHUB_STEP_SUMMARY names no file" in without.err


def test_an_unknown_answer_is_asked_for_again_until_it_is_known(next_one: Any) -> None:
    def later() -> None:
        next_one.kept("pay_service", "10", of="2")

    started = threading.Timer(0.5, later)
    started.start()
    retry = ("--retry-while-unknown", "100", "--retry-interval", "0.2")
    done = _run(next_one, "can-i-deploy", "--with", "shop:2", "--to-environment", "test", *retry)
    started.join()
    assert done.status == 0, done.text
    assert "unknown yet: asking again in 0.2 s, 100 times at most" in done.err


def test_can_run_prints_in_the_same_forms_and_asks_again(next_one: Any) -> None:
    table = _run(next_one, "can-run", "sale", "--environment", "test", "--output", "table")
    again = ("--with", "shop:2", "--retry-while-unknown", "2", "--retry-interval", "0")
    unknown = _run(next_one, "can-run", "sale", "--to-environment", "test", *again)
    assert (table.status, unknown.status) == (0, 3)
    assert "VERDICT" in table.out
    assert unknown.err.count("unknown yet") == 2


def test_what_would_change_is_told_and_its_status_is_the_worst_that_comes(next_one: Any) -> None:
    worse = _run(next_one, "what-if", "--environment", "test", "--if-deployed", "shop:2")
    gone = _run(next_one, "what-if", "--environment", "test", "--if-removed", "pay_service")
    fine = _run(next_one, "what-if", "--environment", "test", "--if-deployed", "pay_service:11", "--if-removed", "pay_service:10")
    assert (worse.status, gone.status, fine.status) == (3, 3, 0), worse.text
    assert "sale: worse (now yes, then unknown)" in worse.out
    assert "no version of pay_service is known to be in test" in gone.out
    assert "sale: same (now yes, then yes)" in fine.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("can-i-deploy", "--to-environment", "test"), "no version is named"),
        (("can-i-deploy", "-a", "shop", "--to-environment", "test"), "1 --pacticipant and 0 --version"),
        (("can-i-deploy", "--with", "shop", "--to-environment", "test"), "it must be like billing:1.4.0"),
        (("can-i-deploy", "--with", "shop:1", "--to-environment", "nowhere"), "No environment with name 'nowhere' found"),
        (("what-if", "--environment", "test"), "nothing would"),
        (("record-release", "--version", "1", "--environment", "test"), "none is named"),
        (("record-undeployment", "shop", "--pacticipant", "shop", "--environment", "test"), "two are named"),
        (("record-undeployment", "shop", "--environment", "test", "--target", "blue"), "Deployed there of it: 1."),
        (("record-support-ended", "shop", "-e", "1", "--environment", "test"), "released in test is no version of it"),
        (("list", "deployments", "--environment", "tset"), "sagapact create-environment tset"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(next_one: Any, words: tuple[str, ...], told: str) -> None:
    done = _run(next_one, *words)
    assert done.status == 2, done.text
    assert told in done.err


def test_what_is_where_is_recorded_and_listed(next_one: Any) -> None:
    def run(*words: str) -> str:
        done = _run(next_one, *words)
        assert done.status == 0, done.text
        return done.out

    run("create-environment", "prod", "--production")
    run("record-deployment", "shop", "--version", "2", "--environment", "prod", "--application-instance", "blue")
    run("record-release", "--pacticipant", "shop", "-e", "1", "--environment", "prod")
    deployed = run("list", "deployments", "--environment", "prod").splitlines()
    ended = run("record-undeployment", "shop", "--environment", "prod", "--application-instance", "blue")
    run("record-support-ended", "shop", "--version", "1", "--environment", "prod")
    left = run("list", "deployments", "--environment", "prod")

    assert [row.split()[:3] for row in deployed[1:]] == [["shop", "2", "deployed"], ["shop", "1", "released"]]
    assert deployed[1].split()[3] == "blue"
    assert ended == "recorded: shop 2 is no longer deployed to prod\n"
    assert left == "none\n"
    known = [row.split()[:2] for row in run("list", "environments").splitlines()[1:]]
    assert known == [["prod", "yes"], ["production", "yes"], ["test", "no"]]
    assert run("list", "sagas").splitlines()[1].split() == ["sale", "2", "main", "shop", "2"]
    assert [one["number"] for one in json.loads(run("list", "versions", "pay_service", "-o", "json"))] == ["11", "10"]
