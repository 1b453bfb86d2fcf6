"""This broker against recordings of the original, and against the contracts of two real clients.

Where it answers otherwise on purpose, the reason stands in `DEVIATIONS`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from saga_broker.settings import WebhookSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Deviation:
    """Differences that are wanted.

    Attributes:
        reason: Why this broker does otherwise.
        steps: The recorded steps, as `SCENARIO STEP`, a regular expression; it must match the whole.
        request: The request, a regular expression that is found in it.
        category: The compared categories, a regular expression that must match the whole.
    """

    reason: str
    steps: str = ".*"
    request: str = ""
    category: str = ".*"

    def covers(self, scenario: str, step: str, request: str, category: str) -> bool:
        place = re.fullmatch(self.steps, f"{scenario} {step}")
        return bool(place and re.search(self.request, request) and re.fullmatch(self.category, category))


DEVIATIONS = (
    Deviation(
        "a wrong yes: several versions match one selector, and the original then looks at no row at all",
        r"061-matrix-errors q22",
    ),
    Deviation(
        "a wrong yes: a provider version that is live in the environment has no result, which is unknown",
        r"062-cid-environment-verdicts q2[12]",
    ),
    Deviation(
        "a wrong yes: the original counts a consumer version as verified although one of its pacts has no result",
        r"007-pre-verified-content q[48]",
        r"^GET /verification-results/",
    ),
    Deviation(
        "the original applies the limit to the newest publications of the whole broker, so that unrelated ones push rows out",
        r"009-random q8",
    ),
    Deviation(
        "the original stores merged content under the sha of the added part",
        r"008-revisions (o5|q5)|010-patch-merge (o[23]|q[123])",
        category="links|lists",
    ),
    Deviation("the original writes this one link without the broker's address", request=r"^GET /integrations", category="links"),
    Deviation("the original misspells the address", request=r"^POST /pacticipants$", category="headers"),
    Deviation(
        "the original gives an empty list although there is a pact",
        r"019-latest-pact-forms q1[56]",
    ),
    Deviation(
        "the original forgets all but the name of the language in which a result was found",
        r"025-verification-resource (o10|q1|q6)",
        category="keys|values",
    ),
    Deviation(
        "the original's links have lost the pacticipant's name",
        r"082-versions q10|074-random q40",
        category="keys|links",
    ),
)


def test_the_broker_answers_as_the_recorded_original(broker: Any, recordings: Path, tmp_path: Path) -> None:
    golden = recordings / "golden"
    report = tmp_path / "report.json"
    words = [str(golden / "golden.py"), "replay", "--broker-url", broker.url, "--corpus", str(golden / "corpus")]
    done = subprocess.run([sys.executable, *words, "--out", str(report)], capture_output=True, text=True, check=False)
    assert report.exists(), done.stderr
    result = json.loads(report.read_text())

    unexpected = [one for one in result["differences"] if not is_wanted(one)]

    assert result["scenarios"] > 0
    assert unexpected == [], json.dumps(unexpected[:5], indent=1)
    outdated = [one.reason for one in DEVIATIONS if not any(is_wanted(found, (one,)) for found in result["differences"])]
    assert outdated == [], "these deviations no longer happen"


def test_the_clients_contracts_hold(serve: Any, recordings: Path, tmp_path: Path) -> None:
    broker = serve(webhooks=WebhookSettings(schemes=("https", "http"), private_networks=True))
    pacts = tmp_path / "pacts"
    pacts.mkdir()
    for path in recordings.glob("pact*.json"):
        shutil.copy(path, pacts)
    results = tmp_path / "results.json"
    words = [str(recordings / "run.py"), "--broker-url", broker.url, "--pacts", str(pacts), "--out", str(results), "--wipe"]
    bin_path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": bin_path, "PACT_DO_NOT_TRACK": "true"}
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=env)
    assert results.exists(), done.stdout + done.stderr
    original = json.loads((recordings / "original.json").read_text())

    regressions = {
        f"{stem} #{row['index']} {row['description']}: {row['mismatch']}"
        for stem, file in json.loads(results.read_text())["files"].items()
        for row, before in zip(file["interactions"], original["files"][stem]["interactions"], strict=True)
        if before["passed"] and not row["passed"]
    }

    assert regressions == set()


def is_wanted(difference: dict[str, Any], deviations: tuple[Deviation, ...] = DEVIATIONS) -> bool:
    place = (difference["scenario"], difference["step"], difference["request"], difference["category"])
    return any(deviation.covers(*place) for deviation in deviations)
