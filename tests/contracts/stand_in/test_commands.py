"""`sagapact stub` serves a participant made from a saga file, right or with planted deviations, and refuses what cannot be."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from saga_contracts.sagafile import load_saga
from saga_contracts.stand_in.commands import stub
from saga_contracts.stand_in.deviations import CATALOGUE
from saga_contracts.wire.requests import StepCall, step_request

SAGA = Path("contracts/sagas/vas_purchase/saga.yaml")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(stub, list(arguments))


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "saga_contracts", "stub", str(SAGA), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip(",")
        finally:
            process.terminate()
            assert process.wait(20) == 0


def call(base_url: str, saga_id: str, role: str = "forward") -> httpx.Response:
    saga = load_saga(SAGA)
    step = next(one for one in saga.steps if one.step == "reserve_money")
    declared = step.forward if role == "forward" else step.compensate
    assert declared is not None
    sent = step_request(saga, step, declared.request, StepCall(saga_id, saga.payload.example, {}, ""), base_url)
    return httpx.request(sent.method, sent.url, headers=sent.headers, content=sent.content)


def test_without_a_file_every_deviation_is_listed_with_its_obligation() -> None:
    result = run("--list-deviations")

    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.output.splitlines()] == [[one.kind, one.obligation] for one in CATALOGUE]


def test_with_a_file_those_are_listed_that_it_has_a_place_for() -> None:
    result = run(str(SAGA), "--step", "notify", "--list-deviations")

    kinds = {line.split()[0] for line in result.output.splitlines()}
    assert "applies-twice" in kinds
    assert "skips-undoing" not in kinds


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name the saga file"),
        ([str(SAGA), "--step", "nothing"], "no step 'nothing'. Its steps: reserve_money"),
        ([str(SAGA), "--participant", "nobody"], "No step of vas_purchase is at 'nobody'"),
        ([str(SAGA), "--deviate", "sings"], "no deviation 'sings'"),
        ([str(SAGA), "--deviate", "late:nothing"], "'nothing' is not served"),
        ([str(SAGA), "--deviate", "skips-undoing:notify"], "cannot be one that answers the compensation, and undoes nothing"),
        ([str(SAGA), "--deviate", "late:notify", "--deviate", "dribbles:notify"], "notify deviates already"),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(arguments: list[str], said: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_a_right_one_answers_as_declared_and_the_same_again() -> None:
    with serving() as (_, base_url):
        first, again = call(base_url, "saga-7"), call(base_url, "saga-7")
        undone = call(base_url, "saga-7", "compensate")

    assert (first.status_code, again.status_code, undone.status_code) == (201, 200, 200)
    assert again.json() == first.json()


def test_a_planted_deviation_is_what_it_says() -> None:
    with serving("--deviate", "fails-on-null:reserve_money") as (_, base_url):
        undone = call(base_url, "saga-8", "compensate")

    assert undone.status_code == 404


def test_what_was_done_is_remembered_in_the_database_that_is_named(tmp_path: Path) -> None:
    database = tmp_path / "remembered.sqlite"
    with serving("--database", str(database)) as (_, base_url):
        before = call(base_url, "saga-9")
    with serving("--database", str(database)) as (_, base_url):
        after = call(base_url, "saga-9")

    assert after.json() == before.json()


def test_a_port_that_is_taken_is_said() -> None:
    with serving() as (_, base_url):
        port = base_url.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "saga_contracts", "stub", str(SAGA), "--port", port],
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert f"Cannot listen at port {port}" in done.stderr
