"""The `pact verifier` command (Rust) takes its pacts from the broker and publishes its results there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.slow

MAIN = ("--consumer-version-selectors", json.dumps({"mainBranch": True}))
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
Verify = Callable[..., Any]


@pytest.fixture
def verify(broker: Any, provider: Any, run_pact: Callable[..., Any], tmp_path: Path) -> Verify:
    """Run the command; the version that is published also names the run."""

    def verified(version: str, *words: str) -> Any:
        to = ("-n", "Shelf", "-h", "127.0.0.1", "-p", str(urlsplit(provider.url).port), "--base-path", f"/{version}")
        publish = ("--publish", "--provider-version", version, "--provider-branch", "main")
        return run_pact(tmp_path, "verifier", "-b", broker.url, *to, *publish, "--no-colour", *words)

    return verified


def results(broker: Any, number: str) -> dict[str, bool]:
    stored = broker.get(f"/pacts/provider/Shelf/consumer/Alpha/version/{number}/verification-results/latest")
    found = broker.get(f"{stored['_links']['self']['href']}/interaction-results")["interactionResults"]
    return {one["interactionDescription"]: one["success"] for one in found}


def test_the_command_verifies_and_publishes(broker: Any, provider: Any, publish_paths: Any, verify: Verify) -> None:
    publish_paths("Alpha", "1", "good", "bad", branch="main")
    publish_paths("Beta", "1", "other", branch="main")

    kept = verify("7", *MAIN, "--build-url", "https://ci.example/7", "--provider-tags", "dev", "-c", "Alpha")
    provider.broken.add("bad")
    broken = verify("8", *MAIN)

    assert (kept.status, broken.status) == (0, 1), kept.text + broken.text
    assert (provider.received("7"), provider.received("8")) == (["bad", "good"], ["bad", "good", "other"])
    assert results(broker, "1") == {"good": True, "bad": False}
    version = broker.get("/pacticipants/Shelf/versions/7")["_embedded"]
    assert [one["name"] for one in version["branchVersions"]] == ["main"]
    assert [one["name"] for one in version["tags"]] == ["dev"]


def test_the_command_shows_what_is_pending_and_in_progress(
    broker: Any, provider: Any, publish_paths: Any, verify: Verify
) -> None:
    publish_paths("Alpha", "1", "settled", branch="main")
    verify("7", *MAIN)
    publish_paths("Alpha", "2", "wip", branch="feat/x")
    provider.broken.add("wip")

    told = verify("8", *MAIN, "--enable-pending", "--include-wip-pacts-since", YESTERDAY)

    assert told.status == 0, told.text
    assert provider.received("8") == ["settled", "wip"]
    assert "it is a 'work in progress' pact" in told.text
    assert "This pact has previously been successfully verified by a version of Shelf from branch 'main'" in told.text
    assert results(broker, "2") == {"wip": False}


def test_a_provider_that_the_broker_does_not_know_is_told(verify: Verify) -> None:
    told = verify("7", *MAIN)
    assert told.status == 1
    assert "Shelf" in told.text
