"""Level 4 in containers: kills, overlaps, instances, receivers and a change of version, as with processes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Sagapact
from repetitions import NIGHTLY
from written_pacts import pact_of

pytestmark = [
    *(pytest.mark.containers, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("landscape in containers")),
    pytest.mark.skipif(not NIGHTLY, reason="it takes three minutes: make nightly"),
]
ROOT = Path(__file__).resolve().parents[3]
VAS = (ROOT / "contracts/sagas/vas_purchase/saga.yaml").read_text(encoding="utf-8")
DISTURBED = {
    "billing": ("crash", "race", "instances", "two sagas"),
    "vas_packages": ("crash", "race", "instances", "two sagas", "receiver"),
}


@pytest.mark.parametrize("name", DISTURBED)
def test_a_participant_is_put_through_every_disturbance_and_a_change_of_version(
    name: str, tmp_path: Path, image_of: Callable[[str], str]
) -> None:
    pact = pact_of(VAS.replace("\nowner: ", "\nlevel: 4\nowner: ", 1), name, tmp_path / "pacts")
    landscape, _ = image_of("landscape"), image_of("postgres")
    words = ("--isolation", "container", "--upgrade-from", landscape, "--pact", pact, "--no-publish", "--no-reuse")

    done = Sagapact(tmp_path, 580)("verify", ROOT / "e2e/participants" / name / "provider.yaml", *words)

    assert done.status == 0, done.out
    told = " ".join(done.out.split())
    assert [kind for kind in DISTURBED[name] if f"trials of {kind}" not in told and f"trial of {kind}" not in told] == []
    assert f"mixed with {landscape}, k = 1" in told
