"""`sagapact broker import`, run as an operator runs it."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S

BIN = Path(sys.executable).parent
CANARY = "hunter2"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def command(*words: str, **env: str) -> tuple[list[str], dict[str, str]]:
    return [str(BIN / "sagapact"), "broker", "import", *words], {"PATH": os.environ["PATH"], **env}


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    line, known = command(*words, **env)
    return subprocess.run(line, env=known, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.slow
def test_an_import_tells_what_it_did_and_that_the_answers_are_alike(source: Any, database_url: str) -> None:
    first = run("--from", source.url, SAGAPACT_DATABASE_URL=database_url)
    again = run("--from", source.url, "--database-url", database_url, "--check", "5")
    assert (first.returncode, first.stderr) == (0, "")
    assert "4 environments, 3 pacticipants, 6 versions, 5 new pacts, 5 new results, 7 deployments and releases" in first.stdout
    assert "checked: both brokers answer" in first.stdout
    assert (again.returncode, again.stderr) == (0, "")
    assert "0 new pacts, 0 new results" in again.stdout
    assert "answer 5 questions alike" in again.stdout


@pytest.mark.slow
def test_a_different_answer_is_told_with_status_1(source: Any, serve: Any, database_url: str) -> None:
    run("--from", source.url, "--check", "0", SAGAPACT_DATABASE_URL=database_url)
    target = serve()
    target.verify("Foo", "2", "Bar", "11")
    done = run("--from", source.url, "--check", "50", SAGAPACT_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "differs: " in done.stderr
    assert "there no" in done.stderr
    assert "questions are answered differently" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_killed_import_started_again_ends_equal(
    source: Any, between: Any, database_url: str, rows: Any, until: Any, make_pact: Any, tmp_path: Path, migrated: Path
) -> None:
    for number in range(120):  # more than are written in one transaction
        source.publish("Many", str(number), ("Bar", make_pact("Many", "Bar", str(number % 7))))
    line, known = command("--from", between.url, SAGAPACT_DATABASE_URL=database_url)
    killed = subprocess.Popen(line, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: versions_in(database_url) > 0 or killed.poll() is not None, 90)
    killed.kill()
    killed.wait(PATIENCE_S)
    written = versions_in(database_url)

    done = run("--from", between.url, SAGAPACT_DATABASE_URL=database_url)
    whole = tmp_path / "whole.sqlite"
    whole.write_bytes(migrated.read_bytes())
    run("--from", source.url, SAGAPACT_DATABASE_URL=f"sqlite:///{whole}")

    assert 0 < written < 126
    assert done.returncode == 0, done.stderr
    assert rows(database_url) == rows(f"sqlite:///{whole}")


def versions_in(database_url: str) -> int:
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=PATIENCE_S)) as connection:
        return int(connection.execute("SELECT count(*) FROM versions").fetchone()[0])


@pytest.mark.parametrize(
    "env", [{"SAGAPACT_IMPORT_TOKEN": CANARY}, {"SAGAPACT_IMPORT_PASSWORD": CANARY, "SAGAPACT_IMPORT_USERNAME": "me"}]
)
def test_credentials_come_from_the_environment_and_are_never_shown(between: Any, database_url: str, env: dict[str, str]) -> None:
    between.instead = lambda _number, _path: (403, b"")
    done = run("--from", between.url, SAGAPACT_DATABASE_URL=database_url, **env)
    assert done.returncode == 4
    assert CANARY not in done.stdout + done.stderr
    assert between.seen[0] is not None
