"""A secret of the provider file leaves a verification nowhere, although the provider says it wherever it can.

The canaries are looked for in whatever a run writes: the screen, JSON, errors, logs, the broker's database, the report.
"""

import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from command_line import Done, Sagapact
from plain_provider import __file__ as plain_program
from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga
from saga_verifier.isolation import Running
from small_participant import SAGA
from small_participant import __file__ as saga_program

CANARY = "canary<zqw9x>&\"9c51'ü/x"
FORMS = {CANARY, json.dumps(CANARY)[1:-1], html.escape(CANARY), quote(CANARY), quote(CANARY, safe=""), "zqw9x"}
Publish = Callable[..., None]


def holds_canary(content: bytes) -> list[str]:
    text = content.decode(errors="replace")
    return [form for form in FORMS if form in text]


def everything(folder: Path, *done: Done) -> bytes:
    """All that was said and written."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return b"\n".join([one.text.encode() for one in done] + [file.read_bytes() for file in files])


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


def provider_file(place: Path, name: str, *command: str, more: str = "") -> Path:
    place.mkdir(exist_ok=True)
    start = {"command": ["{python}", *command], "env": {"TOKEN": "${CANARY}"}}
    file = place / "provider.yaml"
    file.write_text(f"format: 1\nprovider: {name}\nstart: {json.dumps(start)}\nstates: {{path: /_states}}\n{more}")
    return file


def call(path: str, **more: object) -> dict[str, object]:
    response = {"status": 201, "headers": {"X-Said": "other"}, "body": {"said": "other", "inside": {"text": "other"}}}
    return {"description": f"{path} {len(more)}", "request": {"method": "GET", "path": path}, "response": response} | more


def test_what_an_ordinary_provider_says_of_its_secret_is_in_no_output(
    sagapact: Sagapact, tmp_path: Path, served: Running, publish: Publish
) -> None:
    message = {"contents": {"said": "x"}, "metaData": {"secret": "x"}}
    messages = [message | {"description": name} for name in ("order placed", "none")]
    calls = [call("/echo"), call("/page"), call("/ok", providerState="leaky"), call("/ok", providerState="fine")]
    version = {"metadata": {"pactSpecification": {"version": "3.0.0"}}}
    publish("web", "leaky-plain", interactions=calls, messages=messages, **version)
    file = provider_file(tmp_path / "p", "leaky-plain", str(plain_program), "{port}", more="messages: {path: /_messages}\n")
    at = ("--broker-url", served.base_url, "--provider-version", "1", "--faults", "1")

    screen = sagapact("verify", file, *at, *FILES, CANARY=CANARY, **on_github(tmp_path))
    as_json = sagapact("verify", file, *at, "--json", CANARY=CANARY)
    assert (screen.status, as_json.status) == (1, 1), screen.text
    assert screen.text.count("[redacted CANARY]") > 3
    assert all("redacted CANARY" in (tmp_path / name).read_text() for name in (*FILES[1::2], "summary.md"))
    reported = report(sagapact, tmp_path, as_json)

    assert reported.status == 1
    assert holds_canary(everything(tmp_path, screen, as_json, reported)) == []
    assert holds_canary(b"".join(file.read_bytes() for file in served.workdir.glob("broker.sqlite*"))) == []


FILES = ("--junit", "junit.xml", "--html", "page.html", "--gitlab", "quality.json")


def on_github(folder: Path) -> dict[str, str]:
    (folder / "summary.md").touch()
    return {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}


def report(sagapact: Sagapact, tmp_path: Path, as_json: Done) -> Done:
    (tmp_path / "verified.json").write_text(as_json.out)
    (tmp_path / "saga.yaml").write_text(SAGA)
    return sagapact("e2e", "report", "verified.json", "--saga-file", "saga.yaml", "--out", "report")


@pytest.fixture(scope="module")
def saga_pact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    saga = parse_saga(SAGA, "small.yaml")
    recording = Recording(folder / "run")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    (outcome,) = recording.finish(folder / "pacts")
    return next(path for path in outcome.files if "stock" in path.name)


@pytest.mark.parametrize("wrong", ["404 on null", "skips the undoing", "status lies"])
@pytest.mark.slow
def test_what_a_participant_says_of_its_secret_is_in_no_evidence_of_a_deck(
    sagapact: Sagapact, tmp_path: Path, served: Running, saga_pact: Path, wrong: str
) -> None:
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts" / "pact.json").write_bytes(saga_pact.read_bytes())
    number = str(abs(hash(wrong)))
    at = ("--broker-url", served.base_url)
    assert sagapact("publish", "--pacts", "pacts", "--version", number, "--branch", "main", *at).status == 0
    file = provider_file(tmp_path / "p", "stock", str(saga_program), "{port}", *wrong.split())

    screen = sagapact("verify", file, *at, "--provider-version", number, *FILES, CANARY=CANARY, **on_github(tmp_path))
    as_json = sagapact("verify", file, *at, "--provider-version", number, "--json", CANARY=CANARY)
    assert (screen.status, as_json.status) == (1, 1), screen.text
    decks = [deck for pact in json.loads(as_json.out)["pacts"] for deck in pact["decks"]]
    evidence = json.dumps([history["calls"] for deck in decks for history in deck["histories"]])
    assert "[redacted CANARY]" in evidence
    assert "hunter2" not in evidence
    reported = report(sagapact, tmp_path, as_json)

    assert holds_canary(everything(tmp_path, screen, as_json, reported)) == []
    assert holds_canary(b"".join(one.read_bytes() for one in served.workdir.glob("broker.sqlite*"))) == []


def test_a_secret_in_the_last_words_of_a_provider_is_not_shown(sagapact: Sagapact, tmp_path: Path) -> None:
    pact = {"consumer": {"name": "web"}, "provider": {"name": "dying"}, "interactions": [call("/echo"), call("/die")]}
    (tmp_path / "pact.json").write_text(json.dumps(pact))
    file = provider_file(tmp_path / "p", "dying", str(plain_program), "{port}")
    done = sagapact("verify", file, "--pact", "pact.json", CANARY=CANARY)
    assert done.status == 4, done.text
    assert "called with [redacted CANARY]" in done.text
    assert holds_canary(everything(tmp_path, done)) == []


def test_a_secret_that_equals_a_name_leaves_the_name_alone(
    sagapact: Sagapact, tmp_path: Path, served: Running, publish: Publish
) -> None:
    publish("web", "named", "/ok", "/no")
    file = provider_file(tmp_path / "p", "named", str(plain_program), "{port}")
    at = ("--broker-url", served.base_url, "--provider-version", "1")
    done = sagapact("verify", file, *at, "--json", CANARY="named")
    (pact,) = json.loads(done.out)["pacts"]
    assert (done.status, pact["consumer"], [one["key"] for one in pact["interactions"]]) == (1, "web", ["/ok", "/no"])


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SESSION_TOKEN", "abc123", "[redacted SESSION_TOKEN]"),
        ("DEBUG", "1", "1"),
        ("PLAIN_SETTING", "a-long-value-of-its-own", "[redacted PLAIN_SETTING]"),
    ],
)
def test_of_what_is_passed_on_secrets_are_hidden_and_switches_are_not(
    sagapact: Sagapact, tmp_path: Path, name: str, value: str, shown: str
) -> None:
    program = tmp_path / "says.py"
    program.write_text(SAYS)
    pact = {"consumer": {"name": "web"}, "provider": {"name": "says"}, "interactions": [call("/x")]}
    (tmp_path / "pact.json").write_text(json.dumps(pact))
    start = {"command": ["{python}", str(program), "{port}", name], "pass_env": [name]}
    file = tmp_path / "provider.yaml"
    file.write_text(f"format: 1\nprovider: says\nstart: {json.dumps(start)}\n")
    done = sagapact("verify", file, "--pact", "pact.json", **{name: value})
    assert done.status == 1, done.text
    assert f'body $.said: expected "other", got "{shown}"' in done.text


SAYS = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content = json.dumps({"said": os.environ[sys.argv[2]]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
