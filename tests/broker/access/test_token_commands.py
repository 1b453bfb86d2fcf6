"""`sagapact broker token create|list|revoke`, and a broker's first start with tokens."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from saga_broker.access.tokens import START, digest_of
from saga_broker.serve.commands import broker

Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str) -> Command:
    def run(*words: str, status: int = 0) -> Result:
        done = CliRunner().invoke(broker, ["token", *words, "--database-url", database_url])
        seen = getattr(done.exception, "exit_status", done.exit_code)
        assert seen == status, f"{done.output}{done.exception!r}"
        return done

    return run


def test_a_token_is_printed_once_and_kept_as_its_hash(command: Command, tmp_path: Path) -> None:
    done = command("create", "ci", "--right", "publish", "--right", "verify", "--pacticipant", "Foo", "--days", "30")
    text = done.stdout.strip()
    assert text.startswith(START)
    assert len(text) == len(START) + 43
    assert "allows to read, publish and verify; it cannot be shown again" in done.stderr

    stored = sqlite3.connect(tmp_path / "broker.sqlite").execute("SELECT prefix, digest FROM tokens").fetchall()
    assert stored == [(text[:10], digest_of(text))]
    (row,) = json.loads(command("list", "--json").stdout)
    assert (row["name"], row["rights"], row["pacticipants"], row["state"]) == (
        "ci",
        ["read", "publish", "verify"],
        ["Foo"],
        "live",
    )
    table = command("list").stdout
    assert text not in table
    assert "ci    sgp_" in table
    assert "read,publish,verify" in table


def test_a_token_is_taken_back_by_name_or_by_its_start(command: Command) -> None:
    first = command("create", "one", "--right", "read").stdout
    command("create", "two", "--right", "read")
    assert f"taken back: one ({first[:10]}…)" in command("revoke", first[:10]).stdout
    command("revoke", "two")
    assert [row["state"] for row in json.loads(command("list", "--json").stdout)] == ["taken back", "taken back"]
    command("revoke", "two", status=2)


def test_two_live_tokens_do_not_share_a_name(command: Command) -> None:
    command("create", "ci", "--right", "read")
    command("create", "ci", "--right", "read", status=2)
    command("revoke", "ci")
    command("create", "ci", "--right", "read")


def test_a_token_without_a_right_is_wrong_usage(command: Command) -> None:
    command("create", "ci", status=2)
    command("create", "ci", "--right", "everything", status=2)
