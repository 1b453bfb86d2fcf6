"""A second saga is added by adding a folder: contract tests, publishing, verification and gates, by the command line alone."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from command_line import Sagapact
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec
from small_participant import SAGA
from small_participant import __file__ as program

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_left")]

TESTS = """
from pathlib import Path
from saga_contracts.testing import library_contracts
test_contracts = library_contracts(Path(__file__).with_name("saga.yaml"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of an owner's own: a saga of two steps at one participant, and its contract tests."""
    saga = yaml.safe_load(SAGA)
    take = saga["steps"][0]
    saga["steps"] = [take, {**take, "step": "take_more", "after": ["take"]}]
    (tmp_path / "saga.yaml").write_text(json.dumps(saga, indent=1), encoding="utf-8")
    (tmp_path / "test_contracts.py").write_text(TESTS, encoding="utf-8")
    for name, wrong in (("good", []), ("bad", ["404", "on", "null"])):
        command = json.dumps(["{python}", str(program), "{port}", *wrong])
        text = f"format: 1\nprovider: stock\nstart: {{command: {command}}}\nstates: {{path: /_states}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def broker() -> Iterator[str]:
    database = "sqlite:///{workdir}/broker.sqlite"
    command = ("{python}", "-m", "saga_contracts", "broker", "serve", "--port", "{port}", "--database-url", database)
    with ProcessIsolation().start(Spec("broker", command, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        yield running.base_url


def test_from_a_folder_to_both_gates(folder: Path, broker: str, sagapact: Sagapact) -> None:
    at = ("--broker-url", broker)
    contracts = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        "--pacts",
        "pacts",
        ".",
    ]
    assert subprocess.run(contracts, cwd=folder, check=False, capture_output=True).returncode == 0

    published = sagapact("publish", "--pacts", folder / "pacts", "--saga", "saga.yaml", "--version", "7", "--branch", "main", *at)
    assert published.status == 0, published.text
    kept = sagapact("verify", "good.yaml", "--provider-version", "1", "--branch", "main", *at)
    assert kept.status == 0, kept.text
    for name, version in (("shop", "7"), ("stock", "1")):
        assert sagapact("record-deployment", name, "--version", version, "--environment", "production", *at).status == 0
    yes = sagapact("can-run", "small", "--environment", "production", *at)
    assert yes.status == 0, yes.text

    broken = sagapact("verify", "bad.yaml", "--provider-version", "2", "--branch", "main", *at)
    assert broken.status == 1, broken.text
    assert "O8 null compensation" in broken.out
    no = sagapact("can-run", "small", "--environment", "production", "--with", "stock:2", *at)
    assert no.status == 1, no.text
    for word in ("small", "take_more", "O8", "stock", "2"):
        assert word in no.text
    still = sagapact("can-run", "small", "--environment", "production", *at)
    assert still.status == 0, still.text
