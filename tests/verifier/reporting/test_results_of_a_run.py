"""What a whole run leaves: files in each format, a command that plays one history again, and results at the broker if asked."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from defusedxml.ElementTree import parse

from command_line import Sagapact
from saga_broker.client.broker import BrokerClient
from saga_contracts.declare.verdict import Verdict
from saga_verifier.isolation import ProcessIsolation, Running, Spec
from saga_verifier.reporting.files import Wanted, write
from saga_verifier.reporting.telling import Telling
from saga_verifier.run import ProviderOutcome
from saga_verifier.verdicts import InteractionOutcome, PactOutcome
from small_participant import __file__ as program

Provider = Callable[[str], Path]
WRONG = "404 on null"


def test_each_format_is_written_where_it_was_asked_for(
    sagapact: Sagapact, provider: Provider, pact: Path, tmp_path: Path
) -> None:
    provider(WRONG)
    files = ("--junit", "out/junit.xml", "--html", "out/page.html", "--gitlab", "out/quality.json")

    done = sagapact("verify", "provider.yaml", "--pact", pact, *files)

    assert done.status == 1, done.text
    assert list(parse(tmp_path / "out/junit.xml").iter("failure"))
    assert "O8 null compensation" in (tmp_path / "out/page.html").read_text()
    assert "critical" in {one["severity"] for one in json.loads((tmp_path / "out/quality.json").read_text())}
    assert "::error" not in done.text
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["junit.xml", "page.html", "quality.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--junit", "provider.yaml/x.xml"), "Cannot write provider.yaml/x.xml"),
        (("--html", "folder"), "it is a folder. Name a file"),
        (("--junit", "a.xml", "--html", "a.xml"), "--junit and --html both name a.xml"),
        (("--github",), "Cannot write the step's summary to nowhere/summary.md"),
        (("--step", "small/take"), "name it with --replay"),
        (("--publish",), "--publish needs a broker's pacts"),
        (("--replay", "F G"), "no chosen step has a history or trial of this name"),
        (("--replay", "F F", "--step", "small/tale"), "There is 'small/take'"),
    ],
)
def test_wrong_wishes_are_told_before_anything_is_started(
    sagapact: Sagapact, pact: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "folder").mkdir()
    starts = json.dumps(["{python}", "-c", "open('started', 'w'); raise SystemExit(1)", "{port}"])
    (tmp_path / "provider.yaml").write_text(f"format: 1\nprovider: stock\nstart: {{command: {starts}}}\n")

    done = sagapact("verify", "provider.yaml", "--pact", pact, *words, GITHUB_STEP_SUMMARY="nowhere/summary.md")

    assert done.status == 2, done.text
    assert said in done.err
    assert not (tmp_path / "started").exists()


def test_a_certain_no_stays_one_where_its_file_cannot_be_written_any_more(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    wanted = Wanted({"junit": folder / "a.xml"})
    wanted.check()
    shutil.rmtree(folder)
    broken = PactOutcome("shop", "stock", False, (InteractionOutcome("a", "", Verdict.BROKEN),))

    for outcome, status in ((ProviderOutcome("stock", "1", (broken,)), 1), (ProviderOutcome("stock", "1", (), "none"), 4)):
        told = Telling(wanted, {"stock": "provider.yaml"})
        told.tell(outcome)
        assert told.end() == status


def test_a_file_that_is_there_stays_whole_until_there_is_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text("old")
    Wanted({"junit": file}).check()
    assert file.read_text() == "old"

    write(file, "new")

    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


class TestGitHub:
    def test_on_github_findings_are_annotated_and_summed_up_without_being_asked(
        self, sagapact: Sagapact, provider: Provider, pact: Path, tmp_path: Path
    ) -> None:
        provider(WRONG)
        summary = tmp_path / "summary.md"
        summary.write_text("before\n")

        done = sagapact("verify", "provider.yaml", "--pact", pact, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))

        assert done.status == 1, done.text
        assert "::error file=provider.yaml,line=1,title=broken small/take O8 null compensation::" in done.out
        assert summary.read_text().startswith("before\n### ❌ stock: broken")
        token = re.search(r"^::stop-commands::(\w{32})$", done.out, re.MULTILINE)
        assert token is not None, "what a participant says is not heeded"
        assert done.out.index(f"::{token[1]}::") < done.out.index("::error")

    def test_it_can_be_left_out(self, sagapact: Sagapact, provider: Provider, pact: Path) -> None:
        provider(WRONG)
        done = sagapact("verify", "provider.yaml", "--pact", pact, "--no-github", GITHUB_ACTIONS="true")
        assert "::" not in done.out

    def test_beside_json_the_annotations_leave_the_document_whole(
        self, sagapact: Sagapact, provider: Provider, pact: Path
    ) -> None:
        provider(WRONG)
        done = sagapact("verify", "provider.yaml", "--pact", pact, "--json", "--github")
        assert json.loads(done.out)["exit_status"] == 1
        assert "::error" in done.err


class TestPlayingAgain:
    def test_the_command_that_is_told_plays_the_history_again(self, sagapact: Sagapact, provider: Provider, pact: Path) -> None:
        provider(WRONG)
        first = sagapact("verify", "provider.yaml", "--pact", pact)
        again = re.search(r"Again: sagapact (.*)$", first.out, re.MULTILINE)
        assert again is not None, first.text

        second = sagapact(*shlex.split(again[1]))

        assert second.status == 1, second.text
        assert "broken: O8 null compensation, in 1 history (C)" in second.out
        assert "interactions kept" not in second.out

        provider("")
        third = sagapact(*shlex.split(again[1]))
        assert (third.status, "  kept: C\n" in third.out) == (0, True), third.text
        assert "Played again: C. It says nothing of the rest of the deck" in " ".join(third.out.split())

    def test_the_name_may_be_written_carelessly(self, sagapact: Sagapact, provider: Provider, pact: Path) -> None:
        provider("")
        done = sagapact("verify", "provider.yaml", "--pact", pact, "--replay", " f  c f", "--seed", "7")
        assert (done.status, "kept: F C F" in done.out) == (0, True), done.text

    def test_near_names_are_told(self, sagapact: Sagapact, provider: Provider, pact: Path) -> None:
        provider("")
        done = sagapact("verify", "provider.yaml", "--pact", pact, "--replay", "FCF")
        assert "'F C F'" in done.err

    def test_the_calls_that_are_told_can_be_pasted(self, sagapact: Sagapact, provider: Provider, pact: Path) -> None:
        provider(WRONG)
        told = sagapact("verify", "provider.yaml", "--pact", pact, "--replay", "C").out
        (line,) = [one.strip() for one in told.splitlines() if one.strip().startswith("curl") and "# C:" in one]

        with ProcessIsolation().start(Spec("stock", ("{python}", program, "{port}", *WRONG.split()))) as running:
            env = {**os.environ, "PROVIDER": running.base_url, "no_proxy": "127.0.0.1"}
            done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, check=True)

        assert done.stdout.splitlines()[0].split()[1] == "404"


class TestPublishing:
    @pytest.mark.parametrize(
        ("words", "is_published"),
        [
            ((), False),
            (("--publish",), True),
            (("--provider-version", "named"), True),
            (("--provider-version", "unwished", "--no-publish"), False),
        ],
    )
    def test_results_are_published_when_somebody_asks(
        self, sagapact: Sagapact, plain: Callable[..., object], publish: Callable[..., None], served: Running,
        words: tuple[str, ...], *, is_published: bool,
    ) -> None:  # fmt: skip
        publish("shop", "quiet", "/ok")
        plain("quiet")
        number = words[1] if "--provider-version" in words else f"from-ci-{len(words)}"
        at = ("--broker-url", served.base_url, "--branch", "main")

        done = sagapact("verify", "provider.yaml", *at, *words, CI_COMMIT_SHA=number)

        assert done.status == 0, done.text
        assert knows(served, "quiet", number) == is_published
        assert ("nothing was published, since --publish was not given" in done.err) == (not words)

    def test_where_the_broker_has_no_saga_file_the_pact_s_result_is_published_and_it_is_told_what_to_do(
        self, sagapact: Sagapact, provider: Provider, broker: BrokerClient, served: Running, pact: Path
    ) -> None:
        broker.publish_contracts("shop", "2", branch="main", pact_files=[("shop", "stock", pact.read_bytes())])
        provider("")
        words = ("--broker-url", served.base_url, "--branch", "main", "--provider-version", "no-saga")

        done = sagapact("verify", "provider.yaml", *words)

        assert (done.status, "stock no-saga: kept" in done.out) == (0, True), done.text
        assert "the deck of small/take has no place at the broker" in " ".join(done.out.split())
        assert "sagapact publish … --saga FILE" in done.out
        assert knows(served, "stock", "no-saga")

    def test_what_is_played_again_is_never_published(
        self, sagapact: Sagapact, provider: Provider, broker: BrokerClient, served: Running, pact: Path
    ) -> None:
        broker.publish_contracts("shop", "1", branch="main", pact_files=[("shop", "stock", pact.read_bytes())])
        provider("")
        words = ("--broker-url", served.base_url, "--branch", "main", "--provider-version", "again", "--replay", "F F")

        assert sagapact("verify", "provider.yaml", *words).status == 0
        assert not knows(served, "stock", "again")

        refused = sagapact("verify", "provider.yaml", *words, "--publish")
        assert (refused.status, "do not go together" in refused.err) == (2, True)


def knows(served: Running, provider: str, version: str) -> bool:
    """Does the broker know a version of a provider?"""
    return httpx.get(f"{served.base_url}/pacticipants/{provider}/versions/{version}", trust_env=False).is_success
