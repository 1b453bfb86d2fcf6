"""Every command of the broker's README works as it stands there, but for ports and PostgreSQL, with the installed wheel."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from installed import installed
from patience import PATIENCE_S
from saga_broker.serve.commands import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "broker" / "README.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
SERVE = "sagapact broker serve"
POSTGRESQL = "postgresql://sagapact@127.0.0.1:5432/sagapact"


@pytest.fixture
def shell(tmp_path: Path, cluster: str) -> Iterator[Any]:
    """Run a command as a shell does; one that serves keeps running, and its real address takes the place of the README's."""
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS readme WITH (FORCE)")
        admin.execute("CREATE DATABASE readme")
    programs = f"{installed().bin}:{os.environ['PATH']}"
    addresses: dict[str, str] = {POSTGRESQL: f"{cluster}/readme"}
    running: list[subprocess.Popen[str]] = []
    shown: list[str] = []

    def run(line: str) -> str:
        for told, real in addresses.items():
            line = line.replace(told, real)
        if SERVE not in line:
            done = subprocess.run(
                ["bash", "-c", line], cwd=tmp_path, env={"PATH": programs}, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            return done.stdout
        (port,) = re.findall(r"--port (\d+)", line)
        with (tmp_path / f"{port}.log").open("w") as log:
            words = ["bash", "-c", "exec env " + line.replace(f"--port {port}", "--port 0")]
            process = subprocess.Popen(words, cwd=tmp_path, env={"PATH": programs}, stdout=subprocess.PIPE, stderr=log, text=True)
        running.append(process)
        assert process.stdout is not None
        told = process.stdout.readline()
        if "the administrator's token" in told:
            shown.append(told.split()[-1])
            told = process.stdout.readline()
        assert told.startswith("broker ready at "), (tmp_path / f"{port}.log").read_text()
        addresses[f"http://127.0.0.1:{port}"] = told.split()[-1]
        return told.split()[-1]

    run.shown = shown  # type: ignore[attr-defined]  # administrators' tokens
    yield run
    for process in running:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def test_the_commands_of_the_readme_work_in_their_order(shell: Any, tmp_path: Path) -> None:
    served: dict[str, str] = {}
    for line in COMMANDS:
        told = shell(line)
        if SERVE in line:
            served[line] = told
            sent = {"Authorization": f"Bearer {shell.shown[-1]}"} if "--tokens" in line else {}
            httpx.put(f"{told}/pacticipants/Foo/versions/1", json={}, headers=sent, trust_env=False).raise_for_status()
        if line.startswith("curl"):
            answer = json.loads(told)
            assert "_links" in answer, line
            assert answer.keys().isdisjoint({"error", "errors"}) or line.endswith("/execute"), line  # it is sent nowhere here
        if "import --from" in line:
            assert "2 pacticipants, 1 versions" in told

    assert len(served) == 5
    (behind,) = [address for line, address in served.items() if "--base-url" in line]
    index = httpx.get(behind, headers={"Accept": "application/hal+json"}, trust_env=False).json()
    assert index["_links"]["self"]["href"] == "https://tools.example/pact-broker"
    assert {"backup.sqlite", "broker.dump", "new.sqlite"} <= {path.name for path in tmp_path.iterdir()}
    assert_holds_foo(shell, tmp_path / "backup.sqlite")


def assert_holds_foo(shell: Any, backup: Path) -> None:
    again = shell(f"{SERVE} --port 1 --database-url sqlite:///{backup}")
    assert httpx.get(f"{again}/pacticipants/Foo/versions/1", trust_env=False).status_code == 200


def test_the_readme_names_each_option_of_the_command() -> None:
    options = {option for parameter in serve.params for option in parameter.opts}
    assert {option for option in options if f"`{option}`" not in TEXT} == set()


def test_every_command_is_one_that_a_shell_can_read() -> None:
    assert all(shlex.split(line) for line in COMMANDS)
    assert len(COMMANDS) >= 6
