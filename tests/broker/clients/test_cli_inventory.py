"""Every subcommand of the real `pact broker` is driven by a test, or listed here with the reason why not."""

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

NOT_OF_A_BROKER = {
    "ruby": "installs another broker",
    "docker": "starts another broker",
    "help": "the command's own help",
}
LISTED = re.compile(r"^  ([a-z][a-z-]+) ", re.MULTILINE)
DRIVEN = re.compile(r'(?:pact_broker\(\s*|= \(\s*|[([,]\s*\(?)"([a-z][a-z-]+)"')
WEBHOOK = "https://hooks.example/1"
UUID = "00000000-0000-4000-8000-000000000000"


def test_every_subcommand_is_driven(tmp_path: Path, run_pact: Any) -> None:
    commands = run_pact(tmp_path, "broker", "--help").out.partition("Commands:")[2].partition("Options:")[0]
    offered = set(LISTED.findall(commands))
    tests = [path.read_text() for path in Path(__file__).parent.glob("test_cli_*.py")]
    driven = {name for text in tests for name in DRIVEN.findall(text)}

    assert len(offered) > 20
    assert offered - driven - set(NOT_OF_A_BROKER) == set()


@pytest.mark.parametrize(
    "words",
    [
        ("create-webhook", WEBHOOK, "-X", "POST", "--contract-published"),
        ("create-or-update-webhook", WEBHOOK, "-X", "POST", "--uuid", UUID, "--contract-published"),
        ("test-webhook", "--uuid", UUID),
    ],
)
def test_a_broker_without_webhooks_says_so(broker: Any, pact_broker: Any, words: tuple[str, ...]) -> None:
    assert "pb:webhooks" not in broker.get("/")["_links"]
    assert "Could not find relation 'pb:webhook" in pact_broker(*words, status=1).text


def test_a_webhook_that_cannot_be_there_is_not_found_for_deletion(pact_broker: Any) -> None:
    assert f"Webhook with UUID {UUID} was not found" in pact_broker("delete-webhook", "--uuid", UUID).text
