"""Clients at a broker that asks for tokens: each of our own commands, the `pact` command, pact-python and pact-js."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plain_provider import __file__ as program

pytestmark = pytest.mark.slow

MakeToken = Callable[..., str]
BIN = Path(sys.executable).parent
WITHOUT = "This broker asks for a token"


@pytest.fixture
def sagapact(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one of our own commands."""

    def ran(*words: str, status: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        known = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PACT_DO_NOT_TRACK": "true", **env}
        command = [str(BIN / "sagapact"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path, env=known)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    return ran


@pytest.fixture
def pact(tmp_path: Path, make_pact: Callable[..., dict[str, Any]]) -> Path:
    """The pact of Reader with the plain provider, in a folder of its own."""
    folder = tmp_path / "pacts"
    folder.mkdir()
    document = make_pact("Reader", "plain", "alive")
    document["interactions"][0]["request"]["path"] = "/health"
    (folder / "one.json").write_text(json.dumps(document))
    return folder


def test_our_own_commands_show_a_token_however_it_is_given(
    guarded: Any, make_token: MakeToken, sagapact: Any, pact: Path, tmp_path: Path
) -> None:
    publisher, verifier = make_token("publish", pacticipants=["Reader"]), make_token("verify", pacticipants=["plain"])
    deployer = make_token("deploy")
    start = json.dumps({"command": ["{python}", str(program), "{port}"]})
    (tmp_path / "provider.yaml").write_text(f"format: 1\nprovider: plain\nstart: {start}\n")
    to = ("--broker-url", guarded.url)
    publishing = ("publish", "--pacts", str(pact), "--version", "1", "--branch", "main", *to)
    verifying = ("verify", "provider.yaml", "--provider-version", "7", "--branch", "main", *to)
    deploying = ("record-deployment", "plain", "--version", "7", "--environment", "test", *to)
    as_user = {"SAGAPACT_BROKER_USERNAME": "ci", "SAGAPACT_BROKER_PASSWORD": deployer}

    nothing = sagapact(*publishing, status=4)
    wrong = sagapact(*publishing, status=4, SAGAPACT_BROKER_TOKEN=verifier)
    sagapact(*publishing, SAGAPACT_BROKER_TOKEN=publisher)
    sagapact(*verifying, "--broker-token", verifier)
    sagapact(*deploying, **as_user)
    address = guarded.url.replace("//", f"//anybody:{publisher}@")
    sagapact("can-i-deploy", "-a", "Reader", "-e", "1", "--to-environment", "test", "--broker-url", address)

    assert "SAGAPACT_BROKER_TOKEN" in nothing.stderr
    assert "allows to read and verify; this needs publish" in wrong.stderr
    assert not any(token in done.stdout + done.stderr for done in (nothing, wrong) for token in (publisher, verifier))


def test_the_variables_of_other_pact_clients_count_where_they_name_no_other_broker(
    guarded: Any, make_token: MakeToken, sagapact: Any, pact: Path
) -> None:
    publisher = make_token("publish")
    publishing = ("publish", "--pacts", str(pact), "--version", "1", "--branch", "main", "--broker-url", guarded.url)
    sagapact(*publishing, SAGAPACT_TOKEN=publisher)
    sagapact(*publishing, PACT_BROKER_TOKEN=publisher)
    sagapact(*publishing, PACT_BROKER_USERNAME="ci", PACT_BROKER_PASSWORD=publisher, PACT_BROKER_BASE_URL=f"{guarded.url}/")
    sagapact(*publishing, status=4, PACT_BROKER_TOKEN=publisher, PACT_BROKER_BASE_URL="https://other.example")


@pytest.mark.parametrize("way", ["bearer", "basic"])
def test_the_pact_command_and_pact_python_work_unchanged(
    guarded: Any, make_token: MakeToken, pact_broker: Any, pact: Path, pact_python: Any, provider: Any, way: str
) -> None:
    def shown(*rights: str, **options: Any) -> tuple[str, ...]:
        text = make_token(*rights, **options)
        return ("-k", text) if way == "bearer" else ("-u", "ci", "-p", text)

    to = ("-b", guarded.url)
    verifier = make_token("verify", name="verifier", pacticipants=["plain"])
    credentials = {"token": verifier} if way == "bearer" else {"username": "ci", "password": verifier}
    deployer = shown("deploy")
    refused = pact_broker("publish", str(pact), "-a", "1", *to, status=1)
    pact_broker("publish", str(pact), "-a", "1", "--branch", "main", *to, *shown("publish", pacticipants=["Reader"]))
    verified = pact_python(
        {
            "provider": "plain",
            "provider_url": f"{provider.url}/{way}",
            "broker_url": guarded.url,
            "selectors": [{"main_branch": True}],
            "credentials": credentials,
            "publish": {"version": "7", "branch": "main"},
        }
    )
    pact_broker("record-deployment", "-a", "plain", "-e", "7", "--environment", "test", *to, *deployer)
    asked = pact_broker("can-i-deploy", "-a", "Reader", "-e", "1", "--to-environment", "test", *to, *shown("read"))

    assert "401" in refused.text
    assert verified["passed"], verified["output"]
    assert "Computer says yes" in asked.text
    pact_broker("create-environment", "--name", "uat", *to, *deployer, status=1)
    pact_broker("create-environment", "--name", "uat", *to, *shown("administer"))
