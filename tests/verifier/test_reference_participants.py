"""The reference participants reach level 4 with what stands in their provider files, under every trial, as processes."""

import re
from pathlib import Path

import pytest

from command_line import ROOT, here
from repetitions import NIGHTLY
from saga_contracts.sagafile import parse_saga
from saga_verifier.provider_file import load_provider_file
from written_pacts import pact_of

SAGA = ROOT / "contracts/sagas/vas_purchase/saga.yaml"
AT_LEVEL_4 = SAGA.read_text(encoding="utf-8").replace("\nformat: 1\n", "\nformat: 1\nlevel: 4\n", 1)
PARTICIPANTS = tuple(dict.fromkeys(one.participant for one in parse_saga(AT_LEVEL_4, "saga.yaml").steps))
QUICK = "notifications"
"""It has four histories; the others take half a minute or more each."""


def file_of(participant: str) -> Path:
    return ROOT / "e2e/participants" / participant / "provider.yaml"


@pytest.mark.parametrize("participant", PARTICIPANTS)
def test_its_provider_file_says_what_level_4_asks_for_in_both_isolations(participant: str) -> None:
    provider = load_provider_file(file_of(participant), {"PATH": "/bin"})

    assert provider.depends == ()
    assert provider.database is not None
    assert provider.database.url == provider.start.env["DATABASE_URL"]
    assert provider.container is not None
    assert provider.database.container_url == provider.container.env["DATABASE_URL"] == "{database_url}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "participant",
    [
        pytest.param(one, marks=pytest.mark.skipif(one != QUICK and not NIGHTLY, reason="it takes half a minute: make nightly"))
        for one in PARTICIPANTS
    ],
)
def test_it_is_kept_at_level_4(participant: str, tmp_path: Path) -> None:
    done = here("verify", file_of(participant), "--pact", pact_of(AT_LEVEL_4, participant, tmp_path), "--no-publish")

    assert done.status == 0, done.text
    assert f"{participant}: kept" in done.out
    assert not set(re.findall("unproven|broken", done.out))
    played = set(re.findall(r"trials? of (crash|race|instances|inside)", " ".join(done.out.split())))
    assert played == {"crash", "race", "instances", "inside"}
