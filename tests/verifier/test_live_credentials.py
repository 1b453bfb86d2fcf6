"""Live credentials stand in the place of a contract's stale ones, are renewed, and are shown nowhere."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Done, here
from saga_contracts.rim.redact import HIDDEN
from saga_verifier.access import Credentials, ProgramError, Stage
from saga_verifier.provider_file import Token
from saga_verifier.replay import read_pact
from saga_verifier.replay.pact import wants_credentials, without_headers

GUARDED = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        given = self.headers.get_all("Authorization") or []
        live = given == [os.environ["WANTED"]]
        status = 200 if live or self.path == "/health" else 401
        body = json.dumps({"with": given, "path": self.path}).encode()
        print("asked with", given, flush=True)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
STALE = {"Authorization": "Bearer expired"}


def interaction(name: str, headers: dict[str, str], status: int = 200, **more: object) -> dict[str, object]:
    request = {"method": "GET", "path": f"/{name.replace(' ', '-')}", "headers": headers} | more
    return {"description": name, "request": request, "response": {"status": status}}


@pytest.fixture
def verify(tmp_path: Path) -> Callable[..., Done]:
    """Verify a provider that wants `Bearer live-canary-7`, with these lines in its provider file."""

    def run(lines: str, *interactions: dict[str, object], env: dict[str, str] | None = None) -> Done:
        (tmp_path / "guarded.py").write_text(GUARDED)
        pact = {"consumer": {"name": "web"}, "provider": {"name": "api"}, "interactions": interactions}
        (tmp_path / "pact.json").write_text(json.dumps(pact | {"metadata": {"pactSpecification": {"version": "3.0.0"}}}))
        start = {"command": ["{python}", "guarded.py", "{port}"], "env": {"WANTED": "Bearer live-canary-7"}}
        (tmp_path / "provider.yaml").write_text(f"format: 1\nprovider: api\nstart: {json.dumps(start)}\n{lines}\n")
        return here("verify", tmp_path / "provider.yaml", "--pact", tmp_path / "pact.json", **(env or {}))

    return run


HEADERS = 'headers: {authorization: "Bearer ${LIVE}"}'
PRINT = "import os, sys; print(os.environ['LIVE'])"
COMMAND = f'token: {{command: ["{{python}}", -c, "{PRINT}"], pass_env: [LIVE]}}'


@pytest.mark.parametrize("lines", [HEADERS, COMMAND])
def test_a_live_header_stands_in_the_place_of_the_contracts_whatever_its_letters_are(
    verify: Callable[..., Done], lines: str
) -> None:
    calls = [interaction("stale", STALE), interaction("lower", {"authorization": "Bearer x"}), interaction("none", {})]
    done = verify(lines, *calls, env={"LIVE": "live-canary-7"})

    assert done.status == 0, done.text
    assert "3 of 3 interactions kept" in done.out


def test_without_live_credentials_the_stale_ones_are_sent(verify: Callable[..., Done]) -> None:
    assert verify("", interaction("stale", STALE)).status == 1


def test_a_header_whose_value_a_state_gave_needs_no_state_any_more(verify: Callable[..., Done]) -> None:
    generators = {"header": {"Authorization": {"type": "ProviderState", "expression": "${token}", "dataType": "STRING"}}}
    rules = {"header": {"Authorization": {"combine": "AND", "matchers": [{"match": "type"}]}}}
    call = interaction("from a state", STALE, generators=generators, matchingRules=rules)

    assert verify(HEADERS, call, env={"LIVE": "live-canary-7"}).status == 0


def test_a_call_that_is_to_be_answered_401_keeps_its_own_credentials(verify: Callable[..., Done]) -> None:
    done = verify(HEADERS, interaction("expired", STALE, 401), interaction("nobody", {}, 401), env={"LIVE": "live-canary-7"})

    assert done.status == 0, done.text


@pytest.mark.parametrize("lines", [HEADERS, COMMAND])
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_what_a_provider_says_of_a_live_credential_is_not_shown(
    verify: Callable[..., Done], lines: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    body = interaction("said", STALE)
    body["response"] = {"status": 200, "body": {"with": "another", "path": "/x"}, "headers": {"Content-Type": "application/json"}}
    verify(lines, body, env={"LIVE": "live-canary-7"})
    done = here("verify", tmp_path / "provider.yaml", "--pact", tmp_path / "pact.json", *flags, LIVE="live-canary-7")

    assert done.status == 1
    assert "canary" not in done.text.replace(json.dumps("Bearer live-canary-7"), "")
    assert "[redacted " in done.text or HIDDEN in done.text


def test_a_token_command_that_fails_makes_nothing_known_and_shows_no_secret(verify: Callable[..., Done]) -> None:
    done = verify(COMMAND.replace("print(", "sys.exit("), interaction("stale", STALE), env={"LIVE": "live-canary-7"})

    assert done.status == 4
    assert "No token could be had (`token` in the provider file): " in done.text
    assert "canary" not in done.text


def stage(folder: Path) -> Stage:
    return Stage(folder, {"python": sys.executable})


def token(code: str, **more: object) -> Token:
    return Token.model_validate({"command": ["{python}", "-c", code], **more})


COUNT = """
import pathlib
file = pathlib.Path("n")
n = len(file.read_text()) if file.exists() else 0
file.write_text("x" * (n + 1))
print("t", n, sep="-")
"""


def test_a_token_is_asked_for_once_while_it_lasts_and_anew_after_that(tmp_path: Path) -> None:
    learned: list[str] = []
    lasting = Credentials(token=token(COUNT, format="Token {token}"), stage=stage(tmp_path), learned=learned.append)
    assert [lasting.headers()["Authorization"] for _ in range(2)] == ["Token t-0", "Token t-0"]
    brief = Credentials({"X-Own": "1"}, token(COUNT, header="X-Token", lasts_s=1e-9), stage(tmp_path), learned.append)
    assert [brief.headers() for _ in range(2)] == [{"X-Own": "1", "X-Token": f"Bearer t-{n}"} for n in (1, 2)]
    assert learned == ["t-0", "t-1", "t-2"]


@pytest.mark.parametrize(
    ("code", "more", "told"),
    [
        ("print()", {}, "the command printed nothing. Let it print the token only."),
        ("print('a' * 30_000)", {}, "printed 30000 characters that cannot stand in a header"),
        ("print('a'); print('b')", {}, "printed 3 characters that cannot stand in a header"),
        ("print('a' * 2_000_000)", {}, "printed more than 1000000 bytes"),
        ("import time; print('x', flush=True); time.sleep(600)", {"timeout_s": 0.5}, "did not end within 0.5 s"),
        ("import sys; sys.exit('no such user')", {}, "ended with exit status 1: no such user. Mend what it tells."),
    ],
)
def test_a_command_that_gives_no_token_is_told_with_the_reason(
    tmp_path: Path, code: str, more: dict[str, object], told: str
) -> None:
    with pytest.raises(ProgramError) as caught:
        Credentials(token=token(code, **more), stage=stage(tmp_path)).headers()
    assert told in str(caught.value)


def test_a_command_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"nowhere cannot be run: No such file or directory. Mend the command."):
        Credentials(token=Token(command=("nowhere",)), stage=stage(tmp_path)).headers()


def test_evidence_shows_that_a_live_header_was_sent_and_not_what_it_was() -> None:
    live = Credentials({"Authorization": "Bearer x"})
    declared = (("Key", "k"), ("authorization", "Bearer {old}"))
    assert live.sent(declared) == (("Key", "k"), ("Authorization", "Bearer x"))
    assert live.shown(declared) == (("Key", "k"), ("authorization", HIDDEN))


def test_rules_and_generators_of_a_replaced_header_go_with_it() -> None:
    request = {
        "method": "GET",
        "path": "/",
        "headers": {"Authorization": ["x"], "Accept": ["y"]},
        "matchingRules": {"$.headers.Authorization": {"match": "type"}, "$.path": {"match": "regex"}},
    }
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "api"},
        "interactions": [{"description": "a", "request": request, "response": {"status": 200}}],
    }
    (one,) = read_pact(document, "api")
    changed = without_headers(one, {"authorization"}).document["interactions"][0]["request"]
    assert changed == request | {"headers": {"Accept": ["y"]}, "matchingRules": {"$.path": {"match": "regex"}}}
    assert wants_credentials(one)
