"""`sagapact stub`: a process that serves, says what it does, and ends politely."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from command_line import Sagapact
from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in.deviations import CATALOGUE
from saga_contracts.wire.requests import StepCall, step_request

VAS = Path(__file__).parents[3] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"


@contextmanager
def running(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Give the first line that the command prints, and its process."""
    command = [sys.executable, "-m", "saga_contracts", "stub", str(VAS), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline(), process
        finally:
            process.kill()


def address_in(line: str) -> str:
    return next(word for word in line.split() if word.startswith("http")).rstrip(",")


def call(base_url: str, saga_id: str, role: str = "forward") -> httpx.Response:
    saga = load_saga(VAS)
    step = next(one for one in saga.steps if one.step == "reserve_money")
    declared = step.forward if role == "forward" else step.compensate
    assert declared is not None
    sent = step_request(saga, step, declared.request, StepCall(saga_id, saga.payload.example, {}, ""), base_url)
    return httpx.request(sent.method, sent.url, headers=sent.headers, content=sent.content)


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_answers_there_and_ends_when_it_is_told_to(number: int) -> None:
    with running("--participant", "billing") as (line, process):
        assert line.startswith("Serving reserve_money (billing) at http://127.0.0.1:")
        assert httpx.get(f"{line.split()[-1]}/health", trust_env=False).status_code == 200
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == ""


def test_it_says_what_is_planted() -> None:
    with running("--step", "notify", "--deviate", "applies-twice") as (line, _):
        assert line.endswith(", deviating: applies-twice\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name the saga file"),
        ((VAS, "--step", "pay"), "has no step 'pay'. Its steps: reserve_money, apply_vas"),
        ((VAS, "--participant", "bank"), "No step of vas_purchase is at 'bank'"),
        ((VAS, "--participant", "billing", "--step", "notify"), "None of the steps notify is at billing"),
        ((VAS, "--deviate", "sleeps"), "There is no deviation 'sleeps'. See them all with --list-deviations."),
        ((VAS, "--step", "notify", "--deviate", "skips-undoing"), "A participant of these steps cannot be one that answers"),
        ((VAS, "--deviate", "late:pay"), "The step 'pay' is not served"),
        ((VAS, "--deviate", "late", "--deviate", "dribbles:notify"), "notify deviates already"),
        ((VAS, "--database", "no/such/folder.sqlite"), "cannot be used"),
        (("nothing.yaml",), "nothing.yaml"),
    ],
)
def test_a_wrong_use_is_told_in_words(sagapact: Sagapact, words: tuple[str | Path, ...], said: str) -> None:
    done = sagapact("stub", *words)
    assert done.status == 2
    assert said in " ".join(done.text.split())


def test_a_port_that_is_taken_is_told_in_words(sagapact: Sagapact) -> None:
    with running("--step", "notify") as (line, _):
        done = sagapact("stub", VAS, "--port", line.split()[-1].rpartition(":")[2])
    assert done.status == 2
    assert "Cannot listen at port" in done.err


def test_the_deviations_are_listed_with_their_obligations(sagapact: Sagapact) -> None:
    done = sagapact("stub", "--list-deviations")
    assert [line.split()[:2] for line in done.out.splitlines()] == [[one.kind, one.obligation] for one in CATALOGUE]


def test_for_a_saga_those_are_listed_that_can_be_planted_and_where(sagapact: Sagapact) -> None:
    done = sagapact("stub", VAS, "--list-deviations", "--step", "notify", "--step", "reserve_money")
    [line] = [one for one in done.out.splitlines() if one.startswith("skips-undoing ")]
    assert line.endswith("(reserve_money)")
    assert "never-calls-back" not in done.out


def test_a_right_one_answers_as_declared_and_the_same_again() -> None:
    with running() as (line, _):
        base_url = address_in(line)
        first, again = call(base_url, "saga-7"), call(base_url, "saga-7")
        undone = call(base_url, "saga-7", "compensate")

    assert (first.status_code, again.status_code, undone.status_code) == (201, 200, 200)
    assert again.json() == first.json()


def test_a_planted_deviation_is_what_it_says() -> None:
    with running("--deviate", "fails-on-null:reserve_money") as (line, _):
        base_url = address_in(line)
        undone = call(base_url, "saga-8", "compensate")

    assert undone.status_code == 404


def test_what_was_done_is_remembered_in_the_database_that_is_named(tmp_path: Path) -> None:
    database = tmp_path / "remembered.sqlite"
    with running("--database", str(database)) as (line, _):
        base_url = address_in(line)
        before = call(base_url, "saga-9")
    with running("--database", str(database)) as (line, _):
        base_url = address_in(line)
        after = call(base_url, "saga-9")

    assert after.json() == before.json()
