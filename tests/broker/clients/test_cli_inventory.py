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


def test_every_subcommand_is_driven(tmp_path: Path, run_pact: Any) -> None:
    commands = run_pact(tmp_path, "broker", "--help").out.partition("Commands:")[2].partition("Options:")[0]
    offered = set(LISTED.findall(commands))
    tests = [path.read_text() for path in Path(__file__).parent.glob("test_cli_*.py")]
    driven = {name for text in tests for name in DRIVEN.findall(text)}

    assert len(offered) > 20
    assert offered - driven - set(NOT_OF_A_BROKER) == set()
