"""pact-jvm, by its Maven plugin, publishes a pact and verifies a provider, at a broker that asks for tokens.

Maven keeps what it fetches in its own repository; a first run fetches about 60 MB.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

POM = Path(__file__).parent / "jvm" / "pom.xml"
PLUGIN = "au.com.dius.pact.provider:maven"
FETCHING_S = 600
MISSING = "pact-jvm was not run against the broker: {}"
WITHOUT_JAVA = "{} was not found; install it (Debian: apt-get install maven)."
_UNREACHABLE = ("could not be resolved", "Could not transfer artifact", "Unknown host")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Maven = Callable[..., str]


def leave_out(reason: str) -> None:
    """Say aloud that these tests are left out; on a CI server that is an error."""
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING.format(reason))
    pytest.skip(MISSING.format(reason))


@pytest.fixture
def maven(guarded: Any, tmp_path: Path) -> Maven:
    """Run a goal of the plugin; it must succeed unless the caller says otherwise. Gives what it wrote."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            leave_out(WITHOUT_JAVA.format(program))

    def ran(goal: str, *, succeeds: bool = True, **values: str) -> str:
        known = {"broker": guarded.url, "port": "0", "number": "1", **values}
        words = ["mvn", "--batch-mode", "--no-transfer-progress", "-f", str(POM), f"{PLUGIN}:{goal}"]
        env = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME") if name in os.environ}
        done = subprocess.run(
            [
                *words,
                "-Dpact_do_not_track=true",
                "-Dpact.provider.branch=main",
                *(f"-D{name}={value}" for name, value in known.items()),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**env, "pact_do_not_track": "true"},
            timeout=FETCHING_S,
        )
        text = done.stdout + done.stderr
        if done.returncode != 0 and any(word in text for word in _UNREACHABLE):
            leave_out(f"Maven could not fetch it.\n{text[-2000:]}")
        assert (done.returncode == 0) == succeeds, text
        return text

    return ran


@pytest.fixture
def written(tmp_path: Path, make_pact: Callable[..., dict[str, Any]]) -> str:
    """A folder with the pact of Reader with Shelf."""
    folder = tmp_path / "pacts"
    folder.mkdir()
    document = make_pact("Reader", "Shelf", "a book")
    document["interactions"][0]["request"]["path"] = "/book"
    (folder / "Reader-Shelf.json").write_text(json.dumps(document))
    return str(folder)


def test_pact_jvm_publishes_and_verifies_with_tokens(
    guarded: Any, maven: Maven, make_token: Callable[..., str], provider: Any, written: str
) -> None:
    publisher = make_token("publish", name="reader's", pacticipants=["Reader"])
    verifier = make_token("verify", name="shelf's", pacticipants=["Shelf"])
    port = provider.url.rpartition(":")[2]

    maven("publish", pacts=written, bearer=publisher)
    verified = maven("verify", port=port, number="7", user="ci", password=verifier)
    asking = {"pacticipant": "Shelf", "pacticipantVersion": "7", "latest": "true"}
    deployable = maven("can-i-deploy", user="ci", password=make_token("read"), **asking)
    provider.broken.add("book")
    broken = maven("verify", port=port, number="8", bearer=verifier, succeeds=False)
    refused = maven("publish", pacts=written, number="2", bearer=verifier, succeeds=False)

    assert "has status code 200 (OK)" in verified
    assert "expected status of 200 but was 500" in broken
    assert "403" in refused
    assert provider.received("jvm") == ["book", "book"]
    guarded.http.headers["Authorization"] = f"Bearer {verifier}"
    result = guarded.get("/pacts/provider/Shelf/consumer/Reader/version/1/verification-results/latest")
    assert (result["success"], result["providerApplicationVersion"]) == (False, "8")
    assert result["verifiedBy"]["implementation"] == "Pact-JVM"
    version = guarded.get("/pacticipants/Shelf/versions/7")
    assert [one["name"] for one in version["_embedded"]["branchVersions"]] == ["main"]
    assert "Computer says yes" in deployable
    guarded.get("/pacticipants/Reader/versions/2", 404)
