"""A whole verification of a provider that was started alone: from a pact file to a verdict."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.run import Settings, verify_files
from saga_verifier.verdicts import PactOutcome
from saga_verifier.verification import Target, verify_pact
from small_participant import SAGA
from small_participant import __file__ as program

TODAY = dt.date(2026, 1, 1)
Provider = Callable[[str], ProviderFile]


@pytest.fixture(scope="module")
def pact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pact with the stock, as the contract tests of the saga's owner write it."""
    folder = tmp_path_factory.mktemp("recording")
    saga = parse_saga(SAGA, "small.yaml")
    recording = Recording(folder / "run")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    (outcome,) = recording.finish(folder / "pacts")
    return next(path for path in outcome.files if "stock" in path.name)


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    def write(wrong: str) -> ProviderFile:
        command = json.dumps(["{python}", str(program), "{port}", *wrong.split()])
        file = tmp_path / "provider.yaml"
        file.write_text(f"format: 1\nprovider: stock\nstart: {{command: {command}}}\nstates: {{path: /_states}}\n")
        return load_provider_file(file)

    return write


def verdicts(outcome: PactOutcome) -> dict[str, Any]:
    found: dict[str, Any] = {one.key: one.verdict for one in outcome.interactions}
    return found | {f"{deck.deck.step} {one.name}": one.verdict for deck in outcome.decks for one in deck.histories}


def test_a_good_provider_keeps_every_interaction_and_every_history(pact: Path, provider: Provider) -> None:
    outcome = verify_files(provider(""), [pact], ProcessIsolation(), Settings(1, TODAY))

    assert outcome.verdict == Verdict.KEPT
    (one,) = outcome.pacts
    assert len(one.interactions) == len(json.loads(pact.read_text())["interactions"])
    assert [deck.deck.step for deck in one.decks] == ["take"]


def test_a_provider_without_null_compensation_breaks_the_pact_and_the_deck(pact: Path, provider: Provider) -> None:
    (outcome,) = verify_files(provider("404 on null"), [pact], ProcessIsolation(), Settings(1, TODAY)).pacts

    assert outcome.verdict == Verdict.BROKEN
    broken = {name for name, verdict in verdicts(outcome).items() if verdict == Verdict.BROKEN}
    assert broken == {
        "small/take/compensate/null",
        "take C",
        "take C F",
    }


def test_verifying_twice_against_the_same_running_database_gives_the_same_verdicts(pact: Path, provider: Provider) -> None:
    file = provider("")
    document = json.loads(pact.read_text())
    isolation = ProcessIsolation()
    with isolation.start(file.spec()) as running:
        target = Target("stock", running, lambda: str(file.states_url(running.base_url)), isolation)
        first, second = (verify_pact(target, document, faults=1, today=TODAY) for _ in range(2))

    assert verdicts(first) == verdicts(second)
    assert first.verdict == Verdict.KEPT


FAILING = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def respond(self):
        if self.path != "/health":
            print(sys.argv[2], flush=True)
            if sys.argv[2] == "dying":
                os._exit(3)
        self.send_response(200 if self.path == "/health" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = respond

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        ("dying", "stock ended while it was verified (exit status 3). Look at its log and verify again."),
        ("OSError: No space left on device", "stock cannot be judged: its disk is full, as its log tells. Make room"),
    ],
)
def test_what_was_seen_of_a_provider_after_its_end_or_on_a_full_disk_is_no_verdict(
    says: str, cause: str, pact: Path, tmp_path: Path
) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    command = json.dumps(["{python}", "failing.py", "{port}", says])
    file = tmp_path / "provider.yaml"
    file.write_text(f"format: 1\nprovider: stock\nstart: {{command: {command}, cwd: .}}\nstates: {{path: /_states}}\n")

    outcome = verify_files(load_provider_file(file), [pact], ProcessIsolation(), Settings(1, TODAY))

    (one,) = outcome.pacts
    told = "\n".join(one.troubles)
    assert told.count(cause) == 1
    assert says in told.partition("The last lines of stock:")[2]
    assert (one.interactions, one.decks, outcome.word, outcome.exit_status) == ((), (), "could not find out", 4)
