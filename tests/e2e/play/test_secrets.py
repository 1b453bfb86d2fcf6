"""Values that a provider file takes from outside stand in nothing that a run leaves: no page, no JSON, no JUnit, no output."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from command_line import Sagapact
from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.console import Console
from saga_e2e.report import ReportData
from saga_e2e.report.files import results_in, write
from saga_e2e.stage.secrets import hidden_in_errors, redactor_of
from saga_verifier.provider_file import ProviderFile, Start

CANARY = "canary-9c51/7f3a"
NUMBER = "7305124418"
BLABS = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        told = ("the token is " + os.environ["TOKEN"]).encode()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(500 if self.path == "/sagas" else 200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
    do_GET = do_PUT = do_POST = answer
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def service(**outside: str) -> ProviderFile:
    return ProviderFile(format=1, provider="billing", start=Start(command=("x",)), folder=Path("/"), outside=outside)


ADAPTER = {
    "create": {"request": {"method": "POST", "path": "/sagas"}, "id": "id"},
    "read": {
        "request": {"method": "GET", "path": "/sagas"},
        "state": "state",
        "words": {"committed": ["done"], "compensated": ["undone"]},
    },
}


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """Services that tell their secret to whoever asks."""
    file = {
        "format": 1,
        "start": {"command": [sys.executable, "-c", BLABS], "env": {"PORT": "{port}", "TOKEN": "${BLABBED}"}},
        "states": {"path": "/_states"},
    }
    for name in ("saga_service", "participants/user_service", "participants/vas_owner"):
        (tmp_path / "services" / name).mkdir(parents=True)
        adapter = {"orchestrator": ADAPTER} if name == "saga_service" else {}
        provider = json.dumps(file | {"provider": name.rpartition("/")[2]} | adapter)
        (tmp_path / "services" / name / "provider.yaml").write_text(provider)
    return tmp_path / "services"


def test_what_a_service_blabs_is_hidden_in_the_report_and_on_the_screen(tmp_path: Path, services: Path, saga_of: Any) -> None:
    (tmp_path / "sagas" / "vas_purchase").mkdir(parents=True)
    (tmp_path / "sagas" / "vas_purchase" / "saga.yaml").write_text(json.dumps(saga_of({"step": "first"}).as_json()))

    done = Sagapact(tmp_path)(
        *("e2e", "run", "--sagas", "sagas", "--services", services, "--scenario", "committed", "--out", "out"), BLABBED=CANARY
    )

    assert done.status == 4, done.text
    written = [(tmp_path / "out" / name).read_text() for name in ("report.html", "report.json", "junit.xml")]
    assert all("the token is [redacted BLABBED]" in text for text in (*written, done.out))
    assert not any("canary" in text for text in (*written, done.out, done.err))


def test_a_canary_anywhere_in_a_report_is_hidden_and_everything_else_stays(tmp_path: Path) -> None:
    step = {"step": "first", "state": CANARY, "probe": {CANARY: [CANARY, int(NUMBER), 12, True, None]}}
    scenario = {
        "name": "committed",
        "verdict": "kept",
        "steps": [step],
        "trace": [{"at_ms": float(NUMBER), "request": f"GET /x?y={CANARY.replace('/', '%2F')}", "status": 200}],
        "invariants": [{"id": "I1", "verdict": "kept", "text": json.dumps(CANARY)}],
    }
    data = ReportData.model_validate({"title": CANARY, "scenarios": [scenario], "figures": [{"name": "n", "value": int(NUMBER)}]})
    hide = redactor_of({"billing": service(CODE=CANARY, PIN=NUMBER, WORD="kept")})

    write(results_in(tmp_path / "out", hide), data)

    for name in ("report.html", "report.json", "junit.xml"):
        text = (tmp_path / "out" / name).read_text()
        assert "canary" not in text
    (shown,) = json.loads((tmp_path / "out" / "report.json").read_text())["scenarios"]
    assert shown["verdict"] == "kept"
    assert shown["steps"][0]["probe"] == {"[redacted CODE]": ["[redacted CODE]", "[redacted PIN]", 12, True, None]}
    assert shown["trace"][0]["status"] == 200


def test_the_screen_and_errors_go_through_what_hides_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    hide = redactor_of({"billing": service(TOKEN=CANARY)})

    Console(hide=hide).line(f"answered {CANARY}")
    with pytest.raises(UsageError) as usage, hidden_in_errors(hide):
        raise UsageError(f"Cannot: {CANARY}")
    with pytest.raises(SagapactError) as error, hidden_in_errors(hide):
        raise SagapactError(f"Cannot: {CANARY}")

    assert capsys.readouterr().out == "   answered [redacted TOKEN]\n"
    assert str(usage.value) == str(error.value) == "Cannot: [redacted TOKEN]"
    assert (usage.value.exit_status, error.value.exit_status) == (2, 4)


def test_two_secrets_of_one_name_are_both_hidden_and_short_variables_that_are_handed_on_are_none() -> None:
    handed_on = service().model_copy(update={"inherited": {"LEVEL": "1", "LICENCE": "abc-123", "PATH": "/usr/bin"}})
    hide = redactor_of({"one": service(TOKEN="first-value"), "two": service(TOKEN="other-value"), "three": handed_on})

    assert hide("first-value, other-value, level 1, abc-123, /usr/bin") == (
        "[redacted TOKEN], [redacted two: TOKEN], level 1, [redacted LICENCE], /usr/bin"
    )
