"""pact-js makes a pact, and verifies a provider with the broker's pacts.

The package is installed once, with the versions and hashes of `js/package-lock.json`, into `build/`, which is kept between runs.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).parent / "js"
BUILD = Path(__file__).parents[3] / "build"
MISSING = "pact-js was not run against the broker: {}"
WITHOUT_NODE = "Node.js with npm was not found; install it (Debian: apt-get install nodejs npm)."
INSTALL = (
    "npm",
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--prefer-offline",
    "--fetch-retries=1",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a script did.

    Attributes:
        passed: It ended with exit status 0.
        output: What it wrote.
    """

    passed: bool
    output: str

    @property
    def states(self) -> Any:
        return json.loads(self.output.strip().splitlines()[-1])["states"]


def leave_out(reason: str) -> None:
    """Say aloud that these tests are left out; on a CI server that is an error."""
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING.format(reason))
    pytest.skip(MISSING.format(reason))


@pytest.fixture(scope="session")
def pact_js() -> Path:
    """The folder in which pact-js and the scripts are installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        leave_out(WITHOUT_NODE)
    parts = sorted(path.read_bytes() for path in SOURCES.iterdir())
    folder = BUILD / f"pact-js-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}"
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "pact-js.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be at it
        if not folder.is_dir():
            install(folder)
    return folder


def install(folder: Path) -> None:
    """Install into a folder beside, which gets its name when it is complete; older ones are removed."""
    for old in BUILD.glob("pact-js-*"):
        shutil.rmtree(old)
    being_made = folder.with_name(f"{folder.name}.part")
    shutil.copytree(SOURCES, being_made)
    done = subprocess.run(INSTALL, capture_output=True, text=True, check=False, cwd=being_made, timeout=240)
    if done.returncode != 0:
        leave_out(f"npm could not install it.\n{done.stdout}{done.stderr}")
    being_made.rename(folder)


@pytest.fixture
def node(pact_js: Path, tmp_path: Path) -> Callable[..., Ran]:
    """Run a script with Node.js."""

    def ran(script: str, *words: str) -> Ran:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PACT_DO_NOT_TRACK": "true"}
        command = ["node", str(pact_js / script), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env, timeout=60)
        return Ran(done.returncode == 0, done.stdout + done.stderr)

    return ran


@pytest.fixture
def consume(node: Callable[..., Ran], pact_broker: Any, tmp_path: Path) -> Callable[..., None]:
    """Run the consumer's test, which asks for one path, and publish its pact."""

    def published(version: str, path: str, branch: str) -> None:
        folder = tmp_path / f"pacts-{version}"
        ran = node("consumer.mjs", str(folder), path)
        assert ran.passed, ran.output
        pact_broker("publish", str(folder), "-a", version, "--branch", branch)

    return published


@pytest.fixture
def verify(node: Callable[..., Ran], broker: Any, provider: Any) -> Callable[..., Ran]:
    """Verify the provider as version and branch say, and publish the result."""
    provider.body = {"title": "Persuasion"}

    def verified(version: str, **options: Any) -> Ran:
        known = {
            "provider": "Shelf",
            "providerBaseUrl": f"{provider.url}/{version}",
            "pactBrokerUrl": broker.url,
            "providerVersion": version,
            "providerVersionBranch": "main",
            "publishVerificationResult": True,
            "consumerVersionSelectors": [{"mainBranch": True}],
        }
        return node("verify.mjs", json.dumps({**known, **options}))

    return verified


def test_pact_js_makes_a_pact_and_verifies_it_and_the_gate_opens(
    broker: Any, pact_broker: Any, provider: Any, consume: Callable[..., None], verify: Callable[..., Ran]
) -> None:
    consume("1", "book", "main")
    asked = ("can-i-deploy", "-a", "Reader", "-e", "1", "--to-environment", "test")
    pact_broker("create-or-update-version", "-a", "Shelf", "-e", "7", "--branch", "main")
    pact_broker("record-deployment", "-a", "Shelf", "-e", "7", "--environment", "test")
    before = pact_broker(*asked, status=1)

    ran = verify("7", buildUrl="https://ci.example/7")

    assert ran.passed, ran.output
    assert ran.states == [{"title": "Emma"}]
    assert provider.received("7") == ["book"]
    stored = broker.get("/pacts/provider/Shelf/consumer/Reader/version/1/verification-results/latest")
    assert [stored[field] for field in ("success", "providerApplicationVersion", "buildUrl")] == [
        True,
        "7",
        "https://ci.example/7",
    ]
    pact = broker.get("/pacts/provider/Shelf/consumer/Reader/version/1")
    assert [(one["interactionId"], one["success"]) for one in stored["testResults"]] == [(pact["interactions"][0]["_id"], True)]
    of_interactions = broker.get(f"{stored['_links']['self']['href']}/interaction-results")
    assert of_interactions["summary"] == {"success": 1, "failed": 0, "unknown": 0}
    assert "There is no verified pact between version 1 of Reader and the version of Shelf currently in test" in before.text
    assert "Computer says yes" in pact_broker(*asked).text


def test_pact_js_is_failed_by_a_broken_pact_and_not_by_a_pending_one(
    broker: Any, provider: Any, consume: Callable[..., None], verify: Callable[..., Ran]
) -> None:
    consume("1", "book", "main")
    consume("2", "shelf", "feat/x")
    both = [{"mainBranch": True}, {"branch": "feat/x"}]
    assert verify("7").passed
    provider.broken.add("shelf")

    pending = verify("8", consumerVersionSelectors=both, enablePending=True)
    strict = verify("9", consumerVersionSelectors=both)
    provider.broken.add("book")
    broken = verify("10", consumerVersionSelectors=both, enablePending=True)

    assert [ran.passed for ran in (pending, strict, broken)] == [True, False, False]
    assert provider.received("8") == ["book", "shelf"]
    stored = broker.get("/pacts/provider/Shelf/consumer/Reader/version/2/verification-results/latest")
    assert (stored["success"], stored["providerApplicationVersion"]) == (False, "10")
    assert [one["success"] for one in stored["testResults"]] == [False]


@pytest.mark.parametrize("way", ["bearer", "basic"])
def test_pact_js_verifies_at_a_broker_that_asks_for_tokens(
    guarded: Any, make_token: Callable[..., str], provider: Any, verify: Callable[..., Ran], make_pact: Any, way: str
) -> None:
    document = make_pact("Reader", "Shelf", "a book")
    guarded.http.headers["Authorization"] = f"Bearer {make_token('publish')}"
    guarded.publish("Reader", "1", ("Shelf", document), branch="main")
    token = make_token("verify", pacticipants=["Shelf"])
    shown = {"pactBrokerToken": token} if way == "bearer" else {"pactBrokerUsername": "ci", "pactBrokerPassword": token}

    ran = verify("7", pactBrokerUrl=guarded.url, **shown)

    assert ran.passed, ran.output
    stored = guarded.get("/pacts/provider/Shelf/consumer/Reader/version/1/verification-results/latest")
    assert stored["providerApplicationVersion"] == "7"
    assert not verify("8", pactBrokerUrl=guarded.url).passed
